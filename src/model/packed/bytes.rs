//! Numbers as few bytes as they need, and back.

use std::net::IpAddr;

use crate::model::{Endpoint, Timestamp};

/// Writes packed notes.
#[derive(Debug)]
pub struct Writer<'a>(pub(super) &'a mut Vec<u8>);

/// Reads what a [`Writer`] wrote. Past the end there are zeros.
#[derive(Clone, Debug)]
pub struct Reader<'a>(pub(super) &'a [u8]);

const V4: u8 = 4;
const V6: u8 = 6;
/// The address of the one before.
const SAME: u8 = 0;

impl Writer<'_> {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Seven bits a byte, the least first (LEB128).
    pub(super) fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n.to_le_bytes()[0] | 0x80);
            n >>= 7;
        }
        self.0.push(n.to_le_bytes()[0]);
    }

    /// A difference, which is small in either direction.
    pub(super) fn signed(&mut self, n: i64) {
        self.number((n << 1 ^ n >> 63).cast_unsigned());
    }

    /// How far a number is from the one that was expected.
    pub(super) fn after(&mut self, expected: u32, n: u32) {
        self.signed(n.wrapping_sub(expected).cast_signed().into());
    }

    /// A moment, and from then on the one that others are told from.
    pub(super) fn time(&mut self, base: &mut i64, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.signed(at.as_nanos().wrapping_sub(*base));
            *base = at.as_nanos();
        }
    }

    pub(super) fn endpoint(&mut self, before: Option<Endpoint>, end: Endpoint) {
        match end.ip {
            ip if before.is_some_and(|before| before.ip == ip) => self.byte(SAME),
            IpAddr::V4(ip) => {
                self.byte(V4);
                self.0.extend(ip.octets());
            }
            IpAddr::V6(ip) => {
                self.byte(V6);
                self.0.extend(ip.octets());
            }
        }
        self.0.extend(end.port.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap_or([0; N])
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(super) fn number(&mut self) -> u64 {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        n
    }

    pub(super) fn signed(&mut self) -> i64 {
        let n = self.number();
        (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
    }

    pub(super) fn after(&mut self, expected: u32) -> u32 {
        let by = u32::try_from(self.signed() & i64::from(u32::MAX));
        expected.wrapping_add(by.unwrap_or(0))
    }

    /// A moment, where one was told.
    pub(super) fn time(&mut self, base: &mut i64, told: bool) -> Option<Timestamp> {
        told.then(|| {
            *base = base.wrapping_add(self.signed());
            Timestamp::from_nanos(*base)
        })
    }

    pub(super) fn endpoint(&mut self, before: Option<Endpoint>) -> Endpoint {
        let ip = match (self.byte(), before) {
            (V4, _) => self.array::<4>().into(),
            (SAME, Some(before)) => before.ip,
            _ => self.array::<16>().into(),
        };
        Endpoint::new(ip, u16::from_le_bytes(self.array()))
    }

    pub(super) fn text(&mut self) -> &'a str {
        let length = usize::try_from(self.number()).unwrap_or(usize::MAX);
        std::str::from_utf8(self.take(length)).unwrap_or_default()
    }
}

/// What is there of a note, a bit each.
pub(super) fn flags(there: &[bool]) -> u64 {
    let bits = there.iter().enumerate();
    bits.fold(0, |flags, (bit, there)| flags | u64::from(*there) << bit)
}

/// Whether a bit is set.
pub(super) const fn has(flags: u64, bit: u32) -> bool {
    flags >> bit & 1 == 1
}
