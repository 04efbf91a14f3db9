//! pcapng files: draft-ietf-opsawg-pcapng.
//!
//! Sections, interfaces and the three kinds of packet block are read; every
//! other block is passed over, whatever is in it.

mod interface;
mod packet;
mod time;

use std::io::Read;

use super::input::{CAPACITY, Input};
use super::order::Order;
use super::{Damage, Found, Problem};

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
