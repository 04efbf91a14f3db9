//! What processes cost against threads, where the runs leave no doubt.

use super::{Client, Contender, Measured};
use crate::model::{CompareRow, ComparisonCode, Finding, Nanos, Severity, Strategy};
use crate::wording::{self, compared};

/// From how many runs of each row on something is said.
const RUNS: usize = 3;

/// A row of processes whose client took more CPU time in each of its runs than that of
/// the same row with threads in any: of the largest size. Rows in which something
/// failed did not do the same work.
pub(super) fn process_cost(
    contenders: &[Contender],
    rows: &[CompareRow],
    measured: &[Measured],
) -> Option<Finding> {
    let all = || contenders.iter().enumerate();
    let of = |strategy| move |c: &Contender| c.client == Client::Strategy(strategy);
    let pairs = all()
        .filter(|(_, c)| of(Strategy::Process)(c))
        .filter_map(|(at, process)| {
            let like_it = |c: &Contender| {
                of(Strategy::Thread)(c)
                    && (&c.server, c.requests) == (&process.server, process.requests)
            };
            Some((at, all().find(|(_, c)| like_it(c))?.0))
        });
    let told = pairs.filter_map(|(process, thread)| {
        let whole = !rows[process].fell_short() && !rows[thread].fell_short();
        let (more, less) = (cpu(process, measured)?, cpu(thread, measured)?);
        let apart = more.first()? > less.last()?;
        (whole && apart).then(|| finding(&rows[process], &rows[thread], &more, &less))
    });
    told.max_by_key(|(requests, _)| *requests)
        .map(|told| told.1)
}

/// CPU times of the clients of a row, the shortest first; `None` where one was not
/// measured, or there are few.
fn cpu(contender: usize, measured: &[Measured]) -> Option<Vec<Nanos>> {
    let runs = measured.iter().filter(|m| m.contender == contender);
    let mut times: Vec<Nanos> = runs
        .map(|m| m.run.sides.client.cpu_ns)
        .collect::<Option<_>>()?;
    times.sort_unstable();
    (times.len() >= RUNS).then_some(times)
}

/// The number of requests, and the finding.
fn finding(
    process: &CompareRow,
    thread: &CompareRow,
    more: &[Nanos],
    less: &[Nanos],
) -> (u64, Finding) {
    let median = |times: &[Nanos]| times[(times.len() - 1) / 2];
    let (most, least) = (median(more), median(less));
    let sentence =
        compared::process_cost(process.requests, most, &process.name, least, &thread.name);
    let code = ComparisonCode::ProcessCost.name();
    let finding = wording::finding(code, Severity::Info, vec![sentence])
        .with("process", process.name.clone())
        .with("thread", thread.name.clone())
        .with("process_client_cpu_ns", most.get())
        .with("thread_client_cpu_ns", least.get());
    (process.requests, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::contenders;
    use crate::compare::rows::rows;
    use crate::compare::testkit::runs;
    use crate::model::ServerModel;

    fn both(models: &[ServerModel]) -> Vec<Contender> {
        let clients = [Strategy::Thread, Strategy::Process].map(Client::Strategy);
        contenders(&clients, models, &[10])
    }

    /// Runs of a contender whose client took this many milliseconds of CPU time.
    fn took(contender: usize, milliseconds: &[i64]) -> Vec<Measured> {
        let mut all = runs(contender, milliseconds);
        for (run, ms) in all.iter_mut().zip(milliseconds) {
            run.run.sides.client.cpu_ns = Some(Nanos::new(ms * 1_000_000));
        }
        all
    }

    fn told(measured: &[Measured]) -> Option<Finding> {
        let contenders = both(&[ServerModel::Thread]);
        process_cost(&contenders, &rows(&contenders, measured), measured)
    }

    #[test]
    fn what_processes_cost_is_told_where_no_run_overlaps() {
        let apart = [took(0, &[20, 10, 30]), took(1, &[90, 31, 50])].concat();
        let finding = told(&apart).unwrap();
        assert!(
            finding.message.starts_with(
                "For 10 requests the client took 50.0 ms of CPU time as process and 20.0 ms as \
                 thread (medians)"
            ),
            "{}",
            finding.message
        );
        assert_eq!(finding.severity, Severity::Info);
        assert_eq!(finding.evidence["process_client_cpu_ns"], 50_000_000);
        let overlap = [took(0, &[20, 10, 31]), took(1, &[90, 31, 50])].concat();
        assert_eq!(told(&overlap), None);
        let threads_cost_more = [took(1, &[20, 10, 30]), took(0, &[90, 31, 50])].concat();
        assert_eq!(told(&threads_cost_more), None);
    }

    #[test]
    fn it_is_not_told_of_few_runs_or_failed_ones_or_what_was_not_measured() {
        assert_eq!(told(&[took(0, &[1, 2]), took(1, &[9, 9])].concat()), None);
        assert_eq!(told(&took(1, &[9, 9, 9])), None);
        let good = [took(0, &[1, 2, 3]), took(1, &[9, 9, 9])].concat();
        assert!(told(&good).is_some());
        let mut unknown = good.clone();
        unknown[4].run.sides.client.cpu_ns = None;
        assert_eq!(told(&unknown), None);
        let mut failed = good;
        failed[4].run.requests.failed = [("timeout".to_owned(), 1)].into();
        assert_eq!(told(&failed), None);
    }

    #[test]
    fn only_rows_with_the_same_server_are_compared() {
        let models = [ServerModel::Thread, ServerModel::Async];
        let contenders = both(&models);
        let at = |strategy, model: ServerModel| {
            let is = |c: &Contender| {
                c.client == Client::Strategy(strategy) && c.server.model() == Some(model)
            };
            contenders.iter().position(is).unwrap()
        };
        let measured = [
            took(at(Strategy::Thread, ServerModel::Thread), &[1, 2, 3]),
            took(at(Strategy::Process, ServerModel::Async), &[9, 9, 9]),
        ]
        .concat();
        let rows = rows(&contenders, &measured);
        assert_eq!(process_cost(&contenders, &rows, &measured), None);
    }
}
