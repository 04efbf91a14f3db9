//! pcapng files: draft-ietf-opsawg-pcapng.
//!
//! Sections, interfaces and the three kinds of packet block are read; every
//! other block is passed over, whatever is in it.

mod interface;
mod time;

use std::io::Read;

use super::input::{CAPACITY, Input};
use super::order::Order;
use super::{Damage, Found, Problem, link};
use crate::capfile::MAX_SNAPLEN;
use crate::model::Timestamp;

use interface::Interface;

/// Block types (section 4 of the draft).
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// The magic number that tells a section's byte order.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Type and total length at a block's beginning; the length again at its end.
const HEAD: usize = 8;
const TAIL: usize = 4;
/// Bytes of an enhanced packet block that are neither frame nor option.
const PACKET_OVERHEAD: usize = HEAD + 20 + TAIL;
/// The longest block: the longest frame of any link type (128 MiB), 128 KiB of
/// options and the fixed parts, the same as libpcap's and Wireshark's.
const LONGEST_BLOCK: u32 = 128 * 1024 * 1024 + 128 * 1024 + 32;
/// The most interfaces that one section may have.
const MOST_INTERFACES: u32 = 65_536;

/// A pcapng file: what the current section has said so far.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    /// What is left of a block whose frame was delivered.
    pending: Option<Block>,
}

/// A block's beginning.
#[derive(Clone, Copy, Debug)]
struct Block {
    kind: u32,
    /// The total length said.
    length: u32,
    /// Bytes of it that are left to pass.
    left: usize,
}

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
    /// Whether a file that begins so is a pcapng file; it takes 12 bytes to know.
    pub(super) fn begins(first: &[u8]) -> bool {
        first.len() >= 12
            && Order::Little.u32(first, 0) == SECTION
            && section_order(first).is_some()
    }

    /// Reads the first section header.
    pub(super) fn open<R: Read>(input: &mut Input<R>) -> Result<Self, Problem> {
        let mut this = Self {
            order: Order::Little,
            interfaces: Vec::new(),
            pending: None,
        };
        this.section(input)?;
        Ok(this)
    }

    /// The next frame, consumed; `None` at the end.
    #[inline]
    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Found>, Problem> {
        // Nearly every block is an enhanced packet that is whole in the buffer.
        if self.pending.is_none()
            && let Some(found) = self.usual(input)
        {
            return Ok(Some(found));
        }
        self.next_of_any(input)
    }

    /// The next frame, if it is in an enhanced packet block with nothing to
    /// object to and whole in the buffer.
    #[inline]
    fn usual<R: Read>(&self, input: &mut Input<R>) -> Option<Found> {
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

    /// The next frame of any kind, past blocks of any kind.
    #[inline(never)]
    fn next_of_any<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Found>, Problem> {
        if let Some(block) = self.pending.take() {
            self.pass(input, block)?;
        }
        loop {
            if !input.need(HEAD)? && input.available().is_empty() {
                return Ok(None);
            }
            input.require(HEAD, "block header")?;
            let kind = self.order.u32(input.available(), 0);
            if kind == SECTION {
                self.section(input)?;
                continue;
            }
            let block = self.block(input, kind)?;
            if matches!(kind, ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET) {
                return self.packet(input, block).map(Some);
            }
            if kind == INTERFACE {
                self.describe(input, block)?;
            }
            self.pass(input, block)?;
        }
    }

    /// The block whose head is in the input. Its length need not be a multiple
    /// of 4, though its room in the file is.
    #[inline]
    fn block<R: Read>(&self, input: &Input<R>, kind: u32) -> Result<Block, Damage> {
        let length = self.order.u32(input.available(), 4);
        let fixed = match kind {
            SECTION => 16,
            INTERFACE => 8,
            ENHANCED_PACKET | OBSOLETE_PACKET => 20,
            SIMPLE_PACKET => 4,
            _ => 0,
        };
        if length < 12 + fixed || length > LONGEST_BLOCK {
            return Err(Damage::BlockLength { kind, length });
        }
        Ok(Block {
            kind,
            length,
            left: length.next_multiple_of(4) as usize,
        })
    }

    /// A section header (4.1): from here on its byte order, and no interfaces.
    #[cold]
    fn section<R: Read>(&mut self, input: &mut Input<R>) -> Result<(), Problem> {
        input.require(12, "section header")?;
        let head = input.available();
        self.order = section_order(head).ok_or(Damage::ByteOrder(Order::Little.u32(head, 8)))?;
        let block = self.block(input, SECTION)?;
        input.require(16, "section header")?;
        let head = input.available();
        let (major, minor) = (self.order.u16(head, 12), self.order.u16(head, 14));
        // 1.2 is a mistake in some programs, and means 1.0 (4.1).
        if !matches!((major, minor), (1, 0 | 2)) {
            return Err(Damage::SectionVersion { major, minor }.into());
        }
        self.interfaces.clear();
        self.pass(input, block)
    }

    /// An interface description (4.2).
    #[cold]
    fn describe<R: Read>(&mut self, input: &mut Input<R>, block: Block) -> Result<(), Problem> {
        let Block { kind, length, left } = block;
        if left > CAPACITY {
            return Err(Damage::BlockLength { kind, length }.into());
        }
        if self.interfaces.len() >= MOST_INTERFACES as usize {
            return Err(Damage::TooManyInterfaces(MOST_INTERFACES).into());
        }
        input.require(left, "block")?;
        let body = &input.available()[HEAD..left - TAIL];
        self.interfaces.push(Interface::read(self.order, body)?);
        Ok(())
    }

    /// A packet block of any kind.
    #[inline]
    fn packet<R: Read>(&mut self, input: &mut Input<R>, block: Block) -> Result<Found, Problem> {
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

    /// Goes past what is left of a block.
    fn pass<R: Read>(&self, input: &mut Input<R>, block: Block) -> Result<(), Problem> {
        if block.left <= CAPACITY {
            input.require(block.left, "block")?;
            check_end(self.order, input.available(), block)?;
            input.consume(block.left);
            input.finish();
            return Ok(());
        }
        input.begin();
        input.skip((block.left - TAIL) as u64, "block")?;
        let end = Block {
            left: TAIL,
            ..block
        };
        self.pass(input, end)
    }
}

/// A block's length is given at both ends.
#[inline]
fn check_end(order: Order, bytes: &[u8], block: Block) -> Result<(), Damage> {
    let last = order.u32(bytes, block.left - TAIL);
    if last == block.length {
        return Ok(());
    }
    Err(Damage::BlockEnds {
        first: block.length,
        last,
    })
}

/// The byte order that a section header has.
fn section_order(head: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big]
        .into_iter()
        .find(|order| order.u32(head, 8) == BYTE_ORDER)
}
