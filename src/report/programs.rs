//! Somebody else's programs: how they are built, how they ended, who else was
//! in their trees.
//!
//! The run's record comes in; a sentence a side goes out, and none for a side
//! that is built in.

use super::sheet::{Block, Cell, Tone};
use super::strategy::{of_program, of_server};
use super::words::Say;
use crate::model::{Evidence, Exit, Helper, Program, RunRecord};

/// What there is to say of programs; `None` where both sides are built in.
pub(super) fn block(say: Say, run: &RunRecord) -> Option<Block> {
    let (plan, programs) = (&run.plan, &run.programs);
    let client = programs.client.as_ref().map(|program| {
        let shape = plan.strategy.map(|s| of_program(say, s, plan.workers));
        (
            say.client(),
            sentence(say, program, shape, plan.inferred.client.as_ref()),
        )
    });
    let server = programs.server.as_ref().map(|program| {
        let shape = plan.server_model.map(|m| of_server(say, m).to_owned());
        (
            say.server(),
            sentence(say, program, shape, plan.inferred.server.as_ref()),
        )
    });
    let facts: Vec<_> = client.into_iter().chain(server).collect();
    (!facts.is_empty()).then_some(Block::Facts {
        heading: say.programs(),
        facts,
    })
}

fn sentence(
    say: Say,
    program: &Program,
    shape: Option<String>,
    evidence: Option<&Evidence>,
) -> Cell {
    let mut parts = Vec::new();
    match (shape, evidence) {
        (Some(shape), Some(evidence)) => {
            parts.push(format!("{shape} ({})", say.lang.kept(&evidence.because)));
        }
        (Some(shape), None) => parts.push(shape),
        (None, Some(evidence)) => parts.push(say.lang.kept(&evidence.because).into_owned()),
        (None, None) => {}
    }
    let (end, bad) = end(say, program);
    parts.push(end);
    parts.extend(named(say, program.helpers.as_deref(), |all| {
        (say.helper_processes(all), say.without_connections())
    }));
    parts.extend(named(say, program.others.as_deref(), |all| {
        (say.other_processes(all), say.of_unknown_use())
    }));
    Cell::new(parts.join("; ")).toned(if bad { Tone::Warning } else { Tone::Plain })
}

/// How it ended, and whether that is not as it should be.
fn end(say: Say, program: &Program) -> (String, bool) {
    let asked = program.asked_to_end;
    let when = if asked { say.when_asked() } else { "" };
    match (program.exit_code, program.signal) {
        (Some(code), _) => {
            let status = say.exit_status(&code.to_string());
            (format!("{status}{when}"), code != 0 && !asked)
        }
        (None, Some(signal)) => {
            let how = say.ended_by(&say.lang.kept(&Exit::Signal(signal).to_string()));
            (format!("{how}{when}"), !asked)
        }
        (None, None) => (say.running().to_owned(), false),
    }
}

/// Processes beside the work, which the census counts too: what they are, and what
/// is said of them.
fn named(
    say: Say,
    of: Option<&[Helper]>,
    told: impl FnOnce(u64) -> (String, &'static str),
) -> Option<String> {
    /// More names than this say less.
    const NAMES: usize = 4;
    let helpers = of.unwrap_or_default();
    if helpers.is_empty() {
        return None;
    }
    let all: u64 = helpers.iter().map(|h| h.processes).sum();
    let mut names: Vec<String> = helpers
        .iter()
        .take(NAMES)
        .map(|h| format!("{} × {}", h.name, say.n(h.processes)))
        .collect();
    if helpers.len() > NAMES {
        names.push("…".to_owned());
    }
    let (processes, what) = told(all);
    Some(say.beside(&processes, what, &names.join(", ")))
}

#[cfg(test)]
mod tests;
