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

/// Makes a run, prints it, and tells where it was saved.
pub fn run(args: &RunArgs) -> anyhow::Result<u8> {
    let plan = args.plan()?;
    let document = Document::run();
    expectations::check(&args.expect, &document)?;
    let bar = progress_bar(requests(&plan));
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

/// On a terminal only; it starts no thread of its own.
fn progress_bar(requests: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() || diagnostics::are_on() {
        return ProgressBar::hidden();
    }
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
            writeln!(
                err,
                "threadtap: the run was not saved completely in {path}: {}; free some space or choose another folder with --out",
                lost.join("; ")
            )
        }
    };
}

fn status(finished: &Finished) -> u8 {
    match finished.end {
        End::Interrupted => INTERRUPTED,
        End::Fault => DID_NOT_HOLD,
        End::Complete if !finished.not_saved.is_empty() => DID_NOT_HOLD,
        End::Complete => told::status(&finished.run),
    }
}
