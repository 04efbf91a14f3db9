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

/// Whether connect(2) over the loopback interface takes the port of a closed
/// connection again a second later (ip-sysctl, `tcp_tw_reuse`: 1 everywhere, 2 there
/// only, since Linux 4.19). `false` where that cannot be read.
#[must_use]
pub fn are_reused(net: NetNamespace) -> bool {
    matches!(net.number("ipv4/tcp_tw_reuse"), Some(1 | 2))
}

/// `TIME_WAIT` sockets that a client has left towards this port; `None` where they
/// cannot be read.
#[must_use]
pub fn towards(net: NetNamespace, port: u16) -> Option<u64> {
    let texts = [net.text("tcp"), net.text("tcp6")];
    let known = texts.iter().any(Option::is_some);
    let all = texts.iter().flatten().map(|text| of_tcp(text, port)).sum();
    known.then_some(all)
}

/// Of `/proc/net/tcp`: the third field is the peer's address, the fourth the state
/// (proc(5)).
fn of_tcp(text: &str, port: u16) -> u64 {
    /// `TCP_TIME_WAIT` of the kernel.
    const STATE: &str = "06";
    let peer = format!(":{port:04X}");
    let is_one = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        fields
            .next()
            .is_some_and(|address| address.ends_with(&peer))
            && fields.next() == Some(STATE)
    };
    text.lines().filter(is_one).count() as u64
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
    fn closed_connections_towards_a_port_are_counted() {
        let text = "  sl  local_address rem_address   st tx_queue\n\
             0: 0100007F:AFC8 00000000:0000 0A 00000000:00000000\n\
             1: 0100007F:C001 0100007F:AFC8 06 00000000:00000000\n\
             2: 0100007F:AFC8 0100007F:C002 06 00000000:00000000\n\
             3: 0100007F:C003 0100007F:AFC8 01 00000000:00000000\n";
        assert_eq!(of_tcp(text, 45000), 1);
        assert_eq!(of_tcp(text, 45001), 0);
    }

    #[test]
    fn the_line_of_tcp_is_read() {
        let text =
            "sockets: used 42\nTCP: inuse 5 orphan 0 tw 1234 alloc 7 mem 1\nUDP: inuse 2 mem 3\n";
        assert_eq!(of_sockstat(text), Some(1234));
        assert_eq!(of_sockstat("TCP: inuse 5"), None);
        assert_eq!(of_sockstat(""), None);
    }
}
