//! Link types as files name them, and how long their frames may be.

use super::Damage;
use crate::capfile::MAX_SNAPLEN;
use crate::model::LinkType;

/// The longest frame of the few link types whose "frames" are whole messages
/// or transfers; libpcap (`max_snaplen_for_dlt`) and Wireshark
/// (`wtap_max_snaplen_for_encap`) accept 128 MiB there.
const MAX_MESSAGE: u32 = 128 * 1024 * 1024;

/// The link type in a file's 16-bit number.
///
/// 12 and 14 are what BSDs call raw IP in their kernels; their programs
/// sometimes wrote that instead of `LINKTYPE_RAW`, and libpcap and Wireshark
/// read it so.
pub(super) const fn from_number(number: u16) -> LinkType {
    match number {
        12 | 14 => LinkType::RAW,
        n => LinkType(n),
    }
}

/// The link type in a pcap header's 32-bit field: above bit 16 come reserved
/// bits and the length of the frame check sequence (draft-ietf-opsawg-pcap,
/// section 4).
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half is something else"
)]
pub(super) const fn from_pcap_field(field: u32) -> LinkType {
    from_number(field as u16)
}

/// The number of bytes that a frame of this link type may have captured.
const fn longest(link: LinkType) -> u32 {
    match link.0 {
        // USB on Linux (two ways), D-Bus, USBPcap, EBHSCR.
        189 | 220 | 231 | 249 | 279 => MAX_MESSAGE,
        _ => MAX_SNAPLEN,
    }
}

/// Refuses a captured length that only a damaged file has.
#[inline]
pub(super) const fn check_length(link: LinkType, length: u32) -> Result<(), Damage> {
    if length <= MAX_SNAPLEN || length <= longest(link) {
        return Ok(());
    }
    Err(Damage::FrameTooLong {
        length,
        limit: longest(link),
    })
}
