//! Each rule: when it speaks, what it says, and when it has to be silent.

mod built_in;
mod causes;
mod documentation;
mod ends;
mod kernel;
mod last_word;
mod programs;
mod registry;
mod requests;
mod scene;
mod unseen;
mod watched;
mod wire;

use serde_json::Value;

use super::{FindingsInput, findings};
use crate::model::{Finding, Severity};
use crate::testkit::Fixture;

fn of(fixture: &Fixture) -> Vec<Finding> {
    findings(&FindingsInput {
        seen: None,
        run: &fixture.run,
        flows: &fixture.flows,
        own: None,
        workers: crate::testkit::packed(&fixture.workers),
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
fn the_worst_comes_first() {
    let fixture = with(|f| {
        f.retried(1);
        f.refused(2);
        f.flows[5].client = f.flows[6].client;
    });
    let severities: Vec<Severity> = of(&fixture).iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    assert!(severities.len() >= 3, "{severities:?}");
}
