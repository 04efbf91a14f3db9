//! From an Ethernet type, or an LLC header, to what follows it.

use etherparse::SingleVlanSlice;

use super::Skip;
use super::next::{Network, Next, u16_at};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: u16 = 0x8100;
/// IEEE 802.1ad (`QinQ`).
const SERVICE_VLAN: u16 = 0x88a8;
/// `QinQ` before 802.1ad.
const OLD_QINQ: u16 = 0x9100;
const PPPOE_SESSION: u16 = 0x8864;
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
/// IEEE 802.1ah: MAC in MAC.
const PROVIDER_BACKBONE: u16 = 0x88e7;
/// LLC in a frame longer than 1500 bytes.
const JUMBO_LLC: u16 = 0x8870;
/// Smaller values are the length of what follows, which begins with LLC
/// (IEEE 802.3, 3.2.6).
const LEAST: u16 = 0x0600;

#[inline]
pub(super) fn follow(mut ethertype: u16, mut bytes: &[u8]) -> Result<Network<'_>, Skip> {
    loop {
        match ethertype {
            IPV4 => return Ok((Next::V4, bytes)),
            IPV6 => return Ok((Next::V6, bytes)),
            VLAN | SERVICE_VLAN | OLD_QINQ => {
                let tag = SingleVlanSlice::from_slice(bytes).map_err(|_| Skip::Truncated)?;
                ethertype = tag.ether_type().0;
                bytes = tag.payload_slice();
            }
            // All else is rare.
            other => return others(other, bytes),
        }
    }
}

#[cold]
fn others(ethertype: u16, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    match ethertype {
        PPPOE_SESSION => pppoe(bytes),
        MPLS | MPLS_MULTICAST => Ok((Next::Mpls, bytes)),
        PROVIDER_BACKBONE => Ok((Next::Backbone, bytes)),
        ..LEAST | JUMBO_LLC => llc(bytes),
        _ => Err(Skip::NotIp),
    }
}

/// Whether IP or what leads to it is behind an Ethernet header with this type.
pub(super) const fn is_known(ethertype: u16) -> bool {
    /// It is behind an Ethernet header more often than anything else but IP.
    const ARP: u16 = 0x0806;
    matches!(
        ethertype,
        IPV4 | IPV6 | ARP | VLAN | SERVICE_VLAN | OLD_QINQ | PPPOE_SESSION | MPLS | MPLS_MULTICAST
    )
}

/// IEEE 802.2 LLC, with SNAP or without (RFC 1042). IP has a number of its own
/// in LLC, which few ever used (RFC 948).
#[cold]
pub(super) fn llc(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    const SNAP: [u8; 2] = [0xaa, 0xaa];
    const IP: [u8; 2] = [0x06, 0x06];
    const UNNUMBERED_INFORMATION: u8 = 0x03;
    let (header, rest) = bytes.split_first_chunk::<3>().ok_or(Skip::Truncated)?;
    let [destination, source, control] = *header;
    if control != UNNUMBERED_INFORMATION {
        return Err(Skip::NotIp);
    }
    match [destination, source] {
        IP => Ok((Next::V4, rest)),
        SNAP => {
            let (snap, rest) = rest.split_first_chunk::<5>().ok_or(Skip::Truncated)?;
            let [o1, o2, o3, p1, p2] = *snap;
            match [o1, o2, o3] {
                // Ethernet types; the second for bridges (RFC 1042, IEEE 802.1H).
                [0, 0, 0 | 0xf8] => follow(u16::from_be_bytes([p1, p2]), rest),
                _ => Err(Skip::NotIp),
            }
        }
        _ => Err(Skip::NotIp),
    }
}

/// PPP, with or without the address and control bytes of HDLC framing
/// (RFC 1662, 3.1); the protocol may be compressed to one byte (RFC 1661, 6.5).
pub(super) fn ppp(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    let (protocol, rest) = match *bytes {
        [first, ref rest @ ..] if first & 1 == 1 => (u16::from(first), rest),
        [first, second, ref rest @ ..] => (u16::from_be_bytes([first, second]), rest),
        _ => return Err(Skip::Truncated),
    };
    match protocol {
        0x0021 => Ok((Next::V4, rest)),
        0x0057 => Ok((Next::V6, rest)),
        0x0281 | 0x0283 => Ok((Next::Mpls, rest)),
        _ => Err(Skip::NotIp),
    }
}

/// `PPPoE` (RFC 2516, 4): version and type, code, session, length; code 0 is a
/// session's data.
pub(super) fn pppoe(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let (header, rest) = bytes.split_first_chunk::<6>().ok_or(Skip::Truncated)?;
    if header[1] == 0 {
        ppp(rest)
    } else {
        Err(Skip::NotIp)
    }
}

/// Cisco's HDLC: address, control, an Ethernet type
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_C_HDLC.html>).
pub(super) fn cisco_hdlc(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let rest = bytes.get(4..).ok_or(Skip::Truncated)?;
    follow(u16_at(bytes, 2).ok_or(Skip::Truncated)?, rest)
}

/// Frame relay (RFC 2427): a Q.922 address of two to four bytes, whose last has
/// its low bit set, the control byte, and an NLPID.
pub(super) fn frame_relay(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let end = bytes.iter().take(4).position(|b| b & 1 == 1);
    let end = end.ok_or(if bytes.len() < 4 {
        Skip::Truncated
    } else {
        Skip::NotIp
    })?;
    let rest = bytes.get(end + 1..).unwrap_or_default();
    let [control, rest @ ..] = rest else {
        return Err(Skip::Truncated);
    };
    // A byte of padding may stand before the NLPID.
    let rest = rest.strip_prefix(&[0]).unwrap_or(rest);
    match (control, rest) {
        (0x03, [0xcc, rest @ ..]) => Ok((Next::V4, rest)),
        (0x03, [0x8e, rest @ ..]) => Ok((Next::V6, rest)),
        // SNAP without its LLC header.
        (0x03, [0x80, 0, 0, 0, p1, p2, rest @ ..]) => follow(u16::from_be_bytes([*p1, *p2]), rest),
        (0x03, [] | [0x80, ..]) if rest.len() < 6 => Err(Skip::Truncated),
        _ => Err(Skip::NotIp),
    }
}
