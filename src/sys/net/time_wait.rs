//! Closed connections that the kernel still remembers (`TIME_WAIT`).

use super::NetNamespace;

/// `TIME_WAIT` sockets of this network namespace, as `/proc/net/sockstat` counts
/// them; `None` where that cannot be read.
#[must_use]
pub fn now(net: NetNamespace) -> Option<u64> {
    of_sockstat(&net.text("sockstat")?)
}

/// How many there may be: past it the kernel forgets a connection as soon as it
/// is closed (tcp(7), `tcp_max_tw_buckets`). `None` for a namespace that is not
/// the caller's.
#[must_use]
pub fn limit(net: NetNamespace) -> Option<u64> {
    net.number("ipv4/tcp_max_tw_buckets")
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
