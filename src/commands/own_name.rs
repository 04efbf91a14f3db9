//! How this program is called in a line that says what to do next: whoever has built it
//! and not installed it has no `threadtap` in PATH.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::text::command::as_word;
use crate::text::escape::printable;

const NAME: &str = "threadtap";

/// As a word for a shell: the name, where a shell finds this program by it, else the path
/// that it was started by.
pub(super) fn own_name() -> &'static str {
    static NAMED: OnceLock<String> = OnceLock::new();
    NAMED.get_or_init(asked)
}

fn asked() -> String {
    let started = env::args_os().next().unwrap_or_default();
    let path = env::var_os("PATH").unwrap_or_default();
    let here = env::current_dir().ok();
    let own = env::current_exe().ok();
    let found = found_in(&path).and_then(|found| found.canonicalize().ok());
    let installed = own.is_some() && found == own.and_then(|own| own.canonicalize().ok());
    name(&started, installed, here.as_deref())
}

/// What a shell finds by the name.
fn found_in(path: &OsStr) -> Option<PathBuf> {
    let mut places = env::split_paths(path).map(|folder| folder.join(NAME));
    places.find(|place| place.is_file())
}

fn name(started: &OsStr, installed: bool, here: Option<&Path>) -> String {
    // Without a slash it was found in PATH, or the path is not known.
    if installed || !started.as_bytes().contains(&b'/') {
        return NAME.to_owned();
    }
    let started = Path::new(started);
    let below = here.and_then(|here| started.strip_prefix(here).ok());
    let shown = match below {
        // In PATH is looked for what has no slash.
        Some(below) if below.components().count() == 1 => format!("./{}", below.display()),
        Some(below) => below.display().to_string(),
        None => started.display().to_string(),
    };
    as_word(&printable(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_called_as_a_shell_finds_it() {
        let of = |started: &str, installed| {
            name(
                OsStr::new(started),
                installed,
                Some(Path::new("/home/ayu/lab")),
            )
        };
        assert_eq!(of("/usr/bin/threadtap", true), "threadtap");
        assert_eq!(of("threadtap", false), "threadtap");
        assert_eq!(of("", false), "threadtap");
        let below = "/home/ayu/lab/target/release/threadtap";
        assert_eq!(of(below, false), "target/release/threadtap");
        assert_eq!(of("/home/ayu/lab/threadtap", false), "./threadtap");
        assert_eq!(
            of("target/release/threadtap", false),
            "target/release/threadtap"
        );
        assert_eq!(of("./threadtap", false), "./threadtap");
        assert_eq!(of("/opt/t/threadtap", false), "/opt/t/threadtap");
        assert_eq!(
            of("/opt/my tools/threadtap", false),
            "'/opt/my tools/threadtap'"
        );
        assert!(!of("/opt/\u{1b}[31m/threadtap", false).contains('\u{1b}'));
    }

    #[test]
    fn path_is_searched_in_its_order() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(first.path().join(NAME)).unwrap();
        let path = env::join_paths([first.path(), second.path()]).unwrap();
        assert_eq!(found_in(&path), None);
        let file = second.path().join(NAME);
        std::fs::write(&file, "").unwrap();
        assert_eq!(found_in(&path), Some(file));
    }
}
