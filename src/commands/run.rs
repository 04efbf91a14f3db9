//! `threadtap run`.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::printed;
use super::{DID_NOT_HOLD, INTERRUPTED, diagnostics, expectations, told};
use crate::cli::RunArgs;
use crate::expect::Document;
use crate::report::RunView;
use crate::session::run::{
    ClientChoice, End, Finished, RunDir, RunPlan, SessionError, Status, conduct,
};
use crate::sys::process::signals::{INTERRUPTIONS, end_at_once};

/// Makes a run, prints it, and tells where it was saved.
pub fn run(args: &RunArgs) -> anyhow::Result<u8> {
    let plan = args.plan()?;
    let document = Document::run();
    expectations::check(&args.expect, &document)?;
    let bar = progress_bar(&plan);
    let mut drawn = Instant::now();
    let finished = conduct(&plan, &mut |status| match status {
        Some(Status { done, frames }) => {
            if drawn.elapsed() >= Duration::from_millis(100) {
                drawn = Instant::now();
                bar.set_message(format!("{frames} frames"));
                bar.set_position(done);
            }
        }
        None => bar.finish_and_clear(),
    });
    bar.finish_and_clear();
    // All that is saved is saved: who does not read what is told holds nobody up.
    end_at_once(&INTERRUPTIONS, INTERRUPTED.into());
    let (finished, dir) = match finished {
        Err(e @ SessionError::Interrupted) => {
            eprintln!("threadtap: {e}");
            return Ok(INTERRUPTED);
        }
        finished => finished?,
    };
    let view = RunView {
        run: &finished.run,
        flows: &finished.flows,
        workers: &finished.workers,
    };
    let written = told::print(view, args.format, args.rows, args.color);
    tell_where(&finished, &dir);
    let met = expectations::judge(&args.expect, &document, &finished.run)?;
    Ok(status(&finished).max(met).max(printed(written)))
}

/// How many requests there will be, where that is known.
fn requests(plan: &RunPlan) -> Option<u64> {
    match &plan.client {
        ClientChoice::BuiltIn(client) => Some(u64::from(client.requests)),
        ClientChoice::Command { requests, .. } => requests.map(u64::from),
    }
}

/// On a terminal only, where nothing else is written; it starts no thread of its own.
fn progress_bar(plan: &RunPlan) -> ProgressBar {
    if !io::stderr().is_terminal() || diagnostics::are_on() || plan.show_output {
        return ProgressBar::hidden();
    }
    let requests = requests(plan);
    let bar = ProgressBar::with_draw_target(requests, ProgressDrawTarget::stderr());
    let template = match requests {
        Some(_) => "{bar:30} {human_pos}/{human_len} requests, {msg}",
        None => "{spinner} {human_pos} connections, {msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn tell_where(finished: &Finished, dir: &RunDir) {
    let path = dir.path().display().to_string();
    let path = path.escape_debug();
    let mut err = io::stderr().lock();
    // Where standard error is closed there is nobody to tell.
    let _ = match (&finished.capture_cut, finished.not_saved.as_slice()) {
        (None, []) => writeln!(err, "saved in {path}"),
        (cut, not_saved) => {
            let mut lost: Vec<String> = not_saved.iter().map(ToString::to_string).collect();
            if let Some((e, frames)) = cut {
                lost.push(format!(
                    "capture.pcap contains only the first {frames} frames: {e}"
                ));
            }
            let errors = not_saved.iter().map(|n| &n.source);
            let errors = errors.chain(cut.as_ref().map(|(e, _)| e));
            writeln!(
                err,
                "threadtap: the run was not saved completely in {path}: {}; {}",
                lost.join("; "),
                remedy(errors)
            )
        }
    };
}

/// What can be done where files cannot be written.
fn remedy<'a>(errors: impl Iterator<Item = &'a io::Error>) -> &'static str {
    let kinds: Vec<io::ErrorKind> = errors.map(io::Error::kind).collect();
    let all = |kind| kinds.iter().all(|k| *k == kind);
    if all(io::ErrorKind::FileTooLarge) {
        "raise the limit on the size of files (ulimit -f)"
    } else if all(io::ErrorKind::AlreadyExists) {
        "a program of the run has made something of that name in its folder"
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
