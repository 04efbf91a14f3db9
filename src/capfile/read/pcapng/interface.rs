//! Interface description blocks and their options.

use super::super::order::Order;
use super::super::{Damage, link};
use super::time::Clock;
use crate::model::LinkType;

/// Option codes (draft-ietf-opsawg-pcapng, sections 3.5 and 4.2).
const END: u16 = 0;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// What an interface description says about the interface's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// Captured bytes at most; 0 means no limit.
    pub(super) snaplen: u32,
    pub(super) clock: Clock,
}

impl Interface {
    /// Reads a block's body: at least the 8 fixed bytes, then options.
    pub(super) fn read(order: Order, body: &[u8]) -> Result<Self, Damage> {
        let mut this = Self {
            link: link::from_number(order.u16(body, 0)),
            snaplen: order.u32(body, 4),
            clock: Clock::DEFAULT,
        };
        // The first of each counts, as for Wireshark.
        let (mut resolution, mut offset) = (false, false);
        let mut rest = &body[8..];
        while rest.len() >= 4 {
            let (code, length) = (order.u16(rest, 0), order.u16(rest, 2));
            if code == END {
                break;
            }
            rest = &rest[4..];
            let Some(value) = rest.get(..usize::from(length)) else {
                return Err(Damage::OptionBeyondBlock {
                    code,
                    length,
                    room: u32::try_from(rest.len()).unwrap_or(u32::MAX),
                });
            };
            match (code, value) {
                (IF_TSRESOL, &[value]) if !resolution => {
                    this.clock.set_resolution(value);
                    resolution = true;
                }
                (IF_TSOFFSET, value) if value.len() == 8 && !offset => {
                    this.clock.set_offset(order.i64(value, 0));
                    offset = true;
                }
                _ => {}
            }
            rest = rest
                .get(usize::from(length).next_multiple_of(4)..)
                .unwrap_or_default();
        }
        Ok(this)
    }
}
