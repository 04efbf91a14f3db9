//! The three kinds of packet block: enhanced, simple and obsolete.

use std::io::Read;

use super::super::input::{CAPACITY, Input};
use super::super::{Damage, Found, Problem, link};
use super::{Block, ENHANCED_PACKET, HEAD, Pcapng, SIMPLE_PACKET, TAIL, check_end};
use crate::capfile::MAX_SNAPLEN;
use crate::model::Timestamp;

/// Bytes of an enhanced packet block that are neither frame nor option.
const PACKET_OVERHEAD: usize = HEAD + 20 + TAIL;

/// The fixed fields of a packet block.
struct Packet {
    interface: u32,
    stamp: Option<u64>,
    captured: u32,
    original: u32,
    /// Bytes of the fixed fields.
    fixed: usize,
}

impl Pcapng {
    /// The next frame, if it is in an enhanced packet block with nothing to
    /// object to and whole in the buffer.
    #[inline]
    pub(super) fn usual<R: Read>(&self, input: &mut Input<R>) -> Option<Found> {
        let available = input.available();
        let block: [u32; 7] = self.order.words::<28, 7>(available.first_chunk()?);
        let [kind, length, id, high, low, captured, original] = block;
        let (size, len) = (length as usize, captured as usize);
        let usual = kind == ENHANCED_PACKET
            && length.is_multiple_of(4)
            && size <= available.len()
            && captured <= MAX_SNAPLEN
            && size >= PACKET_OVERHEAD + len;
        if !usual || self.order.u32(available, size - TAIL) != length {
            return None;
        }
        let interface = self.interfaces.get(id as usize)?;
        input.consume(size);
        Some(Found {
            time: interface
                .clock
                .moment(u64::from(high) << 32 | u64::from(low)),
            link: interface.link,
            wire_len: original,
            len,
            back: size - (PACKET_OVERHEAD - TAIL) - len,
        })
    }

    /// A packet block of any kind.
    #[inline]
    pub(super) fn packet<R: Read>(
        &mut self,
        input: &mut Input<R>,
        block: Block,
    ) -> Result<Found, Problem> {
        // Most blocks are short, and asked for once.
        if block.left <= CAPACITY {
            input.require(block.left, "block")?;
        } else {
            input.require(HEAD + 20, "block")?;
        }
        let packet = self.fields(input.available(), block.kind);
        let Some(interface) = self.interfaces.get(packet.interface as usize) else {
            return Err(Damage::UnknownInterface {
                id: packet.interface,
                described: u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX),
            }
            .into());
        };
        let mut captured = packet.captured;
        if block.kind == SIMPLE_PACKET && interface.snaplen > 0 {
            captured = captured.min(interface.snaplen);
        }
        link::check_length(interface.link, captured)?;
        let room = block.left - HEAD - packet.fixed - TAIL;
        if captured as usize > room {
            return Err(Damage::FrameBeyondBlock {
                length: captured,
                room: u32::try_from(room).unwrap_or(u32::MAX),
            }
            .into());
        }
        let len = captured.min(MAX_SNAPLEN) as usize;
        let mut found = Found {
            time: match packet.stamp {
                Some(stamp) => interface.clock.moment(stamp),
                None => Timestamp::default(),
            },
            link: interface.link,
            wire_len: packet.original,
            len,
            back: 0,
        };
        let end = HEAD + packet.fixed + len;
        if block.left <= CAPACITY {
            check_end(self.order, input.available(), block)?;
            input.consume(block.left);
            found.back = block.left - end;
        } else {
            input.require(end, "block")?;
            input.begin();
            input.consume(end);
            self.pending = Some(Block {
                left: block.left - end,
                ..block
            });
        }
        Ok(found)
    }

    /// The fixed fields of a packet block.
    #[inline]
    fn fields(&self, block: &[u8], kind: u32) -> Packet {
        let order = self.order;
        if kind == SIMPLE_PACKET {
            // 4.4: the length on the wire, and nothing else; always the first
            // interface.
            let original = order.u32(block, 8);
            return Packet {
                interface: 0,
                stamp: None,
                captured: original,
                original,
                fixed: 4,
            };
        }
        let interface = if kind == ENHANCED_PACKET {
            order.u32(block, 8)
        } else {
            // Appendix A: 16 bits, and a count of drops.
            u32::from(order.u16(block, 8))
        };
        let (high, low) = (order.u32(block, 12), order.u32(block, 16));
        Packet {
            interface,
            stamp: Some(u64::from(high) << 32 | u64::from(low)),
            captured: order.u32(block, 20),
            original: order.u32(block, 24),
            fixed: 20,
        }
    }
}
