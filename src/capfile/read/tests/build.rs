//! Capture files built by hand.

/// Byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Little,
    Big,
}

pub(super) const BOTH: [End; 2] = [End::Little, End::Big];

impl End {
    pub(super) fn u16(self, n: u16) -> [u8; 2] {
        if self == Self::Little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    pub(super) fn u32(self, n: u32) -> [u8; 4] {
        if self == Self::Little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    pub(super) fn i64(self, n: i64) -> [u8; 8] {
        if self == Self::Little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    pub(super) fn words(self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|&n| self.u32(n)).collect()
    }
}

/// A pcap file's header; the rest of it is appended by `frame`.
#[derive(Clone, Copy)]
pub(super) struct Pcap {
    pub(super) end: End,
    pub(super) magic: u32,
    pub(super) version: (u16, u16),
    pub(super) network: u32,
    /// What follows the usual file header.
    pub(super) more: &'static [u8],
    /// What follows the usual record header.
    pub(super) extra: &'static [u8],
    /// The lengths stand in the old order.
    pub(super) swapped: bool,
}

impl Pcap {
    pub(super) const fn new(end: End) -> Self {
        Self {
            end,
            magic: 0xa1b2_c3d4,
            version: (2, 4),
            network: 1,
            more: &[],
            extra: &[],
            swapped: false,
        }
    }

    pub(super) fn header(&self) -> Vec<u8> {
        let e = self.end;
        let mut b = e.u32(self.magic).to_vec();
        b.extend(e.u16(self.version.0));
        b.extend(e.u16(self.version.1));
        b.extend(e.words(&[0, 0, 65_535, self.network]));
        b.extend(self.more);
        b
    }

    pub(super) fn frame(&self, seconds: u32, fraction: u32, wire: u32, bytes: &[u8]) -> Vec<u8> {
        let captured = u32::try_from(bytes.len()).unwrap();
        let (a, b) = if self.swapped {
            (wire, captured)
        } else {
            (captured, wire)
        };
        let mut out = self.end.words(&[seconds, fraction, a, b]);
        out.extend(self.extra);
        out.extend(bytes);
        out
    }

    /// A file of two frames, and what should be read of it.
    pub(super) fn two(&self) -> Vec<u8> {
        [
            self.header(),
            self.frame(5, 7, 60, &[1; 20]),
            self.frame(6, 8, 70, &[2; 31]),
        ]
        .concat()
    }
}

/// pcapng blocks of one byte order.
#[derive(Clone, Copy)]
pub(super) struct Ng(pub(super) End);

impl Ng {
    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = u32::try_from(body.len() + 12).unwrap();
        [self.0.words(&[kind, length]), body, self.0.words(&[length])].concat()
    }

    pub(super) fn section(self) -> Vec<u8> {
        let mut body = self.0.words(&[0x1a2b_3c4d]);
        body.extend(self.0.u16(1));
        body.extend(self.0.u16(0));
        body.extend(self.0.i64(-1));
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut b = self.0.u16(code).to_vec();
        b.extend(self.0.u16(u16::try_from(value.len()).unwrap()));
        b.extend(value);
        b.resize(b.len().next_multiple_of(4), 0);
        b
    }

    pub(super) fn interface(self, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        let mut body = self.0.u16(link).to_vec();
        body.extend([0, 0]);
        body.extend(self.0.u32(snaplen));
        body.extend(options);
        self.block(1, &body)
    }

    fn packet(self, kind: u32, first: &[u8], stamp: u64, wire: u32, bytes: &[u8]) -> Vec<u8> {
        let mut body = first.to_vec();
        let high = u32::try_from(stamp >> 32).unwrap();
        let low = u32::try_from(stamp & 0xffff_ffff).unwrap();
        let captured = u32::try_from(bytes.len()).unwrap();
        body.extend(self.0.words(&[high, low, captured, wire]));
        body.extend(bytes);
        self.block(kind, &body)
    }

    pub(super) fn enhanced(self, interface: u32, stamp: u64, wire: u32, bytes: &[u8]) -> Vec<u8> {
        self.packet(6, &self.0.u32(interface), stamp, wire, bytes)
    }

    pub(super) fn obsolete(self, interface: u16, stamp: u64, wire: u32, bytes: &[u8]) -> Vec<u8> {
        let first = [self.0.u16(interface), self.0.u16(9)].concat();
        self.packet(2, &first, stamp, wire, bytes)
    }

    pub(super) fn simple(self, wire: u32, bytes: &[u8]) -> Vec<u8> {
        self.block(3, &[&self.0.u32(wire)[..], bytes].concat())
    }
}
