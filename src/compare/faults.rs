//! What did not go well in the runs, and makes their figures compare badly.

use serde_json::{Map, Value};

use super::Measured;
use super::measured::TIME_LIMIT;
use crate::model::{CompareRow, ComparisonCode, Finding, Severity};
use crate::text::units::{count, counted};

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
    let of = counted(measured.len() as u64, "run", "runs");
    Some(
        Finding::new(
            FAULTS[0],
            Severity::Warning,
            format!(
                "{} of {of} had failures ({first}{}): run.json there says why. The times of such runs cannot be compared with others.",
                count(failed.len() as u64),
                and_more(&failed),
            ),
        )
        .with("runs", failed.clone()),
    )
}

/// Rows whose times are not those of all their requests.
fn with_failures(rows: &[CompareRow]) -> Option<Finding> {
    let failed = rows.iter().filter(|row| row.failed > Some(0));
    let (names, said): (Map<String, Value>, Vec<String>) = failed
        .map(|row| {
            let failed = row.failed.unwrap_or_default();
            let all = count(row.requests.saturating_mul(row.repeats));
            let said = format!("{} {} of {all}", row.name, count(failed));
            ((row.name.clone(), Value::from(failed)), said)
        })
        .unzip();
    if said.is_empty() {
        return None;
    }
    Some(
        Finding::new(
            FAULTS[1],
            Severity::Warning,
            format!(
                "Requests failed or were never made ({}): less work takes less time, so these rows cannot be called faster.",
                said.join(", ")
            ),
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
        Finding::new(
            FAULTS[2],
            Severity::Warning,
            format!(
                "{} made no connection in {} ({first}{}): client.log there may say why. To give a program the address of the server, use {{host}} and {{port}} in its command.",
                names.join(", "),
                counted(folders.len() as u64, "run", "runs"),
                and_more(&folders),
            ),
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
        Finding::new(
            FAULTS[3],
            Severity::Warning,
            format!(
                "{} did not end within --time-limit in {} ({first}{}): threadtap ended the client, and its time is not in the row's duration. A row with such a run cannot be called faster.",
                names.join(", "),
                counted(folders.len() as u64, "run", "runs"),
                and_more(&folders),
            ),
        )
        .with("runs", folders.clone()),
    )
}

fn and_more(all: &[&str]) -> &'static str {
    if all.len() > 1 { ", …" } else { "" }
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
