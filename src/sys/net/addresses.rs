//! Which addresses are a network namespace's own.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::NetNamespace;

impl NetNamespace {
    /// Whether what is sent to this address there goes to the host itself. `None` where
    /// that may not be seen.
    #[must_use]
    pub fn has_address(self, ip: IpAddr) -> Option<bool> {
        match ip.to_canonical() {
            ip if ip.is_loopback() => Some(true),
            IpAddr::V4(ip) => Some(local_v4(&self.text("fib_trie")?).contains(&ip)),
            IpAddr::V6(ip) => Some(local_v6(&self.text("if_inet6")?).contains(&ip)),
        }
    }

    /// All of them, one of each loopback network; none where they may not be seen.
    #[must_use]
    pub fn addresses(self) -> Vec<IpAddr> {
        let v4 = self.text("fib_trie").map(|text| local_v4(&text));
        let v6 = self.text("if_inet6").map(|text| local_v6(&text));
        let v4 = v4.into_iter().flatten().filter(|ip| !ip.is_loopback());
        let v4 = v4.chain([Ipv4Addr::LOCALHOST]).map(IpAddr::V4);
        let mut all: Vec<IpAddr> = v4.chain(v6.into_iter().flatten().map(IpAddr::V6)).collect();
        all.sort_unstable();
        all
    }
}

/// The local addresses in `/proc/PID/net/fib_trie`: leaves of 32 bits, of the type LOCAL.
fn local_v4(text: &str) -> HashSet<Ipv4Addr> {
    let mut leaf: Option<Ipv4Addr> = None;
    let mut all = HashSet::new();
    for line in text.lines() {
        let line = line.trim_start();
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.trim_end().parse().ok();
        } else if line.starts_with("/32 ") && line.trim_end().ends_with(" LOCAL") {
            all.extend(leaf);
        }
    }
    all
}

/// The addresses in `/proc/PID/net/if_inet6`: 32 digits each.
fn local_v6(text: &str) -> HashSet<Ipv6Addr> {
    let of = |line: &str| {
        let digits = line.split_whitespace().next()?;
        (digits.len() == 32).then(|| u128::from_str_radix(digits, 16).ok())?
    };
    text.lines()
        .filter_map(of)
        .map(Ipv6Addr::from_bits)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 2
        +-- 192.0.2.0/30 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
        |-- 192.0.2.9
           /32 universe UNICAST
";

    #[test]
    fn only_local_leaves_are_its_own() {
        let own = local_v4(TRIE);
        assert_eq!(own, HashSet::from([Ipv4Addr::new(192, 0, 2, 2)]));
    }

    #[test]
    fn of_the_sixth_version_each_line_is_one() {
        let text = "fd000000000000000000000000000002 04 40 00 82     eth0\n\
                    00000000000000000000000000000001 01 80 10 80       lo\n\nodd\n";
        let own = local_v6(text);
        let wanted = ["fd00::2", "::1"].map(|a| a.parse().unwrap());
        assert_eq!(own, HashSet::from(wanted));
    }

    #[test]
    fn of_this_host() {
        let own = NetNamespace::own();
        let has = |ip: &str| own.has_address(ip.parse().unwrap());
        assert_eq!(has("127.9.9.9"), Some(true));
        assert_eq!(has("::ffff:127.0.0.1"), Some(true));
        assert_eq!(has("198.51.100.7"), Some(false));
        assert!(own.addresses().contains(&Ipv4Addr::LOCALHOST.into()));
    }
}
