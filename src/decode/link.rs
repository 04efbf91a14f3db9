//! The link layer: down to the first byte of the IP header.

use etherparse::{Ethernet2Slice, SingleVlanSlice};

use crate::model::LinkType;

use super::Skip;

/// What the link header says of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
    /// Not said: the first nibble tells.
    ByNibble,
}

/// The version, and the rest of a frame after its link headers.
type Network<'a> = (Version, &'a [u8]);

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
/// IEEE 802.1ad (`QinQ`).
const ETHERTYPE_SERVICE_VLAN: u16 = 0x88a8;
/// `QinQ` before 802.1ad.
const ETHERTYPE_OLD_QINQ: u16 = 0x9100;
const ETHERTYPE_PPPOE_SESSION: u16 = 0x8864;
const ETHERTYPE_MPLS: u16 = 0x8847;
const ETHERTYPE_MPLS_MULTICAST: u16 = 0x8848;
/// IEEE 802.1ah: MAC in MAC.
const ETHERTYPE_PROVIDER_BACKBONE: u16 = 0x88e7;

/// DLT numbers of RAW that old files hold instead of LINKTYPE 101.
const DLT_RAW: LinkType = LinkType(12);
const DLT_RAW_OPENBSD: LinkType = LinkType(14);

#[inline]
pub(super) fn strip(link: LinkType, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    match link {
        LinkType::ETHERNET => {
            let eth = Ethernet2Slice::from_slice_without_fcs(bytes).map_err(|_| Skip::Truncated)?;
            by_ethertype(eth.ether_type().0, eth.payload_slice())
        }
        LinkType::RAW | DLT_RAW | DLT_RAW_OPENBSD => network(Version::ByNibble, bytes),
        LinkType::IPV4 => network(Version::V4, bytes),
        LinkType::IPV6 => network(Version::V6, bytes),
        LinkType::LINUX_SLL => sll(bytes),
        LinkType::LINUX_SLL2 => sll2(bytes),
        LinkType::NULL | LinkType::LOOP => null(bytes),
        LinkType::PPP | LinkType::PPP_HDLC => ppp(bytes),
        LinkType::PPP_ETHER => pppoe(bytes),
        _ => Err(Skip::UnsupportedLink),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the arms above read alike")]
const fn network(version: Version, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    Ok((version, bytes))
}

#[inline]
fn by_ethertype(mut ethertype: u16, mut bytes: &[u8]) -> Result<Network<'_>, Skip> {
    loop {
        match ethertype {
            ETHERTYPE_IPV4 => return network(Version::V4, bytes),
            ETHERTYPE_IPV6 => return network(Version::V6, bytes),
            ETHERTYPE_VLAN | ETHERTYPE_SERVICE_VLAN | ETHERTYPE_OLD_QINQ => {
                let tag = SingleVlanSlice::from_slice(bytes).map_err(|_| Skip::Truncated)?;
                ethertype = tag.ether_type().0;
                bytes = tag.payload_slice();
            }
            ETHERTYPE_PPPOE_SESSION => return pppoe(bytes),
            ETHERTYPE_MPLS | ETHERTYPE_MPLS_MULTICAST | ETHERTYPE_PROVIDER_BACKBONE => {
                return Err(Skip::Tunnel);
            }
            _ => return Err(Skip::NotIp),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

/// Linux SLL: 16 bytes, the protocol in the last two
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html>).
fn sll(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let rest = bytes.get(16..).ok_or(Skip::Truncated)?;
    let hardware = u16_at(bytes, 2).ok_or(Skip::Truncated)?;
    let protocol = u16_at(bytes, 14).ok_or(Skip::Truncated)?;
    cooked(hardware, protocol, rest)
}

/// Linux SLL2: 20 bytes, the protocol in the first two
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>).
fn sll2(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let rest = bytes.get(20..).ok_or(Skip::Truncated)?;
    let protocol = u16_at(bytes, 0).ok_or(Skip::Truncated)?;
    let hardware = u16_at(bytes, 8).ok_or(Skip::Truncated)?;
    cooked(hardware, protocol, rest)
}

/// The protocol field is an Ethernet type for most hardware types (the
/// loopback's 772 among them), but not for all.
fn cooked(hardware: u16, protocol: u16, rest: &[u8]) -> Result<Network<'_>, Skip> {
    const ARPHRD_NETLINK: u16 = 824;
    const ARPHRD_IPGRE: u16 = 778;
    const ARPHRD_IEEE80211_RADIOTAP: u16 = 803;
    const ARPHRD_FRAD: u16 = 770;
    match hardware {
        ARPHRD_NETLINK | ARPHRD_IEEE80211_RADIOTAP | ARPHRD_FRAD => Err(Skip::NotIp),
        ARPHRD_IPGRE => Err(Skip::Tunnel),
        _ => by_ethertype(protocol, rest),
    }
}

/// NULL and LOOP: a 4-byte address family. NULL is in the byte order of the
/// host that captured, so both orders are tried; LOOP is in network order,
/// and files exist that have it the other way round.
fn null(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let (family, rest) = bytes.split_first_chunk::<4>().ok_or(Skip::Truncated)?;
    let big = u32::from_be_bytes(*family);
    let family = if big & 0xffff_0000 == 0 {
        big
    } else {
        u32::from_le_bytes(*family)
    };
    match family {
        2 => network(Version::V4, rest),
        // AF_INET6 of Linux, of NetBSD, OpenBSD and BSD/OS, of FreeBSD, of Darwin.
        10 | 24 | 28 | 30 => network(Version::V6, rest),
        _ => Err(Skip::NotIp),
    }
}

/// PPP, with or without the address and control bytes of HDLC framing
/// (RFC 1662, 3.1); the protocol may be compressed to one byte (RFC 1661, 6.5).
fn ppp(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    let (protocol, rest) = match *bytes {
        [first, ref rest @ ..] if first & 1 == 1 => (u16::from(first), rest),
        [first, second, ref rest @ ..] => (u16::from_be_bytes([first, second]), rest),
        _ => return Err(Skip::Truncated),
    };
    match protocol {
        0x0021 => network(Version::V4, rest),
        0x0057 => network(Version::V6, rest),
        0x0281 | 0x0283 => Err(Skip::Tunnel), // MPLS
        _ => Err(Skip::NotIp),
    }
}

/// `PPPoE` (RFC 2516, 4): version and type, code, session, length; code 0 is a
/// session's data.
fn pppoe(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let (header, rest) = bytes.split_first_chunk::<6>().ok_or(Skip::Truncated)?;
    if header[1] == 0 {
        ppp(rest)
    } else {
        Err(Skip::NotIp)
    }
}
