//! Closed connections that the kernel still remembers (`TIME_WAIT`).

use std::fs;

/// `TIME_WAIT` sockets of this network namespace, as `/proc/net/sockstat` counts
/// them; `None` where that cannot be read.
#[must_use]
pub fn now() -> Option<u64> {
    of_sockstat(&fs::read_to_string("/proc/net/sockstat").ok()?)
}

/// How many there may be: past it the kernel forgets a connection as soon as it
/// is closed (tcp(7), `tcp_max_tw_buckets`).
#[must_use]
pub fn limit() -> Option<u64> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/tcp_max_tw_buckets").ok()?;
    text.trim().parse().ok()
}

/// IPv4 and IPv6 are in one line.
fn of_sockstat(text: &str) -> Option<u64> {
    let tcp = text.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    let mut words = tcp.split_whitespace();
    words.find(|word| *word == "tw")?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_tcp_is_read() {
        let text =
            "sockets: used 42\nTCP: inuse 5 orphan 0 tw 1234 alloc 7 mem 1\nUDP: inuse 2 mem 3\n";
        assert_eq!(of_sockstat(text), Some(1234));
        assert_eq!(of_sockstat("TCP: inuse 5"), None);
        assert_eq!(of_sockstat(""), None);
    }
}
