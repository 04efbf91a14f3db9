//! The link layer: down to the first byte of the IP header, or of a tunnel's.

use etherparse::Ethernet2Slice;

use crate::model::LinkType;

use super::ethertype::{cisco_hdlc, follow, frame_relay, llc, ppp, pppoe};
use super::next::{Network, Next, u16_at};
use super::{Skip, nflog, wlan};

/// DLT numbers of RAW that old files hold instead of LINKTYPE 101.
const DLT_RAW: LinkType = LinkType(12);
const DLT_RAW_OPENBSD: LinkType = LinkType(14);

#[inline]
pub(super) fn strip(link: LinkType, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    match link {
        LinkType::ETHERNET => ethernet(bytes),
        LinkType::RAW | DLT_RAW | DLT_RAW_OPENBSD => Ok((Next::ByNibble, bytes)),
        LinkType::IPV4 => Ok((Next::V4, bytes)),
        LinkType::IPV6 => Ok((Next::V6, bytes)),
        LinkType::LINUX_SLL => sll(bytes),
        LinkType::LINUX_SLL2 => sll2(bytes),
        LinkType::NULL | LinkType::LOOP => null(bytes),
        other => rare(other, bytes),
    }
}

#[inline]
pub(super) fn ethernet(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let eth = Ethernet2Slice::from_slice_without_fcs(bytes).map_err(|_| Skip::Truncated)?;
    follow(eth.ether_type().0, eth.payload_slice())
}

#[cold]
fn rare(link: LinkType, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    match link {
        LinkType::PPI => ppi(bytes),
        LinkType::PKTAP => pktap(bytes),
        other => simple(other, bytes),
    }
}

/// Link types that are not within another.
fn simple(link: LinkType, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let without_direction = || bytes.get(1..).ok_or(Skip::Truncated);
    match link {
        // Cisco's HDLC goes by this name, too.
        LinkType::PPP_HDLC if matches!(bytes, [0x0f | 0x8f, ..]) => cisco_hdlc(bytes),
        LinkType::PPP | LinkType::PPP_HDLC => ppp(bytes),
        LinkType::PPP_ETHER => pppoe(bytes),
        LinkType::LINUX_PPP_WITH_DIRECTION | LinkType::PPP_WITH_DIRECTION => {
            ppp(without_direction()?)
        }
        LinkType::C_HDLC => cisco_hdlc(bytes),
        LinkType::C_HDLC_WITH_DIRECTION => cisco_hdlc(without_direction()?),
        LinkType::FRAME_RELAY => frame_relay(bytes),
        LinkType::FRAME_RELAY_WITH_DIRECTION => frame_relay(without_direction()?),
        LinkType::ATM_RFC1483 => llc(bytes),
        LinkType::TOKEN_RING => token_ring(bytes),
        LinkType::FDDI => fddi(bytes),
        LinkType::NFLOG => nflog::strip(bytes),
        LinkType::ENC => enc(bytes),
        LinkType::PFLOG => pflog(bytes),
        wireless if wlan::is(wireless) => wlan::strip(wireless, bytes),
        _ => Err(Skip::UnsupportedLink),
    }
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

/// The protocol field is an Ethernet type for most hardware types (the loopback's
/// 772 among them, and 778 of GRE's own interface, where the tunnel is taken off),
/// but not for all.
fn cooked(hardware: u16, protocol: u16, rest: &[u8]) -> Result<Network<'_>, Skip> {
    const ARPHRD_NETLINK: u16 = 824;
    const ARPHRD_IEEE80211_RADIOTAP: u16 = 803;
    const ARPHRD_FRAD: u16 = 770;
    /// Not an Ethernet type, but "802.2 follows"; and, smaller still, Linux's own.
    const LLC: u16 = 0x0004;
    const LEAST_ETHERTYPE: u16 = 0x0600;
    match hardware {
        ARPHRD_NETLINK | ARPHRD_IEEE80211_RADIOTAP | ARPHRD_FRAD => Err(Skip::NotIp),
        _ if protocol == LLC => llc(rest),
        _ if protocol < LEAST_ETHERTYPE => Err(Skip::NotIp),
        _ => follow(protocol, rest),
    }
}

