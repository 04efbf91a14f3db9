//! Bytes on their way through the headers, and what the network layer hands to the
//! transport layer.

use super::Skip;

/// What was captured of something, and how long it is on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Captured<'a> {
    /// At most `len` of its bytes.
    pub bytes: &'a [u8],
    /// How long it is on the wire.
    pub len: u32,
}

impl<'a> Captured<'a> {
    /// Something that was captured whole.
    pub(super) fn whole(bytes: &'a [u8]) -> Self {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self { bytes, len }
    }

    /// What is behind the first `n` bytes; nothing where there are no more.
    pub(super) fn after(self, n: usize) -> Self {
        Self {
            bytes: self.bytes.get(n..).unwrap_or_default(),
            len: self
                .len
                .saturating_sub(u32::try_from(n).unwrap_or(u32::MAX)),
        }
    }

    /// The same where `rest`, the end of its bytes, is all that is left.
    pub(super) fn at(self, rest: &'a [u8]) -> Self {
        let behind = self.bytes.len() - rest.len().min(self.bytes.len());
        Self {
            bytes: rest,
            ..self.after(behind)
        }
    }

    /// The first `len` bytes of it.
    pub(super) fn cut_to(self, len: u32) -> Self {
        let len = self.len.min(len);
        Self {
            bytes: &self.bytes[..self.bytes.len().min(len as usize)],
            len,
        }
    }
}

/// An IP datagram's payload: TCP, at the first byte of its header, unless a tunnel is
/// followed.
///
/// The addresses are not in it: they stay in the header until the segment is
/// built, because moving them about costs more than all the rest of decoding.
#[derive(Clone, Copy)]
pub(super) struct Datagram<'a> {
    /// What was captured of the TCP header and its payload.
    pub bytes: &'a [u8],
    /// How long they are on the wire.
    pub len: u32,
    /// Whether this is the first of several fragments.
    pub fragment: bool,
}

impl<'a> Datagram<'a> {
    /// Without what follows the datagram in the frame: Ethernet padding.
    #[inline]
    pub(super) fn trimmed(mut self) -> Self {
        let len = self.len as usize;
        if self.bytes.len() > len {
            self.bytes = &self.bytes[..len];
        }
        self
    }

    /// Why a header did not fit: the capture cut it, or it was never there.
    pub(super) fn too_short(&self) -> Skip {
        if (self.bytes.len() as u64) < u64::from(self.len) {
            Skip::Truncated
        } else {
            Skip::Malformed
        }
    }

    /// What it carries, for headers that are not TCP's.
    pub(super) const fn carried(&self) -> Captured<'a> {
        Captured {
            bytes: self.bytes,
            len: self.len,
        }
    }
}
