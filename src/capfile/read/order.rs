//! Numbers in the byte order that a file says it has.

/// A file's or section's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The 16-bit number at `at`; there must be one.
    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let raw = [bytes[at], bytes[at + 1]];
        match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        }
    }

    /// The 32-bit number at `at`; there must be one.
    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let mut raw = [0; 4];
        raw.copy_from_slice(&bytes[at..at + 4]);
        match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        }
    }

    /// The signed 64-bit number at `at`; there must be one.
    #[inline]
    pub(super) fn i64(self, bytes: &[u8], at: usize) -> i64 {
        let mut raw = [0; 8];
        raw.copy_from_slice(&bytes[at..at + 8]);
        match self {
            Self::Little => i64::from_le_bytes(raw),
            Self::Big => i64::from_be_bytes(raw),
        }
    }

    /// The 32-bit numbers that these bytes are.
    #[inline]
    pub(super) fn words<const BYTES: usize, const WORDS: usize>(
        self,
        bytes: &[u8; BYTES],
    ) -> [u32; WORDS] {
        const { assert!(BYTES == 4 * WORDS) };
        // One branch on the order, not one a word.
        let mut words = [0; WORDS];
        match self {
            Self::Little => {
                for (i, word) in words.iter_mut().enumerate() {
                    *word = Self::Little.u32(bytes, 4 * i);
                }
            }
            Self::Big => {
                for (i, word) in words.iter_mut().enumerate() {
                    *word = Self::Big.u32(bytes, 4 * i);
                }
            }
        }
        words
    }
}
