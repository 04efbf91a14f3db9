//! Somebody else's programs: how they are built, how they ended, who else was
//! in their trees.
//!
//! The run's record comes in; a sentence a side goes out, and none for a side
//! that is built in.

use super::sheet::{Block, Cell, Tone};
use super::strategy::{of_program, of_server};
use crate::model::{Evidence, Exit, Program, RunRecord};
use crate::text::units::{count, counted};

/// What there is to say of programs; `None` where both sides are built in.
pub(super) fn block(run: &RunRecord) -> Option<Block> {
    let (plan, programs) = (&run.plan, &run.programs);
    let client = programs.client.as_ref().map(|program| {
        let shape = plan.strategy.map(|s| of_program(s, plan.workers));
        (
            "client",
            sentence(program, shape, plan.inferred.client.as_ref()),
        )
    });
    let server = programs.server.as_ref().map(|program| {
        let shape = plan.server_model.map(|m| of_server(m).to_owned());
        (
            "server",
            sentence(program, shape, plan.inferred.server.as_ref()),
        )
    });
    let facts: Vec<_> = client.into_iter().chain(server).collect();
    (!facts.is_empty()).then_some(Block::Facts {
        heading: "Programs",
        facts,
    })
}

fn sentence(program: &Program, shape: Option<String>, evidence: Option<&Evidence>) -> Cell {
    let mut parts = Vec::new();
    match (shape, evidence) {
        (Some(shape), Some(evidence)) => parts.push(format!("{shape} ({})", evidence.because)),
        (Some(shape), None) => parts.push(shape),
        (None, Some(evidence)) => parts.push(evidence.because.clone()),
        (None, None) => {}
    }
    let (end, bad) = end(program);
    parts.push(end);
    parts.extend(helpers(program));
    Cell::new(parts.join("; ")).toned(if bad { Tone::Warning } else { Tone::Plain })
}

/// How it ended, and whether that is not as it should be.
fn end(program: &Program) -> (String, bool) {
    let asked = program.asked_to_end;
    match (program.exit_code, program.signal) {
        (Some(code), _) if asked => (format!("exit status {code} when asked to end"), false),
        (Some(code), _) => (format!("exit status {code}"), code != 0),
        (None, Some(signal)) => {
            let how = Exit::Signal(signal);
            let when = if asked { " when asked to end" } else { "" };
            (format!("ended by {how}{when}"), !asked)
        }
        (None, None) => ("still running".to_owned(), false),
    }
}

/// Processes that did none of the work, which the census counts too.
fn helpers(program: &Program) -> Option<String> {
    /// More names than this say less.
    const NAMES: usize = 4;
    let helpers = program.helpers.as_deref().unwrap_or_default();
    if helpers.is_empty() {
        return None;
    }
    let all: u64 = helpers.iter().map(|h| h.processes).sum();
    let mut names: Vec<String> = helpers
        .iter()
        .take(NAMES)
        .map(|h| format!("{} × {}", h.name, count(h.processes)))
        .collect();
    if helpers.len() > NAMES {
        names.push("…".to_owned());
    }
    Some(format!(
        "{} without connections: {}",
        counted(all, "helper process", "helper processes"),
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests;
