//! What the network layer hands to the transport layer.

use super::Skip;

/// An IP datagram that carries TCP, at the first byte of the TCP header.
///
/// The addresses are not in it: they stay in the header until the segment is
/// built, because moving them about costs more than all the rest of decoding.
pub(super) struct Datagram<'a> {
    /// What was captured of the TCP header and its payload.
    pub bytes: &'a [u8],
    /// How long they are on the wire.
    pub len: u32,
    /// Whether this is the first of several fragments.
    pub fragment: bool,
}

impl Datagram<'_> {
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
}
