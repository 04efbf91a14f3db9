//! Values of options: durations and sizes with their units.

use std::time::Duration;

use crate::model::Rate;
use crate::session::run::Rotate;

/// How a value is called on the command line.
pub fn name(value: impl clap::ValueEnum + Copy) -> String {
    let name = value.to_possible_value();
    name.map(|n| n.get_name().to_owned()).unwrap_or_default()
}

/// A day.
const LONGEST: Duration = Duration::from_hours(24);

/// A duration: `5`, `5s`, `250ms`, `2m`, `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration is a number followed by s, ms, m or h, for example 250ms".to_owned();
    let (number, unit) = split(text);
    let seconds_of = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds_of)
        .ok()
        .filter(|d| !d.is_zero() && *d <= LONGEST)
        .ok_or_else(|| "a duration must be more than 0 and at most one day".to_owned())
}

/// A number of requests a second: `500`, `500/s`, `0.5`.
pub fn rate(text: &str) -> Result<Rate, String> {
    let wrong =
        || "a rate is a number of requests a second, at least 0.001, for example 500/s".to_owned();
    let number = text.strip_suffix("/s").unwrap_or(text);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Rate::try_from(number).map_err(|_| wrong())
}

/// A size in bytes: `1048576`, `512k`, `32M`, `1GiB`.
pub fn size(text: &str) -> Result<u32, String> {
    u32::try_from(bytes(text)?)
        .ok()
        .filter(|n| i32::try_from(*n).is_ok())
        .ok_or_else(|| "a size must be less than 2 GiB".to_owned())
}

/// When a file goes on in another: a size, `64k`, `100M`, or a time, `30s`, `10m`.
pub fn rotate(text: &str) -> Result<Rotate, String> {
    const LEAST: u64 = 64 << 10;
    let (_, unit) = split(text);
    if matches!(unit, "s" | "m" | "min" | "h") {
        let time = duration(text)?;
        if time < Duration::from_secs(1) {
            return Err("a file of a capture is of 1 s at least".to_owned());
        }
        return Ok(Rotate::Time(time.into()));
    }
    let size = bytes(text).map_err(|e| format!("{e}; or a time, for example 10m"))?;
    if size < LEAST {
        return Err("a file of a capture has 64k at least".to_owned());
    }
    Ok(Rotate::Size(size))
}

/// The numbers of requests of a sweep, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(pub Vec<u32>);

/// The numbers of requests of a sweep: `n=100,1000`.
pub fn sizes(text: &str) -> Result<Sizes, String> {
    const FORM: &str =
        "a sweep is n= followed by two or more numbers of requests, for example n=100,1000,10000";
    let list = text.strip_prefix("n=").ok_or(FORM)?;
    let mut sizes = Vec::new();
    for number in list.split(',') {
        let n: u32 = number.trim().parse().map_err(|_| FORM)?;
        if !(1..=10_000_000).contains(&n) {
            return Err("a number of requests must be between 1 and 10000000".to_owned());
        }
        sizes.push(n);
    }
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.len() < 2 {
        return Err(FORM.to_owned());
    }
    Ok(Sizes(sizes))
}

/// The size of a thread's stack: as above, without the bound, and not below
/// what a thread needs (`PTHREAD_STACK_MIN`).
pub fn stack_size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 16 << 10;
    const MOST: u64 = 1 << 47;
    Some(bytes(text)?)
        .filter(|n| (LEAST..=MOST).contains(n))
        .map(|n| n.next_multiple_of(4096))
        .ok_or_else(|| "a stack size must be between 16k and 128T".to_owned())
}

/// A share in percent: `5`, `5%`.
pub fn percent(text: &str) -> Result<u64, String> {
    text.strip_suffix('%')
        .unwrap_or(text)
        .parse()
        .ok()
        .filter(|n| *n <= 100)
        .ok_or_else(|| "a percentage must be a whole number from 0 to 100".to_owned())
}

fn bytes(text: &str) -> Result<u64, String> {
    let wrong =
        || "a size is a whole number, alone or followed by k, M or G, for example 64k".to_owned();
    let (number, unit) = split(text);
    let shift = match unit.trim_end_matches("iB").trim_end_matches('B') {
        "" => 0,
        "k" | "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

fn split(text: &str) -> (&str, &str) {
    let at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("2.5s"), Ok(Duration::from_millis(2500)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("24h"), Ok(LONGEST));
        for wrong in [
            "",
            "0",
            "s",
            "-1",
            "5 parsecs",
            "nan",
            "1e99",
            "90000",
            "25h",
            "h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size("96"), Ok(96));
        assert_eq!(size("512k"), Ok(512 << 10));
        assert_eq!(size("32MiB"), Ok(32 << 20));
        for wrong in ["", "k", "-1", "1.5M", "2G", "9999999999", "1T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn stacks_have_whole_pages() {
        assert_eq!(stack_size("16k"), Ok(16 << 10));
        assert_eq!(stack_size("20000"), Ok(20 << 10));
        assert_eq!(stack_size("16G"), Ok(16 << 30));
        for wrong in ["15k", "0", "129T", "99999999T", "many"] {
            assert!(stack_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_are_whole_percents() {
        assert_eq!(percent("5"), Ok(5));
        assert_eq!(percent("100%"), Ok(100));
        for wrong in ["", "%", "-1", "101", "2.5"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
