//! The clocks. Only this file asks them; pure code gets times with its data.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeZone, Utc};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

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

/// A timer as a descriptor: readable when its time is over, to the microsecond
/// (`timerfd_create(2)`).
#[derive(Debug)]
pub struct Alarm(OwnedFd);

impl Alarm {
    /// One that is not set.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Self(timerfd_create(TimerfdClockId::Monotonic, flags)?))
    }

    /// The same, watched by the event loop of the calling thread.
    ///
    /// # Errors
    /// When the event loop cannot watch it.
    pub fn on_event_loop(self) -> io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor is this one's own, is the same at every call of
        // `as_raw_fd`, and is closed when this one is dropped, not before.
        let watched = unsafe { AsyncFd::register(self) };
        watched.map_err(|e| e.into_parts().1)
    }

    /// Sets it to go off after this time, once.
    ///
    /// # Errors
    /// Never for a time that the system can tell.
    pub fn set(&self, after: Duration) -> io::Result<()> {
        let it_value = Timespec {
            tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            // A timer that is set to 0 is off.
            tv_nsec: i64::from(after.subsec_nanos().max(1)),
        };
        let it_interval = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let when = Itimerspec {
            it_interval,
            it_value,
        };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &when)?;
        Ok(())
    }
}

impl AsRawFd for Alarm {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// CPU time that the calling thread has used.
#[must_use]
pub fn thread_cpu() -> Nanos {
    Nanos::new(nanos(clock_gettime(ClockId::ThreadCPUTime)))
}

/// Now, by the clock by which the kernel's programs tell their times
/// (`CLOCK_MONOTONIC`), in nanoseconds.
#[must_use]
pub fn monotonic_ns() -> u64 {
    u64::try_from(nanos(clock_gettime(ClockId::Monotonic))).unwrap_or(0)
}

/// How far the capture's clock is before the monotonic one. Both are slewed alike; only
/// setting the time moves them apart.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic {
    ahead_ns: i64,
}

impl Monotonic {
    /// Looks for the first time.
    #[must_use]
    pub fn begin() -> Self {
        let looks = (0..8).map(|_| look());
        let best = looks.min_by_key(|look| look.1);
        Self {
            ahead_ns: best.map_or(0, |look| look.0),
        }
    }

    /// Looks again. One look is as exact as it is fast; the difference is taken to have
    /// changed only where it did so by more than that.
    pub fn look(&mut self) {
        const SET: i64 = 1_000_000;
        let (ahead, took) = look();
        if (ahead - self.ahead_ns).abs() > SET.saturating_add(took) {
            self.ahead_ns = ahead;
        }
    }

    /// A moment of the monotonic clock, by the capture's.
    #[must_use]
    pub fn at(self, monotonic_ns: u64) -> Timestamp {
        let ns = i64::try_from(monotonic_ns).unwrap_or(i64::MAX);
        Timestamp::from_nanos(ns.saturating_add(self.ahead_ns))
    }
}

/// The difference, and how long it took to look.
fn look() -> (i64, i64) {
    let before = nanos(clock_gettime(ClockId::Monotonic));
    let real = nanos(clock_gettime(ClockId::Realtime));
    let after = nanos(clock_gettime(ClockId::Monotonic));
    (real - (before + (after - before) / 2), after - before)
}

/// A second since the epoch in local time, as the C library has it (localtime(3)): a
/// `TZ` that names no time zone is UTC. Whatever file it names, no more of it is read than
/// a time zone has; chrono reads all of it, and `TZ=:/dev/zero` has no end.
#[must_use]
pub fn local(second: i64) -> DateTime<FixedOffset> {
    // SAFETY: a `tm` of zeros is a valid one; the call fills it in, and keeps nothing of
    // either pointer.
    let offset = unsafe {
        let mut broken_down: libc::tm = std::mem::zeroed();
        let known = libc::localtime_r(&raw const second, &raw mut broken_down);
        if known.is_null() {
            0
        } else {
            broken_down.tm_gmtoff
        }
    };
    let offset = i32::try_from(offset).ok().and_then(FixedOffset::east_opt);
    let offset = offset.unwrap_or_else(|| chrono::Offset::fix(&Utc));
    // Beyond what a date can be there is no moment of anybody's.
    let at = offset.timestamp_opt(second, 0).single();
    at.unwrap_or_else(|| DateTime::<Utc>::UNIX_EPOCH.with_timezone(&offset))
}

/// Now, in local time.
#[must_use]
pub fn local_now() -> DateTime<FixedOffset> {
    let now = now().as_nanos();
    local(now.div_euclid(1_000_000_000))
        + chrono::Duration::nanoseconds(now.rem_euclid(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_is_a_moment_and_an_offset() {
        for second in [0, 1_700_000_000, -1, 4_102_444_800] {
            assert_eq!(local(second).timestamp(), second);
        }
        let apart = local_now().timestamp() - now().as_nanos() / 1_000_000_000;
        assert!((-1..=1).contains(&apart), "{apart}");
        assert_eq!(local(i64::MAX).timestamp(), 0, "no such date");
    }
}
