//! What follows a run that is saved: the page and the capture for Wireshark, and a last
//! line that says what to do next.
//!
//! What was seen is safe before anything is made of it. What cannot be made is told in a
//! line, and the run is what it was: `threadtap report` makes it later.

use std::io::{self, Write};
use std::net::SocketAddr;

use super::own_name::own_name;
use super::saved;
use super::words::Say;
use crate::lang::Lang;
use crate::report::{Evidence, RunView, write_annotated, write_html};
use crate::session::run::{End, Finished, RunDir};
use crate::sys::process::stderr;
use crate::text::command::as_word;
use crate::text::escape::printable;

/// Of more flows nothing is made that was not asked for: it takes seconds.
const MOST_FLOWS: usize = 100_000;

/// What became of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// The page is there, and the capture where there was one.
    ThePage,
    /// None was wanted, the page could not be made, or the run was interrupted.
    Nothing,
    /// There are more flows than [`MOST_FLOWS`].
    TooMany,
}

/// Makes the files of a run, where they are `wanted`, and says what to do next.
pub(super) fn follow(finished: &Finished, dir: &mut RunDir, say: Say, wanted: bool) {
    // Where not all of it could be saved that is what has been told.
    if finished.capture_cut.is_some() || !finished.not_saved.is_empty() {
        return;
    }
    let made = if !wanted || finished.end == End::Interrupted {
        Made::Nothing
    } else if finished.flows.len() > MOST_FLOWS {
        Made::TooMany
    } else {
        make(finished, dir, say.lang)
    };
    let folder = dir.path().display().to_string();
    let captured = finished.run.capture.is_some();
    stderr::tell(format_args!(
        "{}",
        next(say, made, &folder, captured, own_name())
    ));
}

fn make(finished: &Finished, dir: &mut RunDir, lang: Lang) -> Made {
    let view = RunView {
        run: &finished.run,
        flows: &finished.flows,
        workers: &finished.workers,
    };
    let page = put(dir, Evidence::Html, &mut |mut out| {
        write_html(view, lang, &[], &mut out)
    });
    let target = finished.run.plan.target.parse::<SocketAddr>();
    if let (Some(_), Ok(target)) = (&finished.run.capture, target) {
        annotated(view, target.port(), dir);
    }
    if page { Made::ThePage } else { Made::Nothing }
}

fn annotated(view: RunView<'_>, port: u16, dir: &mut RunDir) {
    let files = view.run.capture.as_ref().map(|c| c.files.as_slice());
    let names = saved::names(files.unwrap_or_default());
    let capture = dir.opener().map_err(|e| e.to_string());
    let capture = capture.and_then(|open| saved::reader(names, open).map_err(|e| e.to_string()));
    match capture {
        Ok(mut reader) => {
            put(dir, Evidence::Pcapng, &mut |mut out| {
                // What of it cannot be read, `threadtap report` tells.
                write_annotated(view, port, &mut reader, &mut out).map(drop)
            });
        }
        Err(e) => not_made(dir, Evidence::Pcapng, &e),
    }
}

fn put(
    dir: &mut RunDir,
    file: Evidence,
    write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> bool {
    let done = dir.write_whole(file.file(), write);
    match &done {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let why = "a program of the run has made something of that name";
            not_made(dir, file, why);
        }
        Err(e) => not_made(dir, file, &e.to_string()),
        Ok(()) => {}
    }
    done.is_ok()
}

fn not_made(dir: &RunDir, file: Evidence, why: &str) {
    let folder = as_word(&printable(&dir.path().display().to_string()));
    stderr::tell(format_args!(
        "threadtap: {} was not made: {why}; the run itself is saved: {} report {folder} makes files of it",
        file.file(),
        own_name()
    ));
}

/// The last line. `folder` is as it was named; `own`: how this program is called.
fn next(say: Say, made: Made, folder: &str, captured: bool, own: &str) -> String {
    let folder = printable(folder);
    let word = as_word(&folder);
    let wireshark = captured.then(|| format!("{own} wireshark {word}"));
    let report = format!("{own} report {word}");
    let mut what = Vec::new();
    match made {
        Made::ThePage => {
            what.push(say.open(&format!("{folder}/report.html")));
            what.extend(wireshark);
            what.push(report);
        }
        Made::TooMany => what.push(say.on_demand(&report, &say.lang.count(MOST_FLOWS as u64))),
        Made::Nothing => {
            what.push(report);
            what.extend(wireshark);
        }
    }
    say.next(&what.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "threadtap";

    #[test]
    fn the_last_line_says_what_there_is() {
        let both = Made::ThePage;
        for (made, folder, captured, wanted) in [
            (
                both,
                "out",
                true,
                "next: open out/report.html, threadtap wireshark out, threadtap report out",
            ),
            (
                both,
                "out",
                false,
                "next: open out/report.html, threadtap report out",
            ),
            (
                Made::Nothing,
                "my run",
                true,
                "next: threadtap report 'my run', threadtap wireshark 'my run'",
            ),
            (Made::Nothing, "out", false, "next: threadtap report out"),
            (
                Made::TooMany,
                "out",
                true,
                "next: threadtap report out makes the page and the capture for Wireshark (more than 100,000 flows: on demand)",
            ),
        ] {
            assert_eq!(
                next(Say::new(Lang::En), made, folder, captured, OWN),
                wanted
            );
        }
        let in_indonesian = Say::new(Lang::Id);
        assert!(!next(in_indonesian, both, "a\u{1b}[31m", true, OWN).contains('\u{1b}'));
        assert_eq!(
            next(in_indonesian, both, "out", false, OWN),
            "berikutnya: buka out/report.html, threadtap report out"
        );
    }
}
