//! Requests at a rate: when each is due.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{Nanos, Quantiles, Timestamp};

/// How many requests are due in a second, to a thousandth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(
    /// Requests in 1000 seconds.
    NonZeroU64,
);

/// Nanoseconds in 1000 seconds.
const NS: u128 = 1_000_000_000_000;

impl Rate {
    /// So many requests in 1000 seconds; `None` for none.
    #[must_use]
    pub fn in_1000_seconds(requests: u64) -> Option<Self> {
        NonZeroU64::new(requests).map(Self)
    }

    /// How long after request 0 a request is due. All times are reckoned from the
    /// beginning, so that no error adds up.
    #[must_use]
    pub fn due(self, request: u64) -> Nanos {
        let ns = u128::from(request) * NS / u128::from(self.0.get());
        Nanos::new(i64::try_from(ns).unwrap_or(i64::MAX))
    }

    /// How many requests are due within a time, its end excluded.
    #[must_use]
    pub fn requests_within(self, time: Nanos) -> u64 {
        let ns = u128::try_from(time.get()).unwrap_or(0);
        let requests = (ns * u128::from(self.0.get())).div_ceil(NS);
        u64::try_from(requests).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Rate {
    /// Requests a second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f64::from(*self).fmt(f)
    }
}

impl From<Rate> for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "rates are far below 2⁵² thousandths"
    )]
    fn from(rate: Rate) -> Self {
        rate.0.get() as Self / 1000.0
    }
}

impl TryFrom<f64> for Rate {
    type Error = &'static str;

    fn try_from(a_second: f64) -> Result<Self, Self::Error> {
        let thousandths = (a_second * 1000.0).round();
        if !(1.0..=1e15).contains(&thousandths) {
            return Err("a rate is a number of requests a second, at least 0.001");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is within these bounds"
        )]
        let thousandths = thousandths as u64;
        Self::in_1000_seconds(thousandths).ok_or("a rate is more than 0")
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "exclusiveMinimum": 0})
    }
}

/// Requests that were due at fixed times, whether those before had ended or not (an open
/// loop), and how long they took. Measured from its start alone, a request that had to
/// wait for its turn because the server stood still looks quick (coordinated omission);
/// from when it was due, it shows how long its user would have waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OpenLoop {
    /// How many requests were due in a second.
    pub rate: Rate,
    /// For how long requests were to be made; `null` where their number was given.
    pub duration_ns: Option<Nanos>,
    /// When request 0 was due; request n was n divided by the rate later. `null` where
    /// the client did not come to tell.
    pub first_due_ns: Option<Timestamp>,
    /// Response time: from when a request was due to when its worker had read its answer.
    /// Of requests with an answer; `null` when there was none.
    pub response: Option<Quantiles>,
    /// Service time of the same: from when a worker took the request up, before
    /// connect(2), to when it had read its answer.
    pub service: Option<Quantiles>,
    /// How late requests were taken up, answered or not: because all workers were busy,
    /// or as many were in flight as may be.
    pub start_delay: Option<Quantiles>,
    /// Requests that were never begun: when the time allowed for the last one was over,
    /// all workers were still busy with earlier ones, or the client was ended. They have
    /// failed (`requests.failed.not_attempted`). `null` where the client did not come to
    /// tell.
    pub not_begun: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(a_second: f64) -> Rate {
        Rate::try_from(a_second).unwrap()
    }

    #[test]
    fn requests_are_due_at_fixed_times() {
        let due = |n| rate(500.0).due(n).get();
        assert_eq!([due(0), due(1), due(500)], [0, 2_000_000, 1_000_000_000]);
        // No error adds up: a third of a second, three million times.
        assert_eq!(rate(3.0).due(3_000_000).get(), 1_000_000_000_000_000);
        assert_eq!(rate(0.5).due(1).get(), 2_000_000_000);
        assert_eq!(rate(1e9).due(u64::MAX).get(), i64::MAX);
    }

    #[test]
    fn so_many_are_due_within_a_time() {
        let within = |a_second, ns| rate(a_second).requests_within(Nanos::new(ns));
        assert_eq!(within(500.0, 2_000_000_000), 1000);
        assert_eq!(within(500.0, 2_000_000), 1);
        assert_eq!(within(500.0, 2_000_001), 2);
        assert_eq!(within(0.5, 1), 1);
        assert_eq!(within(0.5, -1), 0);
        // The last of them is due within it, the next one not.
        for (a_second, ns) in [(3.0, 1_000_000_000), (7.5, 999_999_999), (0.001, 5)] {
            let n = within(a_second, ns);
            assert!(rate(a_second).due(n - 1).get() < ns);
            assert!(rate(a_second).due(n).get() >= ns);
        }
    }

    #[test]
    fn a_rate_is_a_number_a_second() {
        assert_eq!(rate(500.0).to_string(), "500");
        assert_eq!(rate(0.5).to_string(), "0.5");
        assert_eq!(serde_json::to_string(&rate(2.5)).unwrap(), "2.5");
        assert_eq!(serde_json::from_str::<Rate>("2.5").unwrap(), rate(2.5));
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.0004] {
            assert!(Rate::try_from(wrong).is_err(), "{wrong}");
        }
    }
}
