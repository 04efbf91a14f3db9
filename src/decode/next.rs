//! What comes next: what one header says of the header behind it.

use super::Skip;

/// What the link header says of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    V4,
    V6,
    /// IP; the first nibble tells which.
    ByNibble,
    /// A stack of MPLS labels.
    Mpls,
    /// The tag of a backbone that carries Ethernet frames (IEEE 802.1ah).
    Backbone,
}

impl Next {
    /// The same, with the version of IP.
    #[inline]
    pub(super) fn settled(self, bytes: &[u8]) -> Result<Self, Skip> {
        if self != Self::ByNibble {
            return Ok(self);
        }
        match bytes.first().map(|b| b >> 4) {
            Some(4) => Ok(Self::V4),
            Some(6) => Ok(Self::V6),
            Some(_) => Err(Skip::NotIp),
            None => Err(Skip::Truncated),
        }
    }
}

/// What follows, and the rest of a frame after its link headers.
pub(super) type Network<'a> = (Next, &'a [u8]);

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}
