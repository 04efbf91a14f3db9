//! `report.md`: the report to hand in, and where it goes.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::saved::{Capture, Folder, Kept, Saved, Typical, typical};
use crate::analysis::{Ladder, frames_of_a_run};
use crate::findings::Topic;
use crate::lang::Lang;
use crate::report::{
    Evidence, Meaning, Method, Part, RunPart, example, handout, is_as_made, sealed,
};
use crate::session::run::SavedDir;

/// No report that threadtap makes is longer, in bytes: of a longer file nothing is read.
const LONGEST: u64 = 64 << 20;

/// Where a report is to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    folder: PathBuf,
    file: String,
}

impl Place {
    /// Where it is asked for. Else: of one folder, there; of several, in the current one.
    ///
    /// # Errors
    /// When it is the name of no file.
    pub(super) fn of(asked: Option<&Path>, dirs: &[PathBuf]) -> anyhow::Result<Self> {
        let usual = Evidence::Md.file().to_owned();
        let Some(path) = asked else {
            let folder = match dirs {
                [one] => one.clone(),
                _ => PathBuf::from("."),
            };
            return Ok(Self {
                folder,
                file: usual,
            });
        };
        let ends_as_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if ends_as_folder || path.is_dir() {
            return Ok(Self {
                folder: path.to_owned(),
                file: usual,
            });
        }
        let file = path.file_name().and_then(|name| name.to_str());
        let Some(file) = file else {
            let name = path.display().to_string();
            anyhow::bail!(
                "--out {}: it is not the name of a file in UTF-8",
                name.escape_debug()
            );
        };
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        Ok(Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            file: file.to_owned(),
        })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its name, printable.
    pub(super) fn name(&self) -> String {
        let path = self.folder.join(&self.file);
        let path = path.strip_prefix(".").unwrap_or(&path);
        path.display().to_string().escape_debug().to_string()
    }

    /// The place of the page beside it.
    pub(super) fn page(&self) -> Self {
        let file = match self.file.strip_suffix(".md") {
            Some(stem) => format!("{stem}.html"),
            None => format!("{}.html", self.file),
        };
        Self {
            folder: self.folder.clone(),
            file,
        }
    }

    /// Whether this is the file's name.
    pub(super) fn is(&self, file: &str) -> bool {
        self.file == file
    }

    /// Its path.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.file)
    }

    /// Writes it. `held`: folders that are locked already, each with its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, held: &[(PathBuf, SavedDir)], text: &str) -> anyhow::Result<()> {
        let write =
            |dir: &SavedDir| dir.write(&self.file, &mut |out| out.write_all(text.as_bytes()));
        match held.iter().find(|(path, _)| *path == self.folder) {
            Some((_, dir)) => write(dir)?,
            None => write(&SavedDir::open(&self.folder)?)?,
        }
        Ok(())
    }

    /// Holds that there is such a folder, and that nothing of somebody's own is replaced in it,
    /// unless that is wanted.
    ///
    /// # Errors
    /// When there is none, or a file stands there that threadtap did not make so.
    pub(super) fn check(&self, replace: bool) -> anyhow::Result<()> {
        if !self.folder.is_dir() {
            let name = self.folder.display().to_string();
            anyhow::bail!(
                "--out: there is no folder {}; make it first",
                name.escape_debug()
            );
        }
        if !replace && !self.is_free()? {
            anyhow::bail!(
                "{} was not made by threadtap, or was changed since: choose another file with --out, or --force replaces it",
                self.name()
            );
        }
        Ok(())
    }

    /// Whether a report may be written there: nothing stands there, or one as threadtap
    /// made it.
    fn is_free(&self) -> anyhow::Result<bool> {
        let folder = Folder::open(&self.folder)?;
        let Some(file) = folder.file(&self.file)? else {
            return Ok(true);
        };
        let mut there = Vec::new();
        file.take(LONGEST).read_to_end(&mut there)?;
        Ok(is_as_made(&there))
    }
}

/// Makes it. `held`: folders that are locked already, each with its name.
///
/// # Errors
/// When it cannot be written, or somebody's own file stands there.
pub(super) fn make(
    sources: &[(Folder, Kept)],
    held: &[(PathBuf, SavedDir)],
    place: &Place,
    lang: Lang,
    rows: usize,
    replace: bool,
) -> anyhow::Result<()> {
    place.check(replace)?;
    let names = names(sources);
    let described = described(sources, &names);
    let ladders: Vec<Option<Ladder>> = sources
        .iter()
        .map(|(folder, kept)| match kept {
            Kept::Run(saved) => ladder(folder, saved),
            _ => None,
        })
        .collect();
    let parts = sources.iter().zip(&names).zip(&ladders);
    let parts = parts.map(|(((_, kept), name), ladder)| match kept {
        Kept::Run(saved) => Part::Run(RunPart {
            name,
            view: saved.view(),
            whole: saved.whole,
            ladder: ladder.as_ref(),
            stands_for: None,
        }),
        Kept::Compare(record) => Part::Compare(name, record),
        Kept::Ceiling(record) => Part::Ceiling(name, record),
    });
    let typical = described.iter().map(|run| {
        Part::Run(RunPart {
            name: &run.name,
            view: run.typical.saved.view(),
            whole: run.typical.saved.whole,
            ladder: run.ladder.as_ref(),
            stands_for: Some(Method {
                comparison: run.comparison,
                name: &run.typical.method,
                runs: run.typical.runs,
            }),
        })
    });
    let parts: Vec<Part<'_>> = typical.chain(parts).collect();
    let text = sealed(&handout(&parts, lang, rows, &meaning));
    place.write(held, &text)
}

