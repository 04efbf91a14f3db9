//! Moments and durations, in nanoseconds.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// A moment: nanoseconds since the Unix epoch, by the capture's clock.
///
/// Signed, because a capture file may hold any time at all; the range is the
/// years 1677 to 2262, and readers clamp what lies outside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "i64", into = "i64")]
#[cfg_attr(test, schemars(extend("x-unit" = "Nanoseconds since the Unix epoch.")))]
pub struct Timestamp(
    /// The nanoseconds with their sign bit turned, which keeps their order. Never 0, so
    /// that an `Option` of a moment takes no more room than a moment: records of
    /// millions of flows are made of these.
    NonZeroU64,
);

/// Turns the sign bit of a moment.
const SIGN: u64 = 1 << 63;

/// 0 is the least number of all, and the moment after it stands for it.
const fn packed(ns: i64) -> NonZeroU64 {
    match NonZeroU64::new(ns.cast_unsigned() ^ SIGN) {
        Some(packed) => packed,
        None => NonZeroU64::MIN,
    }
}

impl Timestamp {
    /// The moment `ns` nanoseconds after the Unix epoch.
    #[must_use]
    pub const fn from_nanos(ns: i64) -> Self {
        Self(packed(ns))
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// How long after `earlier` this moment is; negative when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Nanos {
        Nanos::new(self.as_nanos().saturating_sub(earlier.as_nanos()))
    }

    /// The moment `span` later.
    #[must_use]
    pub const fn plus(self, span: Nanos) -> Self {
        Self::from_nanos(self.as_nanos().saturating_add(span.get()))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_nanos(0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_nanos()).finish()
    }
}

impl From<i64> for Timestamp {
    fn from(ns: i64) -> Self {
        Self::from_nanos(ns)
    }
}

impl From<Timestamp> for i64 {
    fn from(at: Timestamp) -> Self {
        at.as_nanos()
    }
}

/// A duration in nanoseconds; negative where a capture's times run backwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "i64", into = "i64")]
#[cfg_attr(test, schemars(extend("x-unit" = "Nanoseconds.")))]
pub struct Nanos(
    /// As in a [`Timestamp`].
    NonZeroU64,
);

impl Nanos {
    /// A duration of `ns` nanoseconds.
    #[must_use]
    pub const fn new(ns: i64) -> Self {
        Self(packed(ns))
    }

    /// The number of nanoseconds.
    #[must_use]
    pub const fn get(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }
}

impl Default for Nanos {
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nanos").field(&self.get()).finish()
    }
}

impl From<i64> for Nanos {
    fn from(ns: i64) -> Self {
        Self::new(ns)
    }
}

impl From<Nanos> for i64 {
    fn from(span: Nanos) -> Self {
        span.get()
    }
}

impl From<std::time::Duration> for Nanos {
    fn from(d: std::time::Duration) -> Self {
        Self::new(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
    }
}
