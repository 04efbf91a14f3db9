//! The clocks. Only this file asks them; pure code gets times with its data.

use rustix::time::{ClockId, clock_gettime};

use crate::model::{Nanos, Timestamp};

/// Nanoseconds of a `Timespec`.
fn nanos(t: rustix::time::Timespec) -> i64 {
    t.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(t.tv_nsec)
}

/// Now, by the clock that the kernel stamps captured frames with (`CLOCK_REALTIME`).
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_nanos(nanos(clock_gettime(ClockId::Realtime)))
}

/// CPU time that the calling thread has used.
#[must_use]
pub fn thread_cpu() -> Nanos {
    Nanos::new(nanos(clock_gettime(ClockId::ThreadCPUTime)))
}
