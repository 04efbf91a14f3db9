//! How a flow is found: by its two endpoints, whoever speaks.
//!
//! An IPv4 pair packs into a `u128`, which hashes in 3 ns where the derived
//! hash of a struct takes 20; IPv6 has a map of its own with a wider key. The
//! hasher is seeded anew for every map, because the writer of a hostile
//! capture chooses the keys.

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use crate::model::Endpoint;

/// The undirected identity of a flow: the lesser endpoint first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowKey {
    V4(u128),
    V6(u128, u128, u64),
}

impl FlowKey {
    /// The key of a pair, the same in both directions, and whether `a` is the
    /// greater of the two. Networks with numbers of their own may have the same
    /// addresses: they are told apart.
    #[inline]
    pub(super) fn new(a: &Endpoint, b: &Endpoint, vni: Option<u32>) -> (Self, bool) {
        // Numbers have 24 bits; no number is another than 0.
        let network = vni.map_or(0, |vni| 1 << 24 | vni);
        if let (IpAddr::V4(x), IpAddr::V4(y)) = (&a.ip, &b.ip) {
            let x = u64::from(x.to_bits()) << 16 | u64::from(a.port);
            let y = u64::from(y.to_bits()) << 16 | u64::from(b.port);
            let (high, low) = (u128::from(network >> 16), u128::from(network & 0xffff));
            let key = high << 112 | u128::from(x.min(y)) << 64 | low << 48 | u128::from(x.max(y));
            (Self::V4(key), x > y)
        } else {
            let x = (wide(&a.ip), a.port);
            let y = (wide(&b.ip), b.port);
            let (lo, hi) = if x <= y { (x, y) } else { (y, x) };
            let ports = u64::from(network) << 32 | u64::from(lo.1) << 16 | u64::from(hi.1);
            (Self::V6(lo.0, hi.0, ports), x > y)
        }
    }
}

fn wide(ip: &IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// From keys to places in the table.
#[derive(Debug, Default)]
pub(super) struct KeyMap {
    v4: HashMap<u128, u32, RandomState>,
    v6: HashMap<(u128, u128, u64), u32, RandomState>,
}

impl KeyMap {
    #[inline]
    pub(super) fn get(&self, key: FlowKey) -> Option<u32> {
        match key {
            FlowKey::V4(k) => self.v4.get(&k).copied(),
            FlowKey::V6(a, b, p) => self.v6.get(&(a, b, p)).copied(),
        }
    }

    pub(super) fn insert(&mut self, key: FlowKey, place: u32) {
        match key {
            FlowKey::V4(k) => self.v4.insert(k, place),
            FlowKey::V6(a, b, p) => self.v6.insert((a, b, p), place),
        };
    }

    pub(super) fn remove(&mut self, key: FlowKey) {
        match key {
            FlowKey::V4(k) => self.v4.remove(&k),
            FlowKey::V6(a, b, p) => self.v6.remove(&(a, b, p)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(ip: &str, port: u16) -> Endpoint {
        Endpoint::new(ip.parse().unwrap(), port)
    }

    #[test]
    fn both_directions_have_one_key() {
        for (a, b) in [
            (end("10.0.0.1", 5), end("10.0.0.2", 4)),
            (end("10.0.0.1", 5), end("10.0.0.1", 4)),
            (end("::1", 5), end("fe80::1", 4)),
            (end("::1", 5), end("::1", 4)),
        ] {
            let (there, back) = (FlowKey::new(&a, &b, None), FlowKey::new(&b, &a, None));
            assert_eq!(there.0, back.0);
            assert_ne!(there.1, back.1);
        }
    }

    #[test]
    fn ports_are_not_mixed_up_between_addresses() {
        assert_ne!(
            FlowKey::new(&end("10.0.0.1", 5), &end("10.0.0.2", 4), None),
            FlowKey::new(&end("10.0.0.1", 4), &end("10.0.0.2", 5), None),
        );
        assert_ne!(
            FlowKey::new(&end("::1", 5), &end("::2", 4), None),
            FlowKey::new(&end("::1", 4), &end("::2", 5), None),
        );
    }

    #[test]
    fn networks_are_told_apart_and_nothing_else_is_mixed_up() {
        let ends = [
            [end("10.0.0.1", 0xffff), end("10.0.0.2", 0xffff)],
            [end("::1", 0xffff), end("::2", 0xffff)],
        ];
        for [a, b] in ends {
            let keys = [None, Some(0), Some(1), Some(1 << 16), Some((1 << 24) - 1)];
            let keys = keys.map(|vni| FlowKey::new(&a, &b, vni).0);
            for (at, key) in keys.iter().enumerate() {
                assert!(keys[..at].iter().all(|other| other != key), "{keys:?}");
            }
        }
    }
}
