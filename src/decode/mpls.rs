//! MPLS: a stack of labels, and a guess of what is under it.
//!
//! The labels do not say what they lead to (RFC 3032, 2.2): only routers that agreed
//! on them know. As everybody does, the first nibble is looked at (RFC 4928): 4 and
//! 6 are IP, 0 the control word of a pseudowire (RFC 4385), 1 a channel of its own.
//! An Ethernet frame may begin with any nibble, so a guess is only believed where
//! what it leads to fits.

use super::datagram::Captured;
use super::inner::{Inner, ethernet};
use super::next::{Next, u16_at};
use super::{Skip, ethertype};

const LABEL: usize = 4;
const CONTROL_WORD: usize = 4;
/// "IPv4 explicit NULL", "IPv6 explicit NULL": what follows is said.
const EXPLICIT_V4: u32 = 0;
const EXPLICIT_V6: u32 = 2;
/// A channel of the label's own follows (RFC 5586).
const GAL: u32 = 13;

/// What is under the labels.
pub(super) fn strip(mut rest: Captured<'_>) -> Inner<'_> {
    loop {
        let label = rest.bytes.first_chunk::<LABEL>().ok_or(Skip::Truncated)?;
        let label = u32::from_be_bytes(*label);
        rest = rest.after(LABEL);
        let bottom = label & 0x0100 != 0;
        match label >> 12 {
            GAL => return Err(Skip::NotIp),
            EXPLICIT_V4 if bottom => return Ok((Next::V4, rest)),
            EXPLICIT_V6 if bottom => return Ok((Next::V6, rest)),
            _ if bottom => return guess(rest),
            _ => {}
        }
    }
}

fn guess(rest: Captured<'_>) -> Inner<'_> {
    let first = rest.bytes.first().ok_or(Skip::Truncated)?;
    match first >> 4 {
        4 if is_v4(rest) || !is_ethernet(rest) => Ok((Next::V4, rest)),
        6 if is_v6(rest) || !is_ethernet(rest) => Ok((Next::V6, rest)),
        0 if is_ethernet(rest.after(CONTROL_WORD)) => ethernet(rest.after(CONTROL_WORD)),
        _ if is_ethernet(rest) => ethernet(rest),
        _ => Err(Skip::NotIp),
    }
}

/// Whether this reads like an Ethernet header.
fn is_ethernet(frame: Captured<'_>) -> bool {
    u16_at(frame.bytes, 12).is_some_and(ethertype::is_known)
}

/// Whether this reads like an IPv4 datagram: its lengths are possible, and the
/// checksum of its header is right (RFC 791, 3.1).
fn is_v4(rest: Captured<'_>) -> bool {
    let len = usize::from(rest.bytes[0] & 0x0f) * 4;
    let Some(header) = rest.bytes.get(..len).filter(|_| len >= 20) else {
        return false;
    };
    let words = header.chunks_exact(2);
    let sum: u32 = words
        .map(|w| u32::from(u16::from_be_bytes([w[0], w[1]])))
        .sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    sum == 0xffff
}

/// Whether this reads like an IPv6 datagram: its payload is as long as it says.
fn is_v6(rest: Captured<'_>) -> bool {
    u16_at(rest.bytes, 4).is_some_and(|len| u32::from(len) + 40 == rest.len)
}
