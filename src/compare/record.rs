//! The record of a comparison, as far as it has come.

use super::differences::{differences, repeats_needed};
use super::faults::faults;
use super::growth::growths;
use super::process_cost::process_cost;
use super::rows::rows;
use super::{Contender, Measured};
use crate::model::{
    CompareRecord, CompareRow, ComparedPlan, ComparisonCode, Finding, Nanos, SCHEMA_COMPARE,
    Severity, Tool,
};
use crate::wording::{compared, finding};

/// How far a comparison has come.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// When it began, as RFC 3339 writes it.
    pub started: &'a str,
    /// How long ago that was.
    pub duration: Nanos,
    /// What was asked for.
    pub plan: &'a ComparedPlan,
    /// Who takes part.
    pub contenders: &'a [Contender],
    /// The runs that were made.
    pub measured: &'a [Measured],
    /// Before how many runs the system had not come to rest.
    pub unsettled: u32,
    /// Whether a person ended it.
    pub interrupted: bool,
    /// Why no more runs could be made.
    pub broken: Option<&'a str>,
}

/// The record.
#[must_use]
pub fn record(progress: &Progress<'_>) -> CompareRecord {
    let rows = rows(progress.contenders, progress.measured);
    let complete = rows.iter().all(|row| row.repeats == progress.plan.repeat);
    CompareRecord {
        schema: SCHEMA_COMPARE.to_owned(),
        tool: Tool::this(),
        started: progress.started.to_owned(),
        duration_ns: progress.duration,
        environment: progress.measured.first().map(|m| m.run.environment.clone()),
        plan: ComparedPlan {
            isolated: have_own_networks(progress.measured),
            ..progress.plan.clone()
        },
        complete,
        differences: differences(progress.contenders, &rows),
        growth: growths(progress.contenders, &rows),
        findings: findings(progress, &rows),
        rows,
    }
}

/// Whether each run had a network of its own.
fn have_own_networks(measured: &[Measured]) -> bool {
    !measured.is_empty() && measured.iter().all(|m| m.run.plan.isolated)
}

fn findings(progress: &Progress<'_>, rows: &[CompareRow]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if progress.interrupted {
        findings.push(finding(
            "interrupted",
            Severity::Warning,
            vec![compared::interrupted()],
        ));
    }
    if let Some(reason) = progress.broken {
        findings.push(finding(
            ComparisonCode::RunNotMade.name(),
            Severity::Error,
            vec![compared::run_not_made(reason)],
        ));
    }
    findings.extend(faults(rows, progress.measured));
    findings.extend(process_cost(progress.contenders, rows, progress.measured));
    let repeat = u32::try_from(progress.plan.repeat).unwrap_or(u32::MAX);
    if let Some(needed) = repeats_needed(progress.contenders, rows, repeat) {
        findings.push(
            finding(
                ComparisonCode::TooFewRepeats.name(),
                Severity::Info,
                vec![compared::too_few_repeats(
                    &repeat.to_string(),
                    &needed.to_string(),
                )],
            )
            .with("repeats_needed", needed),
        );
    }
    if progress.unsettled > 0 {
        findings.push(
            finding(
                ComparisonCode::NotSettled.name(),
                Severity::Info,
                vec![compared::not_settled(u64::from(progress.unsettled))],
            )
            .with("runs", progress.unsettled),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::testkit::{runs, two};

    #[test]
    fn whether_the_runs_had_networks_of_their_own() {
        let mut measured = runs(0, &[5, 6]);
        assert!(!have_own_networks(&[]));
        assert!(!have_own_networks(&measured));
        measured[0].run.plan.isolated = true;
        assert!(!have_own_networks(&measured));
        measured[1].run.plan.isolated = true;
        assert!(have_own_networks(&measured));
    }

    #[test]
    fn how_far_it_has_come() {
        let plan = ComparedPlan {
            sizes: vec![10],
            repeat: 2,
            warmup: 0,
            options: Vec::new(),
            isolated: false,
        };
        let contenders = two(&[10]);
        let mut measured = runs(0, &[5, 6]);
        measured.extend(runs(1, &[7]));
        measured[2].held = false;
        let mut progress = Progress {
            started: "2026-11-23T00:00:00+00:00",
            duration: Nanos::new(1),
            plan: &plan,
            contenders: &contenders,
            measured: &measured,
            unsettled: 1,
            interrupted: true,
            broken: Some("out of threads"),
        };
        let codes = |progress: &Progress<'_>| {
            let found = record(progress).findings;
            found.into_iter().map(|f| f.code).collect::<Vec<_>>()
        };
        assert!(!record(&progress).complete);
        assert_eq!(
            codes(&progress),
            [
                "interrupted",
                "run_not_made",
                "runs_did_not_hold",
                "too_few_repeats",
                "not_settled"
            ]
        );
        let mut whole = runs(0, &[5, 6]);
        whole.extend(runs(1, &[7, 8]));
        progress.measured = &whole;
        progress.interrupted = false;
        progress.broken = None;
        progress.unsettled = 0;
        assert!(record(&progress).complete);
        assert!(!record(&progress).plan.isolated);
        assert_eq!(codes(&progress), ["too_few_repeats"]);
        let mut isolated = runs(0, &[5, 6]);
        isolated.extend(runs(1, &[7, 8]));
        for one in &mut isolated {
            one.run.plan.isolated = true;
        }
        progress.measured = &isolated;
        assert!(record(&progress).plan.isolated);
    }
}
