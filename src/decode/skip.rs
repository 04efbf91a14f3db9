//! Why a frame gives no segment, and how often.

use std::fmt;

use strum::{VariantArray, VariantNames};

use crate::model::named::named;

/// Why a frame gives no segment. Not an error of the capture: most captures
/// hold more than TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Skip {
    /// A link type whose headers are not known.
    UnsupportedLink,
    /// Something else than IP: ARP, LLDP, spanning tree …
    NotIp,
    /// IP, but not TCP.
    NotTcp,
    /// A fragment after the first one: the TCP header was in another frame.
    LaterFragment,
    /// In a tunnel (IP in IP, GRE, VXLAN, Geneve, MPLS or the like) that is not
    /// followed.
    Tunnel,
    /// An IEEE 802.11 frame that the network encrypted.
    Encrypted,
    /// Cut, by the snapshot length, before the end of the fixed TCP header.
    Truncated,
    /// A header that contradicts itself or the frame.
    Malformed,
}

named!(Skip);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnsupportedLink => "link type not supported",
            Self::NotIp => "not IP",
            Self::NotTcp => "IP, but not TCP",
            Self::LaterFragment => "not the first fragment of its datagram",
            Self::Tunnel => "in a tunnel that is not followed",
            Self::Encrypted => "encrypted by the wireless network",
            Self::Truncated => "cut before the TCP header was complete",
            Self::Malformed => "malformed header",
        })
    }
}

impl std::error::Error for Skip {}

/// How many frames gave no segment, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkipCounts([u64; Skip::ALL.len()]);

impl SkipCounts {
    /// Counts one frame.
    #[inline]
    pub fn add(&mut self, reason: Skip) {
        self.0[reason as usize] += 1;
    }

    /// Frames skipped for this reason.
    #[must_use]
    pub const fn get(&self, reason: Skip) -> u64 {
        self.0[reason as usize]
    }

    /// Frames skipped for any reason.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Skip, u64)> + '_ {
        Skip::ALL
            .into_iter()
            .map(|s| (s, self.get(s)))
            .filter(|&(_, n)| n > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_apart() {
        let mut counts = SkipCounts::default();
        assert_eq!((counts.total(), counts.iter().count()), (0, 0));
        for (n, reason) in (1..).zip(Skip::ALL) {
            for _ in 0..n {
                counts.add(reason);
            }
            assert_eq!(counts.get(reason), n);
        }
        counts.0[Skip::NotIp as usize] = 0;
        assert_eq!(counts.total(), 1 + 3 + 4 + 5 + 6 + 7 + 8);
        assert_eq!(counts.iter().count(), 7);
        assert!(counts.iter().all(|(reason, n)| counts.get(reason) == n));
    }

    /// Programs and people rest on them.
    #[test]
    fn every_reason_has_a_name_and_words_of_its_own() {
        let names: std::collections::BTreeSet<_> = Skip::ALL.map(Skip::name).into();
        let words: std::collections::BTreeSet<_> = Skip::ALL.map(|s| s.to_string()).into();
        assert_eq!(
            (names.len(), words.len()),
            (Skip::ALL.len(), Skip::ALL.len())
        );
        assert!(names.iter().all(|name| name.len() > 4));
    }
}
