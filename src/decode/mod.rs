//! From a captured frame to a TCP segment.
//!
//! In comes a [`Frame`]: a link type and bytes, cut at the capture's snapshot
//! length. Out goes a [`Segment`] that borrows the payload, or the reason
//! [why there is none](Skip). Pure, without allocation, and total: every byte
//! string gives one or the other.
//!
//! The headers are followed from the link through one IPv4 or IPv6 header with its
//! options, extension headers and AH to TCP. The links: Ethernet with any stack of
//! VLAN tags and LLC/SNAP, IEEE 802.11 (plain, radiotap, AVS, Prism), Linux SLL and
//! SLL2, NULL, LOOP, RAW, PPP, `PPPoE`, Cisco HDLC, frame relay, FDDI, token ring, LLC
//! over ATM, NFLOG, PFLOG, ENC, and what PPI and PKTAP hold. Tunnels are followed
//! where that is asked for ([`Tunnels`]). Of a fragmented datagram the first fragment
//! belongs to its flow, the later ones to none.
//!
//! Lengths are those of the wire, by the IP header's account, and at most what
//! the frame held: a frame cut by the snapshot length keeps its true payload
//! length, and Ethernet padding is no payload. Where the IP header gives no
//! length (0, as segmentation offload leaves it) the frame's own length counts.
//! The first fragment of a datagram does not say how long the whole segment
//! is, so it counts with no payload; tshark's `tcp.len` does the same.

mod datagram;
mod ethertype;
mod gre;
mod inner;
mod ip;
mod link;
mod mpls;
mod next;
mod nflog;
mod overlay;
mod plain;
mod protocols;
mod skip;
mod tcp;
#[cfg(test)]
mod tests;
mod tunnel;
#[cfg(test)]
mod tunnel_tests;
mod wlan;

pub use skip::{Skip, SkipCounts};

use crate::model::{Frame, LinkType, Segment};
use datagram::Captured;
use next::Next;

/// What is done with a datagram in another, a frame in a datagram, and labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tunnels {
    /// The outermost datagram counts; one without TCP gives none.
    #[default]
    Outermost,
    /// IP in IP, GRE, VXLAN, Geneve, MPLS and Ethernet in any of them lead to the
    /// innermost datagram, unless TCP comes first.
    Followed,
}

/// The fewest bytes of a frame of which a segment can be told: the header of the link, of
/// IP without options, and of TCP up to its window. Of a link that is not named here, the
/// latter two.
#[must_use]
pub(crate) fn least_of_tcp(link: LinkType, v6: bool) -> u32 {
    let link = match link {
        LinkType::ETHERNET => 14,
        LinkType::LINUX_SLL => 16,
        LinkType::LINUX_SLL2 => 20,
        LinkType::NULL | LinkType::LOOP => 4,
        _ => 0,
    };
    link + if v6 { 40 } else { 20 } + 16
}

/// The TCP segment that a frame carries; where a wireless frame carries several, the
/// first. [`decode_each`] gives all, and follows tunnels.
///
/// ```
/// use threadtap::capfile::CaptureReader;
/// use threadtap::decode::decode;
/// use threadtap::model::TcpFlags;
///
/// let file = std::fs::File::open("captures/golden/thread.pcap")?;
/// let mut reader = CaptureReader::open(file)?;
/// let mut opened = 0;
/// while let Some(frame) = reader.next()? {
///     let Ok(segment) = decode(&frame) else { continue };
///     opened += u32::from(segment.flags.has(TcpFlags::SYN) && !segment.flags.has(TcpFlags::ACK));
/// }
/// assert_eq!(opened, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The reason why there is none; see [`Skip`].
#[inline]
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Segment<'a>, Skip> {
    if let Some(segment) = plain::segment(frame) {
        return Ok(segment);
    }
    let (next, bytes) = link::strip(frame.link, frame.bytes)?;
    network(frame, next, whole(frame, bytes), Tunnels::Outermost)
}

/// Hands on the TCP segments that a frame carries: one, or several of an IEEE 802.11
/// frame that holds several (an A-MSDU). The lengths of those add up to the frame's.
///
/// # Errors
/// The reason why there is none; see [`Skip`]. Of several the first.
#[inline]
pub fn decode_each<'a>(
    frame: &Frame<'a>,
    tunnels: Tunnels,
    take: &mut impl FnMut(Segment<'a>),
) -> Result<(), Skip> {
    if let Some(segment) = plain::segment(frame) {
        take(segment);
        return Ok(());
    }
    by_its_headers(frame, tunnels, take)
}

/// The same of any frame, header by header.
#[inline(never)]
fn by_its_headers<'a>(
    frame: &Frame<'a>,
    tunnels: Tunnels,
    take: &mut impl FnMut(Segment<'a>),
) -> Result<(), Skip> {
    if wlan::is(frame.link) {
        return wireless(frame, tunnels, take);
    }
    let (next, bytes) = link::strip(frame.link, frame.bytes)?;
    take(network(frame, next, whole(frame, bytes), tunnels)?);
    Ok(())
}

/// The same of IEEE 802.11.
#[cold]
fn wireless<'a>(
    frame: &Frame<'a>,
    tunnels: Tunnels,
    take: &mut impl FnMut(Segment<'a>),
) -> Result<(), Skip> {
    let data = wlan::data(frame.link, frame.bytes)?;
    if !data.aggregate {
        let (next, bytes) = ethertype::llc(data.body)?;
        let segment = network(frame, next, whole(frame, bytes), tunnels)?;
        take(segment);
        return Ok(());
    }
    let parts = wlan::Subframes::new(whole(frame, data.body));
    let in_parts: u32 = parts.clone().map(|part| part.len).sum();
    // The headers of the frame are the first one's.
    let mut headers = frame.wire_len.saturating_sub(in_parts);
    let mut told = Err(Skip::Truncated);
    for part in parts {
        let of_part = Frame {
            wire_len: part.len.saturating_add(std::mem::take(&mut headers)),
            ..*frame
        };
        let segment = ethertype::llc(part.bytes)
            .and_then(|(next, bytes)| network(&of_part, next, part.at(bytes), tunnels));
        match segment {
            Ok(segment) => {
                told = Ok(());
                take(segment);
            }
            Err(skip) if told == Err(Skip::Truncated) => told = Err(skip),
            Err(_) => {}
        }
    }
    told
}

/// The end of a frame, `bytes`, with what was not captured of it.
#[inline]
fn whole<'a>(frame: &Frame<'_>, bytes: &'a [u8]) -> Captured<'a> {
    // A length that is less than what was captured is a writer's mistake.
    let cut = frame.wire_len as usize - frame.bytes.len().min(frame.wire_len as usize);
    let len = u32::try_from(bytes.len() + cut).unwrap_or(u32::MAX);
    Captured { bytes, len }
}

/// The segment behind what the link leads to.
#[inline]
fn network<'a>(
    frame: &Frame<'a>,
    next: Next,
    rest: Captured<'a>,
    tunnels: Tunnels,
) -> Result<Segment<'a>, Skip> {
    let outermost = match next.settled(rest.bytes)? {
        Next::V4 => ip::v4(frame, rest.bytes, rest.len),
        Next::V6 => ip::v6(frame, rest.bytes, rest.len),
        _ => Err(Skip::Tunnel),
    };
    match outermost {
        Err(Skip::Tunnel) if tunnels == Tunnels::Followed => tunnel::follow(frame, next, rest),
        outermost => outermost,
    }
}
