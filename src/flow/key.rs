//! How a flow is found: by its two endpoints, whoever speaks.
//!
//! An IPv4 pair packs into a `u128`, which hashes in 3 ns where the derived
//! hash of a struct takes 20. The map keeps places only, since whose place it is stands
//! there. The hasher is seeded anew for every map, because the writer of a hostile
//! capture chooses the keys.

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::live::Begun;
use crate::model::Endpoint;

/// The undirected identity of a flow: the lesser endpoint first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FlowKey {
    V4(u128),
    V6(u128, u128, u64),
}

impl FlowKey {
    /// The key of a pair, the same in both directions. Networks with numbers of their own
    /// may have the same addresses: they are told apart.
    #[inline]
    fn new(a: &Endpoint, b: &Endpoint, vni: Option<u32>) -> Self {
        // Numbers have 24 bits; no number is another than 0.
        let network = vni.map_or(0, |vni| 1 << 24 | vni);
        if let (IpAddr::V4(x), IpAddr::V4(y)) = (&a.ip, &b.ip) {
            let x = u64::from(x.to_bits()) << 16 | u64::from(a.port);
            let y = u64::from(y.to_bits()) << 16 | u64::from(b.port);
            let (high, low) = (u128::from(network >> 16), u128::from(network & 0xffff));
            let key = high << 112 | u128::from(x.min(y)) << 64 | low << 48 | u128::from(x.max(y));
            Self::V4(key)
        } else {
            let x = (wide(&a.ip), a.port);
            let y = (wide(&b.ip), b.port);
            let (lo, hi) = if x <= y { (x, y) } else { (y, x) };
            let ports = u64::from(network) << 32 | u64::from(lo.1) << 16 | u64::from(hi.1);
            Self::V6(lo.0, hi.0, ports)
        }
    }

    #[inline]
    fn hash(self, seed: &RandomState) -> u64 {
        match self {
            Self::V4(key) => seed.hash_one(key),
            Self::V6(low, high, ports) => seed.hash_one((low, high, ports)),
        }
    }
}

fn wide(ip: &IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Places in the table, found by the keys of the flows that stand there.
#[derive(Debug, Default)]
pub(super) struct KeyMap {
    seed: RandomState,
    places: HashTable<u32>,
}

impl KeyMap {
    /// The hash of a pair's key.
    #[inline]
    pub(super) fn hash(&self, a: &Endpoint, b: &Endpoint, vni: Option<u32>) -> u64 {
        FlowKey::new(a, b, vni).hash(&self.seed)
    }

    /// The place with this hash where that is so.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.places.find(hash, |place| is_it(*place)).copied()
    }

    /// A place that is not in it. `at` tells what flow stands at any that is.
    pub(super) fn insert<'a>(
        &mut self,
        hash: u64,
        place: u32,
        at: impl Fn(u32) -> Option<&'a Begun>,
    ) {
        let Self { seed, places } = self;
        places.insert_unique(hash, place, |place| {
            at(*place).map_or(0, |begun| {
                let [a, b] = &begun.ends;
                FlowKey::new(a, b, begun.vni).hash(seed)
            })
        });
    }

    /// Takes a place out.
    pub(super) fn remove(&mut self, hash: u64, place: u32) {
        if let Ok(entry) = self.places.find_entry(hash, |other| *other == place) {
            entry.remove();
        }
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
            assert_eq!(FlowKey::new(&a, &b, None), FlowKey::new(&b, &a, None));
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
            let keys = keys.map(|vni| FlowKey::new(&a, &b, vni));
            for (at, key) in keys.iter().enumerate() {
                assert!(keys[..at].iter().all(|other| other != key), "{keys:?}");
            }
        }
    }
}
