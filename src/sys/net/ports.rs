//! Ports of a network namespace: those that connect(2) chooses from, and which
//! of them are taken.

use std::collections::HashSet;
use std::net::SocketAddr;

use super::tcp_table::TcpState;
use super::{NetNamespace, sock_diag};

/// The first and the last port of a range.
pub type PortRange = (u16, u16);

impl NetNamespace {
    /// The ports that connect(2) chooses from. `None` for a namespace that is
    /// not the caller's.
    #[must_use]
    pub fn port_range(self) -> Option<PortRange> {
        parse_range(&self.setting("ipv4/ip_local_port_range")?)
    }

    /// Those of the range that a connection to `server` cannot have: set aside
    /// by the administrator, listened on or bound by somebody, or in a connection
    /// to it. `None` for a namespace that is not the caller's.
    #[must_use]
    pub fn ports_taken(self, range: PortRange, server: Option<SocketAddr>) -> Option<u64> {
        let mut taken = self.set_aside(range)?;
        taken.extend(sock_diag::ports());
        for socket in self.tcp_sockets() {
            let to_server = server.is_some_and(|server| same(socket.remote, server));
            if socket.state == TcpState::LISTEN || to_server {
                taken.insert(socket.local.port());
            }
        }
        taken.retain(|port| is_inside(range, *port));
        Some(taken.len() as u64)
    }

    /// How many ports of the range the administrator has set aside. `None` for a
    /// namespace that is not the caller's.
    #[must_use]
    pub fn reserved_ports(self, range: PortRange) -> Option<u64> {
        self.set_aside(range).map(|ports| ports.len() as u64)
    }

    fn set_aside(self, range: PortRange) -> Option<HashSet<u16>> {
        let text = self.setting("ipv4/ip_local_reserved_ports")?;
        let all = parse_list(&text);
        Some(all.filter(|port| is_inside(range, *port)).collect())
    }

    /// Sockets that are connected with `server`, or remembered as having been: of
    /// either end while it `listens`, and then nobody else can have its address.
    /// Of one that does not any more, the client's ends only: its port may be
    /// somebody's. `None` where the sockets cannot be counted.
    #[must_use]
    pub fn sockets_of(self, server: SocketAddr, listens: bool) -> Option<u64> {
        let connected = self.tcp_sockets().filter(|socket| {
            // By the whole address. A port alone says nothing: the kernel gives
            // the same number to connections of several addresses and, as long
            // as they lead elsewhere, of one.
            let its_own = listens && is_at(socket.local, server);
            socket.state != TcpState::LISTEN && (same(socket.remote, server) || its_own)
        });
        self.tells_of_tcp().then(|| connected.count() as u64)
    }
}

fn is_inside((low, high): PortRange, port: u16) -> bool {
    (low..=high).contains(&port)
}

/// A socket of both families tells an IPv4 address as one of IPv6.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

/// Whether a connection with this end would be the server's, which may listen on
/// all addresses.
fn is_at(local: SocketAddr, server: SocketAddr) -> bool {
    let any = server.ip().is_unspecified() && local.port() == server.port();
    any || same(local, server)
}

/// `ip_local_port_range`: two numbers.
fn parse_range(text: &str) -> Option<PortRange> {
    let mut ends = text.split_whitespace().map(str::parse);
    let (low, high) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (low <= high).then_some((low, high))
}

/// `ip_local_reserved_ports`: numbers and ranges with commas between.
fn parse_list(text: &str) -> impl Iterator<Item = u16> {
    let ranges = text.trim().split(',').filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse::<u16>().ok()?..=to.parse::<u16>().ok()?)
    });
    ranges.flatten()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use socket2::{Domain, Socket, Type};

    use super::*;

    /// An address of the loopback network that no other test, program or process
    /// of this test uses: what is counted there is ours.
    fn quiet_address() -> Ipv4Addr {
        let [.., a, b, c] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, a | 0x80, b, c)
    }

    #[test]
    fn a_listener_and_a_connection_take_a_port() {
        let net = NetNamespace::own();
        let listener = TcpListener::bind((quiet_address(), 0)).unwrap();
        let server = listener.local_addr().unwrap();
        let of = |port| net.ports_taken((port, port), Some(server));
        assert!(is_seen(|| of(server.port()) == Some(1)));
        let client = TcpStream::connect(server).unwrap();
        let client = client.local_addr().unwrap();
        assert!(is_seen(|| of(client.port()) == Some(1)));
        // Both ends while it listens, the client's when it has ended.
        assert!(is_seen(|| net.sockets_of(server, true) == Some(2)));
        assert!(is_seen(|| net.sockets_of(server, false) == Some(1)));
    }

    /// The kernel hands the table over in pieces. While others' connections come
    /// and go, as those of the tests beside this one, one look may find a row
    /// twice or not at all (`tcp4_seq_show` of Linux keeps a place by its number).
    fn is_seen(mut look: impl FnMut() -> bool) -> bool {
        (0..100).any(|_| look())
    }

    #[test]
    fn of_a_namespace_that_cannot_be_seen_nothing_is_known() {
        let nobodys = NetNamespace::of(crate::model::Pid(u32::MAX));
        assert_eq!(nobodys.port_range(), None);
        assert_eq!(nobodys.reserved_ports((1, 9)), None);
        assert_eq!(nobodys.ports_taken((1, 9), None), None);
        assert_eq!(
            nobodys.sockets_of("127.0.0.1:80".parse().unwrap(), true),
            None
        );
    }

    /// The kernel gives a port's number to several connections at a time.
    #[test]
    fn a_connection_of_the_same_port_elsewhere_is_not_the_servers() {
        let net = NetNamespace::own();
        let [a, b, c, d] = quiet_address().octets();
        let beside = Ipv4Addr::new(a, b ^ 0x40, c, d);
        let listener = TcpListener::bind((quiet_address(), 0)).unwrap();
        let server = listener.local_addr().unwrap();
        let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let same_port = SocketAddr::from((beside, server.port()));
        client.bind(&same_port.into()).unwrap();
        client
            .connect(&elsewhere.local_addr().unwrap().into())
            .unwrap();
        assert_eq!(net.sockets_of(server, true), Some(0));
        assert_eq!(net.sockets_of(server, false), Some(0));
    }

    #[test]
    fn a_server_may_be_told_in_the_words_of_either_family() {
        let server: SocketAddr = "127.0.0.1:80".parse().unwrap();
        assert!(same("[::ffff:127.0.0.1]:80".parse().unwrap(), server));
        assert!(!same("[::ffff:127.0.0.1]:81".parse().unwrap(), server));
        assert!(is_at(server, "0.0.0.0:80".parse().unwrap()));
        assert!(!is_at(server, "0.0.0.0:81".parse().unwrap()));
        assert!(!is_at(server, "127.0.0.2:80".parse().unwrap()));
    }

    #[test]
    fn ranges_are_read_or_not_known() {
        assert_eq!(parse_range("32768\t60999\n"), Some((32768, 60999)));
        assert_eq!(parse_range("1 1"), Some((1, 1)));
        for text in ["", "1", "2 1", "1 65536", "a b", "-1 5"] {
            assert_eq!(parse_range(text), None, "{text:?}");
        }
        let ports = |text| parse_list(text).collect::<Vec<u16>>();
        assert_eq!(ports("80,90-92\n"), [80, 90, 91, 92]);
        assert_eq!(ports("\n"), [0u16; 0]);
        assert_eq!(ports("9-8,x,70000,5-"), [0u16; 0]);
        assert_eq!(ports("0-65535").len(), 1 << 16);
    }
}
