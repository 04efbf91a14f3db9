//! Figures as people read them: `10,000`, `1.20 ms`, `812 kB`, `1.8%`.
//!
//! Integers come in, three significant digits go out. Everything is reckoned
//! in integers, so that the same figure always gives the same text.

use crate::model::Nanos;

/// A count with a comma between thousands.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 flow`, `1,000 flows`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

const SECOND: u64 = 1_000_000_000;

/// A duration: `850 ns`, `45.2 µs`, `1.20 ms`, `3.01 s`, `2 min 05 s`, `3 h 07 min`.
#[must_use]
pub fn duration(span: Nanos) -> String {
    let sign = if span.get() < 0 { "-" } else { "" };
    let ns = span.get().unsigned_abs();
    // 59.95 s and more would be rounded to 60.0 s.
    if ns >= 60 * SECOND - SECOND / 20 {
        let seconds = ns.saturating_add(SECOND / 2) / SECOND;
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        return if hours == 0 {
            format!("{sign}{minutes} min {:02} s", seconds % 60)
        } else {
            format!("{sign}{} h {:02} min", count(hours), minutes % 60)
        };
    }
    let text = scaled(
        ns,
        &[("ns", 1), ("µs", 1_000), ("ms", 1_000_000), ("s", SECOND)],
    );
    format!("{sign}{text}")
}

/// A number of bytes in powers of 1000: `74 B`, `812 kB`, `1.25 MB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    scaled(
        n,
        &[
            ("B", 1),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
        ],
    )
}

/// A share of a whole: `1.8%`, `100%`; `None` of a whole that is nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> Option<String> {
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2).checked_div(whole.into())?;
    Some(if tenths == 0 && part > 0 {
        "under 0.1%".to_owned()
    } else if tenths >= 1000 && tenths.is_multiple_of(10) {
        format!("{}%", tenths / 10)
    } else {
        format!("{}.{}%", tenths / 10, tenths % 10)
    })
}

/// Three significant digits in the first unit in which they read below 1000.
fn scaled(n: u64, units: &[(&str, u64)]) -> String {
    let n = u128::from(n);
    for (i, &(name, size)) in units.iter().enumerate() {
        let size = u128::from(size);
        let last = i + 1 == units.len();
        // Rounded to no, one and two decimals.
        let [whole, tenths, hundredths] = [1, 10, 100].map(|k| (n * k + size / 2) / size);
        if size == 1 && whole < 1000 {
            return format!("{whole} {name}");
        }
        if hundredths < 1000 {
            return format!("{}.{:02} {name}", hundredths / 100, hundredths % 100);
        }
        if tenths < 1000 {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        if whole < 1000 || last {
            return format!("{} {name}", count(u64::try_from(whole).unwrap_or(u64::MAX)));
        }
    }
    n.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_have_commas() {
        let read = [0, 999, 1_000, 10_000, 1_234_567].map(count);
        assert_eq!(read, ["0", "999", "1,000", "10,000", "1,234,567"]);
        assert_eq!(counted(1, "flow", "flows"), "1 flow");
        assert_eq!(counted(0, "flow", "flows"), "0 flows");
    }

    #[test]
    fn durations_have_three_digits() {
        let read = |ns| duration(Nanos::new(ns));
        assert_eq!(read(0), "0 ns");
        assert_eq!(read(999), "999 ns");
        assert_eq!(read(1_000), "1.00 µs");
        assert_eq!(read(45_249), "45.2 µs");
        assert_eq!(read(123_400), "123 µs");
        assert_eq!(read(999_499), "999 µs");
        assert_eq!(read(999_500), "1.00 ms");
        assert_eq!(read(1_200_000), "1.20 ms");
        assert_eq!(read(9_999_999), "10.0 ms");
        assert_eq!(read(3_012_000_000), "3.01 s");
        assert_eq!(read(59_949_999_999), "59.9 s");
        assert_eq!(read(59_950_000_000), "1 min 00 s");
        assert_eq!(read(125_000_000_000), "2 min 05 s");
        assert_eq!(read(11_220_000_000_000), "3 h 07 min");
        assert_eq!(read(-1_200_000), "-1.20 ms");
        assert_eq!(read(i64::MIN), "-2,562,047 h 47 min");
    }

    #[test]
    fn bytes_and_shares() {
        assert_eq!(bytes(74), "74 B");
        assert_eq!(bytes(811_900), "812 kB");
        assert_eq!(bytes(1_250_000), "1.25 MB");
        assert_eq!(bytes(u64::MAX), "18,446,744 TB");
        assert_eq!(percent(18, 1000).as_deref(), Some("1.8%"));
        assert_eq!(percent(1, 1).as_deref(), Some("100%"));
        assert_eq!(percent(3, 2).as_deref(), Some("150%"));
        assert_eq!(percent(0, 5).as_deref(), Some("0.0%"));
        assert_eq!(percent(1, 100_000).as_deref(), Some("under 0.1%"));
        assert_eq!(percent(1, 0), None);
    }

    proptest! {
        #[test]
        fn durations_below_a_minute_are_at_most_seven_wide(ns in 0_i64..59_950_000_000) {
            prop_assert!(duration(Nanos::new(ns)).chars().count() <= 7);
        }
    }
}
