//! The page's clock: its zero, and how fine its times are.

use chrono::{DateTime, SecondsFormat};

use crate::model::{FlowRecord, Packed, Side, Timestamp, WorkerRecord};

/// From here on times are rounded: jitter does not pack, and three digits more of it
/// would make the page twice as large.
const FINE: usize = 20_000;

const NANOS: SecondsFormat = SecondsFormat::Nanos;

/// Times as the page has them: units since its zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    zero: Timestamp,
    /// Nanoseconds.
    pub(super) unit_ns: i64,
}

impl Clock {
    /// Begins with the first thing that a client did: that is what a reader looks for.
    /// Where nothing is known of one it begins `otherwise`.
    pub(super) fn of(
        flows: &[FlowRecord],
        workers: &Packed<WorkerRecord>,
        otherwise: Option<Timestamp>,
        rows: usize,
    ) -> Self {
        let wire = flows.iter().map(|f| f.first_ns);
        let clients = workers.iter().filter(|w| w.side == Side::Client);
        let first = wire.chain(clients.filter_map(|w| w.started_ns)).min();
        Self {
            zero: first.or(otherwise).unwrap_or_default(),
            unit_ns: if rows > FINE { 100 } else { 1 },
        }
    }

    /// The same with a unit so many times as long.
    pub(super) fn coarser(self, times: i64) -> Self {
        let unit_ns = self.unit_ns * times;
        Self { unit_ns, ..self }
    }

    pub(super) fn at(self, time: Timestamp) -> i64 {
        time.since(self.zero).get().div_euclid(self.unit_ns)
    }

    /// The zero in the run's own time of day, as RFC 3339 writes it.
    pub(super) fn zero(self, started: &str) -> String {
        let utc = DateTime::from_timestamp_nanos(self.zero.as_nanos());
        let text = match DateTime::parse_from_rfc3339(started) {
            Ok(run) => utc
                .with_timezone(run.offset())
                .to_rfc3339_opts(NANOS, false),
            Err(_) => utc.to_rfc3339_opts(NANOS, false),
        };
        // As the rest of the page writes its times.
        text.replace('T', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Fixture;

    #[test]
    fn the_zero_is_the_clients_first_deed_in_the_runs_own_zone() {
        let run = Fixture::normal(3);
        let clock = Clock::of(&run.flows, crate::testkit::packed(&run.workers), None, 3);
        assert_eq!(clock.at(run.workers[0].started_ns.unwrap()), 0);
        assert_eq!(clock.at(run.flows[0].first_ns), 4_000);
        assert_eq!(
            clock.zero(&run.run.started),
            "2025-10-09 15:53:19.999996000+07:00"
        );
        assert!(clock.zero("yesterday").ends_with("+00:00"));
    }

    #[test]
    fn times_of_many_flows_are_rounded_down() {
        let run = Fixture::normal(1);
        let clock = Clock::of(&run.flows, crate::testkit::packed(&[]), None, FINE + 1);
        let before = run.flows[0].first_ns.plus(crate::model::Nanos::new(-1));
        assert_eq!((clock.unit_ns, clock.at(before)), (100, -1));
    }
}
