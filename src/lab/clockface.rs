//! The time of day, as the server's threads read it.
//!
//! Turning a second into local time takes a lock of the C library that all threads
//! share: too much for a thread that lives for one answer. So the first thread that
//! asks in a second does it, and leaves the result in one atomic word for the others.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chrono::Timelike;

use crate::model::{TimeOfDay, Timestamp};
use crate::sys::clock;

/// Local time, remembered for the length of a second.
#[derive(Debug, Default)]
pub struct Clockface {
    /// `second << 24 | hour << 16 | minute << 8 | second of minute`; 0: nothing yet.
    latest: AtomicU64,
}

impl Clockface {
    /// The local time of day at this moment.
    pub fn read(&self, now: Timestamp) -> TimeOfDay {
        let second = now.as_nanos().div_euclid(1_000_000_000);
        let stamp = second.cast_unsigned() << 24;
        let latest = self.latest.load(Relaxed);
        if latest != 0
            && latest & !0xff_ffff == stamp
            && let [.., h, m, s] = latest.to_be_bytes()
            && let Some(time) = TimeOfDay::new(h, m, s)
        {
            return time;
        }
        let (h, m, s) = local(second);
        let parts = u64::from(h) << 16 | u64::from(m) << 8 | u64::from(s);
        self.latest.store(stamp | parts, Relaxed);
        TimeOfDay::new(h, m, s).unwrap_or_else(midnight)
    }
}

fn midnight() -> TimeOfDay {
    TimeOfDay::from_bytes(b"00:00:00").expect("a time of day")
}

fn local(second: i64) -> (u8, u8, u8) {
    let part = |n: u32| u8::try_from(n).unwrap_or(0);
    let time = clock::local(second);
    (part(time.hour()), part(time.minute()), part(time.second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_with_the_second_and_stays_within_it() {
        let face = Clockface::default();
        let at = |ns| face.read(Timestamp::from_nanos(ns));
        let first = at(1_700_000_000_000_000_000);
        assert_eq!(at(1_700_000_000_999_999_999), first);
        assert_ne!(at(1_700_000_001_000_000_000), first);
        assert_eq!(at(1_700_000_000_500_000_000), first);
    }
}