/// NULL and LOOP: a 4-byte address family. NULL is in the byte order of the
/// host that captured, so both orders are tried; LOOP is in network order,
/// and files exist that have it the other way round.
fn null(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let (family, rest) = bytes.split_first_chunk::<4>().ok_or(Skip::Truncated)?;
    let big = u32::from_be_bytes(*family);
    of_family(if big & 0xffff_0000 == 0 {
        big
    } else {
        u32::from_le_bytes(*family)
    })
    .map(|next| (next, rest))
}

/// What an address family is of.
fn of_family(family: u32) -> Result<Next, Skip> {
    match family {
        2 => Ok(Next::V4),
        // AF_INET6 of Linux, of NetBSD, OpenBSD and BSD/OS, of FreeBSD, of Darwin.
        10 | 24 | 28 | 30 => Ok(Next::V6),
        _ => Err(Skip::NotIp),
    }
}

/// `OpenBSD`'s view of what `IPsec` carries: a family as NULL has it, an index, flags
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_ENC.html>).
fn enc(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    const HEADER: usize = 12;
    let rest = bytes.get(HEADER..).ok_or(Skip::Truncated)?;
    let (next, _) = null(bytes)?;
    Ok((next, rest))
}

/// What `OpenBSD`'s packet filter logs: the header's length, and the family.
fn pflog(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let [len, family, ..] = *bytes else {
        return Err(Skip::Truncated);
    };
    let next = of_family(family.into())?;
    let rest = bytes.get(usize::from(len).next_multiple_of(4)..);
    Ok((next, rest.ok_or(Skip::Truncated)?))
}

/// FDDI: a control byte and two addresses, then LLC (ISO 9314-2).
fn fddi(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    const HEADER: usize = 13;
    const LLC: u8 = 0x50;
    let control = bytes.first().ok_or(Skip::Truncated)?;
    if control & 0xf0 != LLC {
        return Err(Skip::NotIp);
    }
    llc(bytes.get(HEADER..).ok_or(Skip::Truncated)?)
}

/// Token ring: two control bytes and two addresses; a route where the first bit of
/// the sender's is set; then LLC (ISO 8802-5).
fn token_ring(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    const HEADER: usize = 14;
    const LLC: u8 = 0x40;
    let control = bytes.get(1).ok_or(Skip::Truncated)?;
    if control & 0xc0 != LLC {
        return Err(Skip::NotIp);
    }
    let routed = bytes.get(8).ok_or(Skip::Truncated)? & 0x80 != 0;
    let route = match bytes.get(HEADER) {
        Some(first) if routed => usize::from(first & 0x1f),
        _ => 0,
    };
    llc(bytes.get(HEADER + route..).ok_or(Skip::Truncated)?)
}

/// Per-packet information: version, flags, the header's length, and the link type of
/// what follows, little endian.
fn ppi(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let [_, _, l1, l2, d1, d2, d3, d4] = *bytes.first_chunk().ok_or(Skip::Truncated)?;
    let len = usize::from(u16::from_le_bytes([l1, l2]));
    let link = u32::from_le_bytes([d1, d2, d3, d4]);
    within(link, bytes.get(len.max(8)..).ok_or(Skip::Truncated)?)
}

/// What macOS tells of a frame: the header's length, a record's type, and the link
/// type of what follows, little endian.
fn pktap(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    const LEAST: usize = 12;
    let word = |at: usize| {
        let word = bytes.get(at..at + 4).and_then(|w| w.try_into().ok());
        word.map(u32::from_le_bytes).ok_or(Skip::Truncated)
    };
    let (len, link) = (word(0)? as usize, word(8)?);
    within(link, bytes.get(len.max(LEAST)..).ok_or(Skip::Truncated)?)
}

/// A frame in another, which holds no third.
fn within(link: u32, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let link = LinkType(u16::try_from(link).map_err(|_| Skip::UnsupportedLink)?);
    match link {
        LinkType::PPI | LinkType::PKTAP => Err(Skip::UnsupportedLink),
        plain => strip(plain, bytes),
    }
}
