//! Runs to compare, made up for tests.

use super::{Client, Contender, Measured, contenders};
use crate::model::{Nanos, ServerModel, Strategy};
use crate::testkit::Fixture;

/// Two strategies with one model, in these sizes.
pub fn two(sizes: &[u32]) -> Vec<Contender> {
    let clients = [Strategy::Thread, Strategy::Async].map(Client::Strategy);
    contenders(&clients, &[ServerModel::Thread], sizes)
}

/// A run of a contender that took so long.
pub fn run(contender: usize, number: usize, milliseconds: i64) -> Measured {
    let mut run = Fixture::normal(10).run;
    run.observer.client_duration_ns = Some(Nanos::new(milliseconds * 1_000_000));
    Measured {
        contender,
        folder: format!("{contender}-{number}"),
        run,
        open_flows: Some(3),
        syn_retransmissions: Some(1),
        held: true,
    }
}

/// Runs of a contender that took so long.
pub fn runs(contender: usize, milliseconds: &[i64]) -> Vec<Measured> {
    let numbered = milliseconds.iter().enumerate();
    numbered.map(|(i, ms)| run(contender, i + 1, *ms)).collect()
}
