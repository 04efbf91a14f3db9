//! A pcapng interface's clock: what its time stamps count, and from when.

use crate::model::Timestamp;

const SECOND: u64 = 1_000_000_000;

/// What one unit of a time stamp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many nanoseconds.
    Nanos(u64),
    /// So many are a nanosecond; 0 where they are more than fit.
    OfNano(u64),
    /// So many bits of the time stamp are a fraction of a second.
    Bits(u8),
}

/// Resolution (`if_tsresol`) and offset (`if_tsoffset`) of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    unit: Unit,
    offset_seconds: i64,
}

impl Clock {
    /// What holds without options: microseconds since 1970
    /// (draft-ietf-opsawg-pcapng, section 4.2).
    pub(super) const DEFAULT: Self = Self {
        unit: Unit::Nanos(1000),
        offset_seconds: 0,
    };

    /// `if_tsresol`: the highest bit says whether the others are a negative
    /// power of 2 or of 10.
    pub(super) fn set_resolution(&mut self, resolution: u8) {
        self.unit = match resolution {
            n @ 0..=9 => Unit::Nanos(10_u64.pow(u32::from(9 - n))),
            n @ 10..0x80 => Unit::OfNano(10_u64.checked_pow(u32::from(n - 9)).unwrap_or(0)),
            n => Unit::Bits(n & 0x7f),
        };
    }

    /// `if_tsoffset`: seconds to add to each time stamp.
    pub(super) const fn set_offset(&mut self, seconds: i64) {
        self.offset_seconds = seconds;
    }

    /// The moment that a time stamp means; past what a [`Timestamp`] can hold, the
    /// last that it can.
    #[inline]
    pub(super) fn moment(&self, stamp: u64) -> Timestamp {
        let nanos = match self.unit {
            Unit::Nanos(n) => u128::from(stamp) * u128::from(n),
            Unit::OfNano(n) => u128::from(stamp.checked_div(n).unwrap_or(0)),
            Unit::Bits(bits) => {
                let whole = stamp.checked_shr(u32::from(bits)).unwrap_or(0);
                let fraction = if bits < 64 {
                    stamp & ((1 << bits) - 1)
                } else {
                    stamp
                };
                u128::from(whole) * u128::from(SECOND)
                    + ((u128::from(fraction) * u128::from(SECOND)) >> bits)
            }
        };
        match (u64::try_from(nanos).map(i64::try_from), self.offset_seconds) {
            (Ok(Ok(nanos)), 0) => Timestamp::from_nanos(nanos),
            (_, offset) => far(nanos, offset),
        }
    }
}

#[cold]
fn far(nanos: u128, offset_seconds: i64) -> Timestamp {
    let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
    let moment = nanos.saturating_add(i128::from(offset_seconds) * i128::from(SECOND));
    let clamped = moment.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Timestamp::from_nanos(i64::try_from(clamped).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(resolution: u8, offset: i64, stamp: u64) -> i64 {
        let mut clock = Clock::DEFAULT;
        clock.set_resolution(resolution);
        clock.set_offset(offset);
        clock.moment(stamp).as_nanos()
    }

    #[test]
    fn powers_of_ten() {
        assert_eq!(moment(0, 0, 3), 3_000_000_000);
        assert_eq!(moment(3, 0, 3), 3_000_000);
        assert_eq!(moment(6, 0, 3), 3_000);
        assert_eq!(moment(9, 0, 3), 3);
        assert_eq!(moment(12, 0, 123_456_789), 123_456);
        assert_eq!(moment(28, 0, u64::MAX), 1);
        assert_eq!(moment(29, 0, u64::MAX), 0);
        assert_eq!(moment(127, 0, u64::MAX), 0);
    }

    #[test]
    fn powers_of_two() {
        assert_eq!(moment(0x80, 0, 3), 3_000_000_000);
        assert_eq!(moment(0x80 + 10, 0, 1024 + 512), 1_500_000_000);
        assert_eq!(moment(0x80 + 63, 0, 1 << 62), 500_000_000);
        assert_eq!(moment(0x80 + 64, 0, 1 << 63), 500_000_000);
        assert_eq!(moment(0xff, 0, u64::MAX), 0);
    }

    #[test]
    fn offsets_and_the_end_of_time() {
        assert_eq!(moment(9, -1, 3), -999_999_997);
        assert_eq!(moment(6, 100, 3), 100_000_003_000);
        assert_eq!(moment(0, 0, u64::MAX), i64::MAX);
        assert_eq!(moment(9, i64::MIN, 0), i64::MIN + 1);
        assert_eq!(moment(0, i64::MAX, u64::MAX), i64::MAX);
        // Beyond 64 bits of nanoseconds, and back by the offset.
        assert_eq!(moment(0, -10_000_000_000, 10_000_000_001), 1_000_000_000);
    }
}
