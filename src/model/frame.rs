//! A captured frame, before anything is decoded.

use super::Timestamp;

/// A link-layer header type, by its LINKTYPE number in capture files
/// (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-byte address family in the host's byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet; also what Linux's loopback interface shows.
    pub const ETHERNET: Self = Self(1);
    /// PPP.
    pub const PPP: Self = Self(9);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// `PPPoE` session packets.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IP, version told by its first nibble.
    pub const RAW: Self = Self(101);
    /// `OpenBSD` loopback: a 4-byte address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// One frame as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// What its first bytes are.
    pub link: LinkType,
    /// Its length on the wire in bytes, also where fewer were captured.
    pub wire_len: u32,
    /// The captured bytes, cut at the capture's snapshot length.
    pub bytes: &'a [u8],
}
