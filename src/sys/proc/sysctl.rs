//! Files under `/proc/sys`: numbers, one or several.
//!
//! Those under `net` are of the network namespace of the thread that reads them
//! (`network_namespaces`(7)): [`crate::sys::net::NetNamespace`] says whose.

use std::fs;

/// The text of a file.
pub(in crate::sys) fn text(path: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/sys/{path}")).ok()
}

/// The number in a file that holds one.
#[must_use]
pub fn number(path: &str) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// The first of several numbers.
#[must_use]
pub fn first(path: &str) -> Option<u64> {
    text(path)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        assert!(number("kernel/pid_max").unwrap() > 1);
        assert!(first("fs/file-nr").unwrap() >= 3);
        assert_eq!(number("fs/file-nr"), None, "three are not one");
        assert_eq!(number("kernel/no-such-name"), None);
    }
}
