//! Generic routing encapsulation (RFC 2784, 2890, 1701), and the variant of it in
//! which PPTP carries PPP (RFC 2637).

use super::datagram::Captured;
use super::inner::{Inner, ethernet, follows};
use super::next::{Next, u16_at};
use super::{Skip, ethertype};

/// An Ethernet frame.
pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
const PPP: u16 = 0x880b;
/// What a switch mirrors (draft-foschiano-erspan): type I and II, and type III.
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;
/// IP that a router redirects to a cache; a header of four bytes may precede it.
const WCCP: u16 = 0x883e;

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// Only of version 1.
const ACKNOWLEDGEMENT: u16 = 0x0080;

/// What a GRE packet carries.
pub(super) fn strip(packet: Captured<'_>) -> Inner<'_> {
    let flags = u16_at(packet.bytes, 0).ok_or(Skip::Truncated)?;
    let protocol = u16_at(packet.bytes, 2).ok_or(Skip::Truncated)?;
    let version = flags & 0x0007;
    if version > 1 {
        return Err(Skip::Tunnel);
    }
    let words = [
        flags & (CHECKSUM | ROUTING) != 0,
        flags & KEY != 0,
        flags & SEQUENCE != 0,
        version == 1 && flags & ACKNOWLEDGEMENT != 0,
    ];
    let words = words.into_iter().filter(|there| *there).count();
    let mut rest = packet.after(4 + 4 * words);
    if version == 0 && flags & ROUTING != 0 {
        rest = after_routing(rest)?;
    }
    if rest.len == 0 {
        // An acknowledgement, or a keepalive.
        return Err(Skip::NotIp);
    }
    match (version, protocol) {
        (_, PPP) => follows(rest, ethertype::ppp(rest.bytes)),
        (1, _) => Err(Skip::NotIp),
        (_, TRANSPARENT_ETHERNET) => ethernet(rest),
        // Type I has neither a sequence number nor a header.
        (_, ERSPAN) if flags & SEQUENCE == 0 => ethernet(rest),
        (_, ERSPAN) => erspan(rest, 1, 8),
        (_, ERSPAN_III) => {
            // Its last bit says that eight bytes more follow.
            let more = rest.bytes.get(11).ok_or(Skip::Truncated)? & 1;
            erspan(rest, 2, 12 + 8 * usize::from(more))
        }
        (_, WCCP) => {
            let is_ip = rest.bytes.first().is_some_and(|b| b >> 4 == 4);
            let rest = if is_ip { rest } else { rest.after(4) };
            Ok((Next::V4, rest))
        }
        _ => follows(rest, ethertype::follow(protocol, rest.bytes)),
    }
}

/// The list of routes that RFC 1701 had: each with a family, an offset and a length;
/// one of no family and length ends it.
fn after_routing(mut rest: Captured<'_>) -> Result<Captured<'_>, Skip> {
    loop {
        let family = u16_at(rest.bytes, 0).ok_or(Skip::Truncated)?;
        let len = *rest.bytes.get(3).ok_or(Skip::Truncated)?;
        rest = rest.after(4 + usize::from(len));
        if family == 0 && len == 0 {
            return Ok(rest);
        }
    }
}

/// The Ethernet frame behind an ERSPAN header of this version and length.
fn erspan(packet: Captured<'_>, version: u8, header: usize) -> Inner<'_> {
    match packet.bytes.first().map(|b| b >> 4) {
        None => Err(Skip::Truncated),
        Some(v) if v == version => ethernet(packet.after(header)),
        Some(_) => Err(Skip::Tunnel),
    }
}
