//! IEEE 802.11: what a monitor sees of a wireless network.
//!
//! Data frames carry LLC, as Ethernet does where it has a length. A header of
//! the capture's may stand before them: radiotap, AVS or Prism.

use super::Skip;
use super::datagram::Captured;
use super::ethertype::llc;
use super::next::Network;
use crate::model::LinkType;

/// Whether frames of this link type are IEEE 802.11.
pub(super) const fn is(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::IEEE802_11
            | LinkType::IEEE802_11_RADIOTAP
            | LinkType::IEEE802_11_PRISM
            | LinkType::IEEE802_11_AVS
    )
}

/// What a data frame carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<'a> {
    /// What is behind its headers.
    pub body: &'a [u8],
    /// Whether that are several of what others carry (an A-MSDU).
    pub aggregate: bool,
}

/// The network layer of a frame; of an aggregate, that of the first in it.
pub(super) fn strip(link: LinkType, bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let data = data(link, bytes)?;
    if data.aggregate {
        let first = Subframes::new(Captured::whole(data.body)).next();
        return llc(first.ok_or(Skip::Truncated)?.bytes);
    }
    llc(data.body)
}

/// What a frame carries, where it carries data.
pub(super) fn data(link: LinkType, bytes: &[u8]) -> Result<Data<'_>, Skip> {
    match link {
        LinkType::IEEE802_11_RADIOTAP => {
            let (padded, bytes) = radiotap(bytes)?;
            frame(bytes, padded)
        }
        LinkType::IEEE802_11_AVS => frame(avs(bytes)?, false),
        LinkType::IEEE802_11_PRISM => frame(prism(bytes)?, false),
        _ => frame(bytes, false),
    }
}

/// Radiotap (<https://www.radiotap.org>): version, padding, length, and words that
/// say which fields follow; little endian. Whether the 802.11 header is padded
/// to four bytes, as some cards leave it, is a bit of the field `flags`.
fn radiotap(bytes: &[u8]) -> Result<(bool, &[u8]), Skip> {
    const HEADER_PADDED: u8 = 0x20;
    let word = |at: usize| {
        let word = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(word.try_into().ok()?))
    };
    let (header, _) = bytes.split_first_chunk::<8>().ok_or(Skip::Truncated)?;
    let len = usize::from(u16::from_le_bytes([header[2], header[3]]));
    if header[0] != 0 || len < header.len() {
        return Err(Skip::Malformed);
    }
    let rest = bytes.get(len..).ok_or(Skip::Truncated)?;
    let present = word(4).ok_or(Skip::Truncated)?;
    let mut at = 8;
    let mut more = present;
    while more & 1 << 31 != 0 && at < len {
        more = word(at).ok_or(Skip::Truncated)?;
        at += 4;
    }
    if present & 1 != 0 {
        // The timer of the receiver: eight bytes, aligned to eight.
        at = at.next_multiple_of(8) + 8;
    }
    let flags = bytes
        .get(at)
        .copied()
        .filter(|_| at < len && present & 2 != 0);
    Ok((flags.unwrap_or(0) & HEADER_PADDED != 0, rest))
}

/// AVS: a magic number and the header's length, big endian.
fn avs(bytes: &[u8]) -> Result<&[u8], Skip> {
    let len = bytes.get(4..8).ok_or(Skip::Truncated)?;
    let len = len.iter().fold(0, |n, b| n << 8 | usize::from(*b));
    bytes.get(len..).ok_or(Skip::Truncated)
}

/// Prism: 144 bytes. Some drivers wrote AVS under its name.
fn prism(bytes: &[u8]) -> Result<&[u8], Skip> {
    const LEN: usize = 144;
    match bytes {
        [0x80, 0x21, 0x10, ..] => avs(bytes),
        _ => bytes.get(LEN..).ok_or(Skip::Truncated),
    }
}

/// The 802.11 header (IEEE 802.11-2020, 9.2 and 9.3.2.1).
fn frame(bytes: &[u8], padded: bool) -> Result<Data<'_>, Skip> {
    const DATA: u8 = 2;
    const NO_DATA: u8 = 0x40;
    const QOS: u8 = 0x80;
    const TO_AND_FROM_DS: u8 = 0x03;
    const PROTECTED: u8 = 0x40;
    const HT_CONTROL: u8 = 0x80;
    const AGGREGATE: u8 = 0x80;
    let (control, _) = bytes.split_first_chunk::<2>().ok_or(Skip::Truncated)?;
    let [kind, flags] = *control;
    if kind & 0x03 != 0 {
        return Err(Skip::Malformed); // another version
    }
    if kind >> 2 & 0x03 != DATA || kind & NO_DATA != 0 {
        return Err(Skip::NotIp);
    }
    if flags & PROTECTED != 0 {
        return Err(Skip::Encrypted);
    }
    let sequence = *bytes.get(22).ok_or(Skip::Truncated)?;
    if sequence & 0x0f != 0 {
        return Err(Skip::LaterFragment);
    }
    let mut len = 24;
    if flags & TO_AND_FROM_DS == TO_AND_FROM_DS {
        len += 6;
    }
    let mut aggregate = false;
    if kind & QOS != 0 {
        aggregate = bytes.get(len).ok_or(Skip::Truncated)? & AGGREGATE != 0;
        len += 2;
        if flags & HT_CONTROL != 0 {
            len += 4;
        }
    }
    if padded {
        len = len.next_multiple_of(4);
    }
    Ok(Data {
        body: bytes.get(len..).ok_or(Skip::Truncated)?,
        aggregate,
    })
}

/// The frames in an aggregate: each has the addresses and the length of an Ethernet
/// frame, LLC, and padding to four bytes (IEEE 802.11-2020, 9.3.2.2).
#[derive(Clone, Debug)]
pub(super) struct Subframes<'a> {
    rest: Captured<'a>,
}

impl<'a> Subframes<'a> {
    pub(super) const fn new(body: Captured<'a>) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Subframes<'a> {
    type Item = Captured<'a>;

    /// What is behind the next one's addresses and length.
    fn next(&mut self) -> Option<Captured<'a>> {
        const HEADER: usize = 14;
        const LEN: usize = 12;
        let header = self.rest.bytes.get(LEN..HEADER)?;
        let len = u32::from(u16::from_be_bytes(header.try_into().ok()?));
        let body = self.rest.after(HEADER).cut_to(len);
        let whole = (HEADER + len as usize).next_multiple_of(4);
        // The last one is not padded.
        self.rest = self.rest.after(whole);
        Some(body)
    }
}
