//! `/proc/PID/maps` (`proc_pid_maps`(5)).

use super::handle::Proc;

/// A mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// Its first address.
    pub start: usize,
    /// The address behind its last.
    pub end: usize,
    /// What is mapped; empty for memory of nobody's.
    pub what: &'a str,
}

/// The text of a process's mappings.
#[derive(Clone, Debug)]
pub struct Maps(String);

impl Maps {
    /// Reads them; `None` when the process is gone or may not be looked at.
    #[must_use]
    pub fn read(of: Proc) -> Option<Self> {
        of.text("maps").ok().map(Self)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = Mapping<'_>> {
        self.0.lines().filter_map(parse)
    }
}

/// A line: the range, four words, and what is mapped, which may hold spaces.
fn parse(line: &str) -> Option<Mapping<'_>> {
    let (range, mut rest) = line.split_once(' ')?;
    for _ in 0..4 {
        let word = rest.trim_start();
        let end = word.find(' ').unwrap_or(word.len());
        rest = word.get(end..)?;
    }
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let (start, end) = (address(start)?, address(end)?);
    (start < end).then_some(Mapping {
        start,
        end,
        what: rest.trim_start(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mapped_may_be_anything_or_nothing() {
        let maps = Maps(
            "7f00-7f10 rw-s 00000000 00:08 40213      socket:[40213]\n\
             8000-9000 rw-p 00000000 00:00 0 \n\
             8000-9000 r-xp 00000000 08:01 40213      /tmp/a b socket:[1]\n\
             ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]\n"
                .to_owned(),
        );
        let what: Vec<&str> = maps.all().map(|m| m.what).collect();
        assert_eq!(
            what,
            ["socket:[40213]", "", "/tmp/a b socket:[1]", "[vsyscall]"]
        );
        let first = maps.all().next().unwrap();
        assert_eq!((first.start, first.end), (0x7f00, 0x7f10));
    }

    #[test]
    fn what_is_no_range_is_none() {
        for line in [
            "",
            "7f00",
            "7f00-",
            "9-8 r 0 0 0 x",
            "x-y r 0 0 0 x",
            "1-1 r 0 0 0",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
        let huge = format!("1-2 r 0 0 0 {}", "x".repeat(1 << 20));
        assert_eq!(parse(&huge).map(|m| m.what.len()), Some(1 << 20));
    }
}
