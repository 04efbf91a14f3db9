//! From the text of an expectation to its parts.
//!
//! `PATH OP VALUE`. A value is a number, a text (bare or in quotes), `true`,
//! `false` or `null`; where the path's name says its unit, a number may have one
//! of its own: `latency.exchange.p99_ns < 5ms`, `client_peak_memory_bytes < 64MiB`.

use std::str::FromStr;

use serde_json::Value;

use super::{Comparison, Expectation};

const FORM: &str = "an expectation is a path, a comparison (== != < <= > >=) and a value, for example client.threads.peak <= 9";

const TIMES: [(&str, i64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
];

/// As the tables write sizes (powers of 1000), and as memory is sold.
const SIZES: [(&str, i64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// What units a value of this path may have, in words; empty where none.
pub(super) fn units_of(path: &str) -> String {
    let (units, what): (Vec<&str>, &str) = match Unit::of(path.split('.')) {
        Some(Unit::Time) => (TIMES.map(|u| u.0).to_vec(), "time"),
        Some(Unit::Size) => (SIZES.map(|u| u.0).to_vec(), "size"),
        None => return String::new(),
    };
    format!("; a {what} may be given in {}", units.join(", "))
}

/// What a figure is measured in, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Size,
}

impl Unit {
    /// The unit of a path: of its last name that has one, as in
    /// `duration_ns.median`.
    pub(super) fn of<'a>(names: impl DoubleEndedIterator<Item = &'a str>) -> Option<Self> {
        names.rev().find_map(|name| {
            if name.ends_with("_ns") {
                Some(Self::Time)
            } else if name.ends_with("_bytes") {
                Some(Self::Size)
            } else {
                None
            }
        })
    }
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text
            .find(['=', '!', '<', '>'])
            .ok_or_else(|| FORM.to_owned())?;
        let (path, rest) = text.split_at(at);
        let signs = Comparison::ALL.into_iter().map(|c| (c.name(), c));
        let (comparison, value) = signs
            .chain([("=", Comparison::Equal)])
            .find_map(|(sign, c)| Some((c, rest.strip_prefix(sign)?)))
            .ok_or_else(|| FORM.to_owned())?;
        let path = names(path.trim()).ok_or_else(|| FORM.to_owned())?;
        let wanted = value_of(value.trim(), Unit::of(path.iter().map(String::as_str)))?;
        Ok(Self {
            text: text.trim().to_owned(),
            path,
            comparison,
            wanted,
        })
    }
}

/// The names of a path: `findings[0].code` is `findings.0.code`.
fn names(path: &str) -> Option<Vec<String>> {
    let dotted = path.replace('[', ".").replace(']', "");
    let names: Vec<String> = dotted.split('.').map(str::to_owned).collect();
    let sound = |name: &String| !name.is_empty() && !name.contains(char::is_whitespace);
    names.iter().all(sound).then_some(names)
}

fn value_of(text: &str, unit: Option<Unit>) -> Result<Value, String> {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner
                .strip_suffix(quote)
                .filter(|inner| !inner.contains(quote))
                .map(Value::from)
                .ok_or_else(|| {
                    format!("{text} begins with a quote and must end with the same quote")
                });
        }
    }
    match text {
        "" => return Err(FORM.to_owned()),
        "null" => return Ok(Value::Null),
        "true" => return Ok(true.into()),
        "false" => return Ok(false.into()),
        _ => {}
    }
    if let Some(number) = number(text) {
        return Ok(number);
    }
    let units: &[(&str, i64)] = match unit {
        Some(Unit::Time) => &TIMES,
        Some(Unit::Size) => &SIZES,
        None => &[],
    };
    let with_unit = units.iter().find_map(|&(unit, size)| {
        let number = number(text.strip_suffix(unit)?.trim_end())?;
        scaled(&number, size)
    });
    Ok(with_unit.unwrap_or_else(|| text.into()))
}

/// A number as JSON writes them.
fn number(text: &str) -> Option<Value> {
    serde_json::from_str::<Value>(text)
        .ok()
        .filter(Value::is_number)
}

fn scaled(number: &Value, size: i64) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return whole.checked_mul(size).map(Value::from);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "every unit is far below 2 to the power of 53"
    )]
    let size = size as f64;
    Some((number.as_f64()? * size).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SI's powers of 1000 (as the tables write them), IEC 80000-13's of 1024.
    #[test]
    fn a_unit_is_what_it_is_everywhere() {
        for (unit, text, wanted) in [
            (Unit::Time, "7ns", 7),
            (Unit::Time, "7us", 7_000),
            (Unit::Time, "7 µs", 7_000),
            (Unit::Time, "7ms", 7_000_000),
            (Unit::Time, "7s", 7_000_000_000),
            (Unit::Time, "7min", 420_000_000_000_i64),
            (Unit::Size, "7B", 7),
            (Unit::Size, "7kB", 7_000),
            (Unit::Size, "7MB", 7_000_000),
            (Unit::Size, "7GB", 7_000_000_000),
            (Unit::Size, "7KiB", 7_168),
            (Unit::Size, "7 MiB", 7_340_032),
            (Unit::Size, "7GiB", 7_516_192_768),
        ] {
            assert_eq!(value_of(text, Some(unit)), Ok(wanted.into()), "{text}");
        }
        // A size is no time, and a name without a unit has none.
        assert_eq!(value_of("7kB", Some(Unit::Time)), Ok("7kB".into()));
        assert_eq!(value_of("7ms", None), Ok("7ms".into()));
    }
}
