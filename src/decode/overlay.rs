//! Virtual networks in UDP: VXLAN and Geneve.

use super::datagram::Captured;
use super::inner::{Inner, ethernet, follows};
use super::next::u16_at;
use super::{Skip, ethertype, gre};

/// VXLAN (RFC 7348), and the port that Linux takes for it where none is given.
const VXLAN_PORTS: [u16; 2] = [4789, 8472];
/// Geneve (RFC 8926).
const GENEVE_PORT: u16 = 6081;
const UDP_HEADER: usize = 8;

/// What VXLAN or Geneve carries in a UDP datagram, with the number of its network.
pub(super) fn open(datagram: Captured<'_>) -> Result<(u32, Inner<'_>), Skip> {
    let port = u16_at(datagram.bytes, 2).ok_or(Skip::NotTcp)?;
    let payload = datagram.after(UDP_HEADER);
    if VXLAN_PORTS.contains(&port) {
        vxlan(payload)
    } else if port == GENEVE_PORT {
        geneve(payload)
    } else {
        Err(Skip::NotTcp)
    }
}

/// VXLAN (RFC 7348, 5): flags, reserved, the network's number, reserved; an
/// Ethernet frame. What has other flags is something else on the same port.
fn vxlan(payload: Captured<'_>) -> Result<(u32, Inner<'_>), Skip> {
    const HEADER: usize = 8;
    /// The number of the network is there.
    const VALID: u8 = 0x08;
    let header = payload.bytes.first_chunk::<HEADER>().ok_or(Skip::NotTcp)?;
    let [flags, _, _, _, v1, v2, v3, _] = *header;
    if flags & VALID == 0 {
        return Err(Skip::NotTcp);
    }
    Ok((vni([v1, v2, v3]), ethernet(payload.after(HEADER))))
}

/// Geneve (RFC 8926, 3.4): version and length of the options, flags, what follows,
/// the network's number, reserved; options.
fn geneve(payload: Captured<'_>) -> Result<(u32, Inner<'_>), Skip> {
    const HEADER: usize = 8;
    let header = payload.bytes.first_chunk::<HEADER>().ok_or(Skip::NotTcp)?;
    let [lengths, _, p1, p2, v1, v2, v3, _] = *header;
    if lengths >> 6 != 0 {
        return Err(Skip::NotTcp);
    }
    let options = usize::from(lengths & 0x3f) * 4;
    let rest = payload.after(HEADER + options);
    let inner = match u16::from_be_bytes([p1, p2]) {
        gre::TRANSPARENT_ETHERNET => ethernet(rest),
        protocol => follows(rest, ethertype::follow(protocol, rest.bytes)),
    };
    Ok((vni([v1, v2, v3]), inner))
}

fn vni([a, b, c]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}
