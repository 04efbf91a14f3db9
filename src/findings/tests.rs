//! Each rule: when it speaks, and when it has to be silent.

use super::{FindingsInput, findings};
use crate::model::Finding;
use crate::report::fixture::Fixture;

fn of(fixture: &Fixture) -> Vec<Finding> {
    findings(&FindingsInput {
        run: &fixture.run,
        flows: &fixture.flows,
        workers: &fixture.workers,
        extra: &[],
    })
}

#[test]
fn a_normal_run_needs_no_comment() {
    assert_eq!(of(&Fixture::normal(20)), []);
    assert_eq!(of(&Fixture::normal(20).without_capture()), []);
}
