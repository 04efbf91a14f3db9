//! Figures as a language writes them: 1,000 and 0.5 in English, 1.000 and 0,5 in
//! Indonesian.

use super::Lang;
use crate::model::Nanos;
use crate::text::units;

impl Lang {
    /// A count, with a mark between thousands.
    #[must_use]
    pub fn count(self, n: u64) -> String {
        self.marked(&units::count(n))
    }

    /// A duration with its unit.
    #[must_use]
    pub fn duration(self, span: Nanos) -> String {
        let text = self.marked(&units::duration(span));
        match self {
            Self::En => text,
            Self::Id => text.replace(" min", " menit").replace(" h ", " jam "),
        }
    }

    /// A duration in seconds, as exactly as it was given: `10 s`, `0.4 s`.
    #[must_use]
    pub fn seconds(self, span: Nanos) -> String {
        let span = std::time::Duration::from_nanos(span.get().unsigned_abs());
        let text = self.marked(&span.as_secs_f64().to_string());
        match self {
            Self::En => format!("{text} s"),
            Self::Id => format!("{text} detik"),
        }
    }

    /// A number of bytes with its unit.
    #[must_use]
    pub fn bytes(self, n: u64) -> String {
        self.marked(&units::bytes(n))
    }

    /// A share of a whole; `None` of a whole that is nothing.
    #[must_use]
    pub fn percent(self, part: u64, whole: u64) -> Option<String> {
        let text = self.marked(&units::percent(part, whole)?);
        Some(match self {
            Self::En => text,
            Self::Id => text.replace("under ", "di bawah "),
        })
    }

    /// A multiple, to three digits: `1.00`, `12.3`, `1234`.
    #[must_use]
    pub fn times(self, ratio: f64) -> String {
        let digits = match ratio {
            r if r < 9.995 => 2,
            r if r < 99.95 => 1,
            _ => 0,
        };
        self.decimal(ratio, digits)
    }

    /// A decimal number with so many digits after its mark.
    #[must_use]
    pub fn decimal(self, n: f64, digits: usize) -> String {
        self.marked(&format!("{n:.digits$}"))
    }

    /// The marks within an English figure, as the language writes them.
    fn marked(self, english: &str) -> String {
        match self {
            Self::En => english.to_owned(),
            Self::Id => english
                .chars()
                .map(|c| match c {
                    '.' => ',',
                    ',' => '.',
                    c => c,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_marks_of_the_language() {
        let both = |of: &dyn Fn(Lang) -> String| [of(Lang::En), of(Lang::Id)];
        let ns = |ns| both(&|lang| lang.duration(Nanos::new(ns)));
        assert_eq!(both(&|l| l.count(1_234_567)), ["1,234,567", "1.234.567"]);
        assert_eq!(both(&|l| l.count(999)), ["999", "999"]);
        assert_eq!(both(&|l| l.bytes(1_250_000)), ["1.25 MB", "1,25 MB"]);
        assert_eq!(both(&|l| l.decimal(0.0079, 3)), ["0.008", "0,008"]);
        assert_eq!(both(&|l| l.percent(1, 3).unwrap()), ["33.3%", "33,3%"]);
        let few = both(&|l| l.percent(1, 100_000).unwrap());
        assert_eq!(few, ["under 0.1%", "di bawah 0,1%"]);
        assert_eq!(both(&|l| l.times(1.234)), ["1.23", "1,23"]);
        assert_eq!(both(&|l| l.times(99.95)), ["100", "100"]);
        assert_eq!(ns(1_200_000), ["1.20 ms", "1,20 ms"]);
        assert_eq!(ns(999), ["999 ns", "999 ns"]);
        assert_eq!(ns(125_000_000_000), ["2 min 05 s", "2 menit 05 s"]);
        assert_eq!(ns(11_220_000_000_000), ["3 h 07 min", "3 jam 07 menit"]);
        let given = |ns| both(&|l| l.seconds(Nanos::new(ns)));
        assert_eq!(given(400_000_000), ["0.4 s", "0,4 detik"]);
        assert_eq!(given(10_000_000_000), ["10 s", "10 detik"]);
        assert_eq!(
            ns(i64::MIN),
            ["-2,562,047 h 47 min", "-2.562.047 jam 47 menit"]
        );
    }
}