/// A run of a comparison, and what the report says of it.
struct Described<'a> {
    typical: Typical,
    comparison: &'a str,
    name: String,
    ladder: Option<Ladder>,
}

/// A run for each method of the comparisons, where no run was given: else those describe
/// the methods.
fn described<'a>(sources: &[(Folder, Kept)], names: &'a [String]) -> Vec<Described<'a>> {
    if sources.iter().any(|(_, kept)| matches!(kept, Kept::Run(_))) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for ((folder, kept), comparison) in sources.iter().zip(names) {
        let Kept::Compare(record) = kept else {
            continue;
        };
        all.extend(
            typical(folder, record)
                .into_iter()
                .map(|typical| Described {
                    name: format!("{}/{}", comparison.trim_end_matches('/'), typical.name),
                    ladder: ladder(&typical.folder, &typical.saved),
                    comparison,
                    typical,
                }),
        );
    }
    all
}

/// What the findings of a code mean.
fn meaning(code: &str, lang: Lang) -> Option<Meaning> {
    let words = Topic::named(code)?.words(lang);
    Some(Meaning {
        title: words.title,
        means: words.means,
    })
}

/// The folders' names: their last parts, where that tells them apart.
pub(super) fn names(sources: &[(Folder, Kept)]) -> Vec<String> {
    let whole: Vec<String> = sources.iter().map(|(f, _)| f.name().to_owned()).collect();
    let last: Vec<String> = whole
        .iter()
        .map(|name| {
            let name = name.trim_end_matches('/');
            name.rsplit('/').next().unwrap_or(name).to_owned()
        })
        .collect();
    let mut sorted = last.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let apart =
        sorted.len() == last.len() && !last.iter().any(|n| matches!(n.as_str(), "." | ".." | ""));
    if apart { last } else { whole }
}

/// The segments of the flow that stands for the others; `None` where the capture does
/// not have them.
fn ladder(folder: &Folder, saved: &Saved) -> Option<Ladder> {
    let flow = example(&saved.flows)?;
    let port = saved.run.plan.target.parse::<SocketAddr>().ok()?.port();
    let told = saved.run.capture.as_ref().map(|c| c.files.as_slice());
    let capture = Capture::find(folder, told.unwrap_or_default()).ok()?;
    let mut reader = capture.open(folder).ok()?;
    let mut ladder = Ladder::of(flow);
    let mut number = 0;
    let read = frames_of_a_run(&mut reader, port, &mut |_, segment| {
        number += 1;
        if let Some((segment, of)) = segment {
            ladder.segment(of, number, segment);
        }
        Ok::<(), io::Error>(())
    });
    // What was read of a damaged one are its first frames.
    read.ok()?;
    Some(ladder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_no_folder_of_a_run() {
        let place = Place::of(Some(Path::new("not/there/lab1.md")), &[]).unwrap();
        for force in [false, true] {
            let told = place.check(force).unwrap_err().to_string();
            assert_eq!(told, "--out: there is no folder not/there; make it first");
        }
    }

    #[test]
    fn a_report_goes_where_it_is_looked_for() {
        let of = |asked: Option<&str>, dirs: &[&str]| {
            let dirs: Vec<PathBuf> = dirs.iter().map(PathBuf::from).collect();
            Place::of(asked.map(Path::new), &dirs).unwrap().name()
        };
        assert_eq!(of(None, &["captures/t"]), "captures/t/report.md");
        assert_eq!(of(None, &["t", "p"]), "report.md");
        assert_eq!(of(Some("lab1.md"), &["t", "p"]), "lab1.md");
        assert_eq!(of(Some("a/lab1.md"), &["t"]), "a/lab1.md");
        assert_eq!(of(Some("a/b/"), &["t"]), "a/b/report.md");
        assert_eq!(of(Some("src"), &["t", "p"]), "src/report.md");
        assert!(
            Place::of(Some(Path::new("..")), &[])
                .unwrap()
                .name()
                .ends_with("report.md")
        );
        let page = |asked: Option<&str>| {
            let place = Place::of(asked.map(Path::new), &["t".into(), "p".into()]);
            place.unwrap().page().name()
        };
        assert_eq!(page(None), "report.html");
        assert_eq!(page(Some("a/lab1.md")), "a/lab1.html");
        assert_eq!(page(Some("lab")), "lab.html");
    }
}
