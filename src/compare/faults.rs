//! What did not go well in the runs, and makes their figures compare badly.

use serde_json::{Map, Value};

use super::Measured;
use super::measured::TIME_LIMIT;
use crate::model::{CompareRow, ComparisonCode, Finding, Phrase, Severity};
use crate::wording::{compared, finding};

/// The finding of a run with a network of its own, of which a program wanted to get out,
/// and the one of a comparison with such a run. By itself it is no failure.
const OUTSIDE: &str = "isolated_outside";

/// The findings that mean exit status 1.
const FAULTS: [&str; 4] = [
    ComparisonCode::RunsDidNotHold.name(),
    ComparisonCode::RowsWithFailures.name(),
    "no_connection",
    TIME_LIMIT,
];

/// Whether a finding says that something did not hold.
#[must_use]
pub fn did_not_hold(finding: &Finding) -> bool {
    FAULTS.contains(&finding.code.as_str())
}

/// The findings, the most general first.
pub(super) fn faults(rows: &[CompareRow], measured: &[Measured]) -> Vec<Finding> {
    let all = [
        runs(measured),
        with_failures(rows),
        no_connection(rows, measured),
        not_in_time(rows, measured),
        outside(rows, measured),
    ];
    all.into_iter().flatten().collect()
}

/// Runs that ended with exit status 1.
fn runs(measured: &[Measured]) -> Option<Finding> {
    let failed: Vec<&str> = measured
        .iter()
        .filter(|m| !m.held)
        .map(|m| m.folder.as_str())
        .collect();
    let first = failed.first()?;
    Some(
        finding(
            FAULTS[0],
            Severity::Warning,
            vec![compared::runs_did_not_hold(
                failed.len() as u64,
                measured.len() as u64,
                first,
                failed.len() > 1,
            )],
        )
        .with("runs", failed.clone()),
    )
}

/// Rows whose times are not those of all their requests.
fn with_failures(rows: &[CompareRow]) -> Option<Finding> {
    let failed = rows.iter().filter(|row| row.failed > Some(0));
    let (names, said): (Map<String, Value>, Vec<Phrase>) = failed
        .map(|row| {
            let failed = row.failed.unwrap_or_default();
            let all = row.requests.saturating_mul(row.repeats);
            let said = compared::row(&row.name, failed, all);
            ((row.name.clone(), Value::from(failed)), said)
        })
        .unzip();
    if said.is_empty() {
        return None;
    }
    Some(
        finding(
            FAULTS[1],
            Severity::Warning,
            vec![compared::rows_with_failures(said)],
        )
        .with("failed", names),
    )
}

/// Runs in which the client never tried to connect.
fn no_connection(rows: &[CompareRow], measured: &[Measured]) -> Option<Finding> {
    let idle: Vec<&Measured> = measured.iter().filter(|m| m.connected_nowhere()).collect();
    let folders: Vec<&str> = idle.iter().map(|m| m.folder.as_str()).collect();
    let first = folders.first()?;
    let names: Vec<&str> = rows
        .iter()
        .enumerate()
        .filter(|(at, _)| idle.iter().any(|m| m.contender == *at))
        .map(|(_, row)| row.name.as_str())
        .collect();
    Some(
        finding(
            FAULTS[2],
            Severity::Warning,
            vec![compared::no_connection(
                names,
                folders.len() as u64,
                first,
                folders.len() > 1,
            )],
        )
        .with("runs", folders.clone()),
    )
}

/// Runs whose client was ended because its time was over.
fn not_in_time(rows: &[CompareRow], measured: &[Measured]) -> Option<Finding> {
    let cut = measured.iter().filter(|m| m.was_too_long());
    let folders: Vec<&str> = cut.map(|m| m.folder.as_str()).collect();
    let first = folders.first()?;
    let late = rows.iter().filter(|row| row.time_limit_reached > 0);
    let names: Vec<&str> = late.map(|row| row.name.as_str()).collect();
    Some(
        finding(
            FAULTS[3],
            Severity::Warning,
            vec![compared::time_limit(
                names,
                folders.len() as u64,
                first,
                folders.len() > 1,
            )],
        )
        .with("runs", folders.clone()),
    )
}

