//! `/proc/meminfo` (`proc_meminfo`(5)), and the figures in kB of other files.

use std::fs;

/// The memory of the system, at one moment.
#[derive(Clone, Debug)]
pub struct Meminfo(String);

impl Meminfo {
    /// Reads it; `None` where proc(5) is not mounted.
    #[must_use]
    pub fn read() -> Option<Self> {
        fs::read_to_string("/proc/meminfo").ok().map(Self)
    }

    /// A figure by its name, in bytes.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<u64> {
        kibibytes(&self.0, name)
    }
}

/// A figure in kB of a text of lines like `Name:  12 kB`, in bytes.
pub(super) fn kibibytes(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_their_whole_name() {
        let text = "MemTotal:  24 kB\nMem:  1 kB\nHugePages_Total:       0\n";
        assert_eq!(kibibytes(text, "Mem"), Some(1024));
        assert_eq!(kibibytes(text, "MemTotal"), Some(24 << 10));
        assert_eq!(kibibytes(text, "Total"), None);
        assert_eq!(kibibytes(text, "HugePages_Total"), None, "not in kB");
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_not_known() {
        for text in [
            "",
            "Mem",
            "Mem:",
            "Mem: 12",
            "Mem: 12 k",
            "Mem: -1 kB",
            "Mem: kB",
        ] {
            assert_eq!(kibibytes(text, "Mem"), None, "{text:?}");
        }
        assert_eq!(kibibytes("Mem: 18446744073709551615 kB", "Mem"), None);
    }

    #[test]
    fn the_system_has_memory() {
        let memory = Meminfo::read().unwrap();
        assert!(memory.bytes("MemTotal") > memory.bytes("MemAvailable"));
    }
}
