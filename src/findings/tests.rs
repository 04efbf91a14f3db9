//! Each rule: when it speaks, what it says, and when it has to be silent.

mod built_in;
mod documentation;
mod ends;
mod programs;
mod registry;
mod requests;
mod scene;
mod wire;

use serde_json::Value;

use super::{FindingsInput, findings};
use crate::model::{Finding, Severity};
use crate::report::fixture::Fixture;

fn of(fixture: &Fixture) -> Vec<Finding> {
    findings(&FindingsInput {
        seen: None,
        run: &fixture.run,
        flows: &fixture.flows,
        workers: &fixture.workers,
        extra: &[],
    })
}

/// The findings of this code.
fn coded(fixture: &Fixture, code: &str) -> Vec<Finding> {
    let mut found = of(fixture);
    found.retain(|finding| finding.code == code);
    found
}

/// The one finding of this code.
fn one(fixture: &Fixture, code: &str) -> Finding {
    let mut found = coded(fixture, code);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn evidence(finding: &Finding) -> Value {
    Value::Object(finding.evidence.clone())
}

/// Twenty requests with this done to them.
fn with(change: impl FnOnce(&mut Fixture)) -> Fixture {
    let mut fixture = Fixture::normal(20);
    change(&mut fixture);
    fixture
}

#[test]
fn a_normal_run_needs_no_comment() {
    assert_eq!(of(&Fixture::normal(20)), []);
    assert_eq!(of(&Fixture::normal(0)), []);
    assert_eq!(of(&Fixture::normal(20).without_capture()), []);
}

#[test]
fn what_the_run_found_comes_along_and_the_worst_comes_first() {
    let fixture = with(|f| f.retried(1));
    let finding = |code, severity| Finding::new(code, severity, "said while it ran");
    let extra = [
        finding("note", Severity::Info),
        finding("fatal", Severity::Error),
    ];
    let input = FindingsInput {
        seen: None,
        run: &fixture.run,
        flows: &fixture.flows,
        workers: &fixture.workers,
        extra: &extra,
    };
    let codes: Vec<_> = findings(&input).into_iter().map(|f| f.code).collect();
    assert_eq!(codes, ["fatal", "syn_retransmitted", "note"]);
}
