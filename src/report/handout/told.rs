//! What has to be known before a run's figures are read: that it was interrupted, that
//! frames were lost, that something was only sampled or not seen.

use super::facts;
use super::page::foreign;
use super::words::Say;
use super::{Method, RunPart};
use crate::model::StopReason;

/// The warnings that stand before everything else of the run.
pub(super) fn caveats(say: Say, part: &RunPart<'_>) -> Vec<String> {
    let run = part.view.run;
    let mut told: Vec<String> = part
        .stands_for
        .map(|m| stands_for(say, m))
        .into_iter()
        .collect();
    if run.plan.watched {
        told.push(say.watched());
    }
    if run.plan.isolated {
        told.push(say.isolated());
    }
    let found = |code: &str| run.findings.iter().any(|finding| finding.code == code);
    if found("interrupted") {
        told.push(say.was_interrupted());
    } else if !part.whole {
        told.push(say.not_whole());
    }
    if found("time_limit") {
        told.push(say.time_limit());
    }
    match &run.capture {
        None if part.view.flows.is_empty() && part.whole => told.push(say.without_capture()),
        None => {}
        Some(capture) => {
            let lost = facts::lost(run);
            if lost > 0 {
                told.push(say.lossy(&say.frames(lost)));
            } else if capture.dropped_by_kernel.is_none() {
                told.push(say.drops_unknown());
            }
            match capture.stop_reason {
                StopReason::Fault => told.push(say.capture_fault()),
                // What looks open may be closed by a frame that was lost.
                StopReason::Timeout if lost == 0 && facts::some_open(part.view.flows) => {
                    told.push(say.capture_timeout());
                }
                StopReason::Timeout
                | StopReason::Drained
                | StopReason::Interrupted
                | StopReason::Left => {}
            }
        }
    }
    if !run.incomplete.is_empty() {
        let mut names: Vec<String> = Vec::new();
        for path in run.incomplete.keys() {
            let name = figure(say, path);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        told.push(say.incomplete(&names.join(", ")));
    }
    told
}

/// A figure that is not known exactly, in words: several paths of the record are one.
fn figure(say: Say, path: &str) -> String {
    match path {
        "requests.answered" => say.f_answered(),
        "requests.valid" => say.f_valid(),
        "requests.failed_total" => say.f_failed(),
        "latency.exchange" => say.f_answer_times(),
        "requests.on_wire"
        | "requests.handshakes"
        | "connections"
        | "latency.handshake"
        | "correlation" => say.f_connections(),
        _ if path.starts_with("exchanges.") => say.f_exchanges(),
        other => foreign(other),
    }
}

/// Of which runs this one is described.
fn stands_for(say: Say, method: Method<'_>) -> String {
    let name = foreign(method.name);
    let runs = say.runs(method.runs);
    match method.runs {
        1 => say.only_run(&name),
        n if n % 2 == 0 => say.lower_middle_run(&runs, &name),
        _ => say.middle_run(&runs, &name),
    }
}