/// Runs with a network of their own, in which a program wanted something outside.
fn outside(rows: &[CompareRow], measured: &[Measured]) -> Option<Finding> {
    let told = |m: &&Measured| {
        let mut findings = m.run.findings.iter();
        findings.any(|f| f.code == OUTSIDE && f.severity >= Severity::Warning)
    };
    let all: Vec<&Measured> = measured.iter().filter(told).collect();
    let folders: Vec<&str> = all.iter().map(|m| m.folder.as_str()).collect();
    let first = folders.first()?;
    let of_row = |at: usize| all.iter().any(|m| m.contender == at);
    let told = rows.iter().enumerate().filter(|(at, _)| of_row(*at));
    let names: Vec<&str> = told.map(|(_, row)| row.name.as_str()).collect();
    let n = folders.len() as u64;
    let said = compared::isolated_outside(names, n, first, n > 1);
    Some(finding(OUTSIDE, Severity::Warning, vec![said]).with("runs", folders.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::rows::rows;
    use crate::compare::testkit::{runs as runs_of, two};

    fn told(measured: &[Measured]) -> Vec<Finding> {
        faults(&rows(&two(&[10]), measured), measured)
    }

    #[test]
    fn who_did_not_end_in_time_is_named() {
        let mut measured = runs_of(0, &[5, 6]);
        measured.extend(runs_of(1, &[7]));
        assert!(told(&measured).is_empty());
        let late = Finding::new(TIME_LIMIT, Severity::Error, "late");
        measured[1].run.findings.push(late);
        let said = told(&measured);
        let said = said.iter().find(|f| f.code == TIME_LIMIT).unwrap();
        assert!(said.message.contains("in 1 run (0-2)"), "{}", said.message);
        assert!(did_not_hold(said));
    }

    #[test]
    fn who_wanted_something_outside_is_named() {
        let mut measured = runs_of(0, &[5, 6]);
        measured.extend(runs_of(1, &[7]));
        // Perhaps nobody listens outside either.
        let note = Finding::new(OUTSIDE, Severity::Info, "refused");
        measured[2].run.findings.push(note);
        assert!(told(&measured).is_empty());
        let wanted = Finding::new(OUTSIDE, Severity::Warning, "unreachable");
        measured[1].run.findings.push(wanted);
        let said = told(&measured);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].code, OUTSIDE);
        let message = &said[0].message;
        assert!(message.starts_with("thread wanted something"), "{message}");
        assert!(message.contains("in 1 run (0-2)"), "{message}");
        assert!(message.contains("--isolate never"), "{message}");
        assert!(!did_not_hold(&said[0]));
    }

    #[test]
    fn who_failed_is_named() {
        let mut measured = runs_of(0, &[5, 6]);
        measured.extend(runs_of(1, &[7, 8]));
        assert_eq!(told(&measured), []);
        for m in &mut measured[2..] {
            m.held = false;
            m.run.requests.failed = [("not_attempted".to_owned(), 4)].into();
        }
        let found = told(&measured);
        let codes: Vec<&str> = found.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["runs_did_not_hold", "rows_with_failures"]);
        assert!(found.iter().all(did_not_hold));
        let other = Finding::new("few_repeats", Severity::Warning, String::new());
        assert!(!did_not_hold(&other));
        assert!(
            found[0]
                .message
                .starts_with("2 of 4 runs had failures (1-1, …)")
        );
        assert!(found[1].message.contains("(async 8 of 20)"), "{found:?}");
        assert_eq!(found[1].evidence["failed"]["async"], 8);
    }

    #[test]
    fn every_one_is_told_in_every_language() {
        let mut measured = runs_of(0, &[5, 6]);
        measured[0].held = false;
        measured[0].run.requests.failed = [("timeout".to_owned(), 2)].into();
        measured[1].run.requests.attempted = Some(0);
        let late = Finding::new(TIME_LIMIT, Severity::Error, "late");
        measured[1].run.findings.push(late);
        let wanted = Finding::new(OUTSIDE, Severity::Warning, "unreachable");
        measured[1].run.findings.push(wanted);
        let found = told(&measured);
        assert_eq!(found.len(), FAULTS.len() + 1);
        for finding in found {
            for lang in crate::lang::Lang::ALL {
                assert!(crate::wording::is_told(&finding, *lang), "{finding:?}");
            }
        }
    }

    #[test]
    fn a_program_that_does_nothing_is_told() {
        let mut measured = runs_of(0, &[5, 6]);
        measured[1].run.requests.attempted = Some(0);
        let found = told(&measured);
        assert_eq!(found.len(), 1);
        assert!(did_not_hold(&found[0]));
        let said = "thread made no connection in 1 run (0-2)";
        assert!(found[0].message.starts_with(said), "{found:?}");
        // Where it was not traced, the wire tells; without a capture nobody does.
        measured[1].run.requests.attempted = None;
        measured[1].run.requests.on_wire = Some(0);
        assert_eq!(told(&measured).len(), 1);
        measured[1].run.requests.on_wire = None;
        assert_eq!(told(&measured), []);
    }
}
