//! The page of several runs: `report.html` beside `report.md`, or in a comparison's folder.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use super::handout::{Place, names};
use super::saved::{Folder, Kept, Typical, typical};
use crate::lang::Lang;
use crate::model::CompareRecord;
use crate::report::{Beside, Evidence, Several, sealed, write_several};
use crate::session::run::{RunDir, SavedDir};

/// What became of the page.
pub(super) enum Made {
    /// It is there.
    Whole,
    /// The page of a run has its place.
    InTheWay,
}

/// Makes the page of all. `held`: folders that are locked already, each with its name.
///
/// # Errors
/// When it cannot be written, or somebody's own file stands there.
pub(super) fn make(
    sources: &[(Folder, Kept)],
    held: &[(PathBuf, SavedDir)],
    place: &Place,
    lang: Lang,
    replace: bool,
) -> anyhow::Result<Made> {
    let there = |path: &Path| path.canonicalize().ok();
    let is_there = |path: &Path| there(path) == there(place.folder());
    let runs = sources.iter().zip(held);
    let mut runs = runs.filter(|((_, kept), _)| matches!(kept, Kept::Run(_)));
    if place.is(Evidence::Html.file()) && runs.any(|(_, (path, _))| is_there(path)) {
        return Ok(Made::InTheWay);
    }
    place.check(replace)?;
    let names = names(sources);
    let mut several = Several::default();
    let mut stand_for = Vec::new();
    for ((folder, kept), name) in sources.iter().zip(&names) {
        match kept {
            Kept::Run(saved) => several.runs.push(Beside {
                name,
                view: saved.view(),
                whole: saved.whole,
                page: page_of(place.folder(), folder.path()),
                stands_for: None,
            }),
            Kept::Compare(record) => {
                let comparison = several.compared.len();
                several.compared.push((name, record));
                let runs = typical(folder, record).into_iter();
                stand_for.extend(runs.map(|run| (comparison, run)));
            }
            Kept::Ceiling(record) => several.ceilings.push((name, record)),
        }
    }
    several.runs.extend(
        stand_for
            .iter()
            .map(|(at, run)| beside(place.folder(), *at, run)),
    );
    let text = page(&several, lang)?;
    place.write(held, &text)?;
    Ok(Made::Whole)
}

/// Makes the page of a comparison in its folder.
///
/// # Errors
/// When it cannot be written, or a file of that name stands there.
pub(super) fn of_comparison(
    record: &CompareRecord,
    dir: &mut RunDir,
    lang: Lang,
) -> anyhow::Result<()> {
    let folder = Folder::open(dir.path())?;
    let runs = typical(&folder, record);
    let name = dir.path().file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let several = Several {
        runs: runs.iter().map(|run| beside(dir.path(), 0, run)).collect(),
        compared: vec![(&name, record)],
        ..Several::default()
    };
    let text = page(&several, lang)?;
    dir.write_whole(Evidence::Html.file(), &mut |out| {
        out.write_all(text.as_bytes())
    })?;
    Ok(())
}

/// A run that stands for a method of the comparison at this place.
fn beside<'a>(from: &Path, comparison: usize, run: &'a Typical) -> Beside<'a> {
    Beside {
        name: &run.name,
        view: run.saved.view(),
        whole: run.saved.whole,
        page: page_of(from, run.folder.path()),
        stands_for: Some((comparison, &run.method)),
    }
}

/// The page with the mark by which it is known again.
fn page(several: &Several<'_>, lang: Lang) -> io::Result<String> {
    let mut page = Vec::new();
    write_several(several, lang, &mut page)?;
    Ok(sealed(&String::from_utf8_lossy(&page)))
}

/// Where a run's own page is, as seen from a page in `from`; `None` where there is none.
fn page_of(from: &Path, run: &Path) -> Option<String> {
    let page = run.join(Evidence::Html.file());
    page.is_file().then(|| reference(from, &page))?
}

/// A file as a relative reference (RFC 3986, 4.2) from a page in a folder.
fn reference(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (from.canonicalize().ok()?, to.canonicalize().ok()?);
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|part| encoded(part.as_os_str().as_encoded_bytes()));
    Some(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// Percent-encoded but for what is unreserved (RFC 3986, 2.3).
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Text takes whatever is written.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_page_is_found_from_where_it_is_linked() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("a/b c:%")).unwrap();
        fs::create_dir_all(at("d")).unwrap();
        fs::write(at("a/b c:%/report.html"), "").unwrap();
        let run = at("a/b c:%");
        let of = |from: &str| page_of(&at(from), &run);
        assert_eq!(of("a").as_deref(), Some("b%20c%3A%25/report.html"));
        assert_eq!(of("d").as_deref(), Some("../a/b%20c%3A%25/report.html"));
        assert_eq!(of("a/b c:%").as_deref(), Some("report.html"));
        assert_eq!(page_of(&at("a"), &at("d")), None);
    }
}
