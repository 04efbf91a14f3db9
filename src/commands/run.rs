//! `threadtap run`.

use std::io::{self, IsTerminal};
use std::time::Duration;

use super::language::language;
use super::output::printed;
use super::progress::{Progress, Wait};
use super::terminal::style;
use super::words::Say;
use super::{DID_NOT_HOLD, INTERRUPTED, after, expectations, told, watching};
use crate::cli::{PrintArgs, RunArgs};
use crate::expect::{Document, Expectation};
use crate::findings::Code;
use crate::report::RunView;
use crate::session::run::{
    ClientChoice, End, Finished, RunDir, RunPlan, SessionError, Status, Waits, conduct,
};
use crate::sys::process::signals::end_at_once;
use crate::sys::process::stderr;
use crate::text::units::{count, counted};

/// What is to be done with a run when it is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Afterwards<'a> {
    /// What is expected of it.
    pub expect: &'a [Expectation],
    /// What is printed of it, and whether a page is made.
    pub print: PrintArgs,
}

/// Makes a run, prints it, and tells where it was saved.
pub fn run(args: &RunArgs) -> anyhow::Result<u8> {
    let afterwards = Afterwards {
        expect: &args.expect,
        print: args.print,
    };
    make(&args.plan()?, afterwards)
}

/// The same of any plan.
pub(super) fn make(plan: &RunPlan, args: Afterwards<'_>) -> anyhow::Result<u8> {
    let print = args.print;
    let document = Document::run();
    expectations::check(args.expect, &document)?;
    let requests = requests(plan);
    let mut progress = Progress::new(requests, !plan.show_output);
    let mut begun = false;
    let finished = conduct(plan, &mut |status| match status {
        Some(status) => {
            if let Waits::WatchEnds(begins) = status.waits
                && !std::mem::replace(&mut begun, true)
            {
                watching::tell_of_the_beginning(&begins);
            }
            // It has been told, and goes on for as long as the person wants.
            if !begun || io::stderr().is_terminal() {
                progress.tell(status.done, || wait(status, requests));
            }
        }
        None => progress.clear(),
    });
    progress.clear();
    // All that is saved is saved: who does not read what is told holds nobody up.
    end_at_once(INTERRUPTED.into());
    let (mut finished, mut dir) = match finished {
        Err(e @ SessionError::Interrupted) => {
            stderr::tell(format_args!("threadtap: {e}"));
            return Ok(INTERRUPTED);
        }
        finished => finished?,
    };
    let view = RunView {
        run: &finished.run,
        flows: &finished.flows,
        workers: &finished.workers,
    };
    let written = told::print(
        view,
        print.format,
        style(print.rows, print.color, print.lang),
    );
    tell_what_did_not_start(&finished);
    let say = Say::new(language(print.lang));
    tell_where(say, &finished, &dir);
    let met = expectations::judge_run(args.expect, &document, &mut finished.run)?;
    let status = status(&finished).max(met).max(printed(written));
    after::follow(&finished, &mut dir, say, !print.no_report);
    Ok(status)
}

/// How many requests there will be, where that is known.
fn requests(plan: &RunPlan) -> Option<u64> {
    match &plan.client {
        ClientChoice::BuiltIn(client) => Some(u64::from(client.requests)),
        ClientChoice::Command { requests, .. } => requests.map(u64::from),
        ClientChoice::Existing { .. } => None,
    }
}

/// What a run waits for, in words.
fn wait(status: Status, requests: Option<u64>) -> Wait {
    let Status {
        waits,
        done,
        frames,
    } = status;
    let at_most = |time: Duration| format!("{} s at most", time.as_secs_f64());
    let (what, so_far) = match waits {
        Waits::ServerListens(port, patience) => {
            let port = port.map_or_else(String::new, |port| format!(" on port {port}"));
            let what = format!(
                "waiting for the server to listen{port}, {}",
                at_most(patience)
            );
            (what, String::new())
        }
        Waits::ClientEnds => {
            let frames = counted(frames, "frame", "frames");
            let so_far = match requests {
                Some(all) => format!("{}/{} requests, {frames}", count(done), count(all)),
                None => format!("{}, {frames}", counted(done, "connection", "connections")),
            };
            ("waiting for the client to end".to_owned(), so_far)
        }
        Waits::FlowsClose(open, linger) => (
            format!("waiting for flows to close, {}", at_most(linger)),
            format!("{} open", count(open)),
        ),
        Waits::WatchEnds(_) => (
            "watching; Ctrl-C ends the watch".to_owned(),
            format!(
                "{}, {}",
                counted(done, "connection", "connections"),
                counted(frames, "frame", "frames")
            ),
        ),
        Waits::ServerEnds(grace) => (
            format!("waiting for the server to end, {}", at_most(grace)),
            String::new(),
        ),
    };
    Wait { what, so_far }
}

/// A program that could not be started is told beside the report, too: whoever sends
/// that elsewhere sees why there is nothing in it.
fn tell_what_did_not_start(finished: &Finished) {
    let codes = [Code::ProgramNotStarted, Code::ServerNotListening].map(Code::name);
    let findings = finished.run.findings.iter();
    for finding in findings.filter(|f| codes.contains(&f.code.as_str())) {
        stderr::tell(format_args!("threadtap: {}", finding.message));
    }
}

fn tell_where(say: Say, finished: &Finished, dir: &RunDir) {
    let path = dir.path().display().to_string();
    let path = path.escape_debug();
    match (&finished.capture_cut, finished.not_saved.as_slice()) {
        (None, []) => stderr::tell(format_args!("{}", say.saved_in(&path.to_string()))),
        (cut, not_saved) => {
            let mut lost: Vec<String> = not_saved.iter().map(ToString::to_string).collect();
            if let Some((e, frames)) = cut {
                lost.push(format!(
                    "{} only the first {frames} frames: {e}",
                    match &finished.run.capture {
                        Some(capture) if !capture.files.is_empty() =>
                            "the files of the capture contain",
                        _ => "capture.pcap contains",
                    }
                ));
            }
            let errors = not_saved.iter().map(|n| &n.source);
            let errors = errors.chain(cut.as_ref().map(|(e, _)| e));
            stderr::tell(format_args!(
                "threadtap: the run was not saved completely in {path}: {}; {}",
                lost.join("; "),
                remedy(errors)
            ));
        }
    }
}

/// What can be done where files cannot be written.
fn remedy<'a>(errors: impl Iterator<Item = &'a io::Error>) -> &'static str {
    let kinds: Vec<io::ErrorKind> = errors.map(io::Error::kind).collect();
    let all = |kind| kinds.iter().all(|k| *k == kind);
    if all(io::ErrorKind::FileTooLarge) {
        "raise the limit on the size of files (ulimit -f)"
    } else if all(io::ErrorKind::AlreadyExists) {
        "a program of the run has made something of that name in its folder"
    } else if all(io::ErrorKind::NotFound) {
        "the folder was removed while the run was going on"
    } else {
        "free some space or choose another folder with --out"
    }
}

fn status(finished: &Finished) -> u8 {
    match finished.end {
        End::Interrupted => INTERRUPTED,
        End::Fault | End::TimeLimit => DID_NOT_HOLD,
        End::Complete if !finished.not_saved.is_empty() => DID_NOT_HOLD,
        End::Complete => told::status(&finished.run),
    }
}
