//! What Wireshark is given: the dissector and the profile.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The dissector and the fields, in Lua.
pub const PLUGIN: &str = include_str!("../../../contrib/wireshark/threadtap.lua");
/// Its name.
pub const PLUGIN_NAME: &str = "threadtap.lua";
/// The columns.
const PREFERENCES: &str = include_str!("../../../contrib/wireshark/profile/preferences");
/// The colouring rules.
const COLOURS: &str = include_str!("../../../contrib/wireshark/profile/colorfilters");

/// The folders of a person in which Wireshark looks.
#[derive(Debug)]
pub struct Personal {
    plugins: PathBuf,
    profile: PathBuf,
}

impl Personal {
    /// Where they are: of the person whose home and configuration folder these are.
    ///
    /// # Errors
    /// When nothing tells where the home is.
    pub fn find(home: Option<PathBuf>, config: Option<PathBuf>) -> anyhow::Result<Self> {
        let home = home
            .filter(|h| h.is_absolute())
            .context("HOME is not set: it names the folder that Wireshark's folders are in")?;
        let config = config.filter(|c| c.is_absolute());
        let config = config.unwrap_or_else(|| home.join(".config"));
        Ok(Self {
            plugins: home.join(".local/lib/wireshark/plugins"),
            profile: config.join("wireshark/profiles/threadtap"),
        })
    }

    /// Whether the files are there.
    pub fn is_installed(&self) -> bool {
        self.files().iter().all(|(path, _)| path.is_file())
    }

    fn files(&self) -> [(PathBuf, &'static str); 3] {
        [
            (self.plugins.join(PLUGIN_NAME), PLUGIN),
            (self.profile.join("preferences"), PREFERENCES),
            (self.profile.join("colorfilters"), COLOURS),
        ]
    }

    /// Writes them. One that was changed is kept beside, as NAME.old. Returns
    /// what was done, a line a file.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn install(&self) -> anyhow::Result<Vec<String>> {
        let mut done = Vec::new();
        for (path, content) in self.files() {
            let shown = path.display().to_string().escape_debug().to_string();
            let put = put(&path, content).with_context(|| format!("{shown} cannot be written"));
            done.push(match put.map_err(|e| anyhow::anyhow!("{e:#}"))? {
                Put::New => format!("{shown}: written"),
                Put::Same => format!("{shown}: is up to date"),
                Put::Kept(old) => format!(
                    "{shown}: written; the one that was there is {}",
                    old.display().to_string().escape_debug()
                ),
            });
        }
        Ok(done)
    }
}

enum Put {
    New,
    Same,
    Kept(PathBuf),
}

fn put(path: &Path, content: &str) -> io::Result<Put> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let there = match fs::read(path) {
        Ok(there) => Some(there),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    if there.as_deref() == Some(content.as_bytes()) {
        return Ok(Put::Same);
    }
    let old = path.with_added_extension("old");
    if there.is_some() {
        fs::rename(path, &old)?;
    }
    File::create_new(path)?.write_all(content.as_bytes())?;
    Ok(if there.is_some() {
        Put::Kept(old)
    } else {
        Put::New
    })
}

/// The columns as one preference, for a Wireshark without the profile.
pub fn columns() -> String {
    let words: Vec<&str> = PREFERENCES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::trim)
        .collect();
    words.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_kept_beside() {
        let home = tempfile::tempdir().unwrap();
        let personal = Personal::find(Some(home.path().to_owned()), None).unwrap();
        assert!(!personal.is_installed());
        let told = personal.install().unwrap();
        assert!(told.iter().all(|t| t.ends_with(": written")), "{told:?}");
        assert!(personal.is_installed());
        let told = personal.install().unwrap();
        assert!(told.iter().all(|t| t.ends_with("up to date")), "{told:?}");
        let preferences = home
            .path()
            .join(".config/wireshark/profiles/threadtap/preferences");
        fs::write(&preferences, "mine").unwrap();
        let told = personal.install().unwrap();
        assert!(told[1].contains("preferences.old"), "{told:?}");
        let old = preferences.with_file_name("preferences.old");
        assert_eq!(fs::read_to_string(old).unwrap(), "mine");
        assert_eq!(fs::read_to_string(preferences).unwrap(), PREFERENCES);
    }

    #[test]
    fn the_configuration_folder_may_be_elsewhere() {
        let home = || Some(PathBuf::from("/home/a"));
        let found = Personal::find(home(), Some("/etc/b".into())).unwrap();
        assert!(found.profile.starts_with("/etc/b/wireshark"));
        // As the XDG specification has it: a relative one is passed over.
        let found = Personal::find(home(), Some("b".into())).unwrap();
        assert!(found.profile.starts_with("/home/a/.config"));
        assert!(Personal::find(None, None).is_err());
    }

    #[test]
    fn the_columns_are_one_preference() {
        let columns = columns();
        assert!(columns.starts_with("gui.column.format:"), "{columns}");
        assert!(
            columns.contains("\"%Cus:threadtap.worker:0:R\""),
            "{columns}"
        );
        assert!(!columns.contains('\n'));
    }
}
