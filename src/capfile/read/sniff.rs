//! What the first bytes of something that is not a capture look like.

use std::fmt;

/// The first bytes of an input, for a message that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstBytes {
    bytes: Vec<u8>,
    compression: Option<&'static str>,
}

/// Beginnings that people do mistake for captures, and what to do.
const KNOWN: &[(&[u8], &str)] = &[
    (
        b"\x1f\x8b",
        "gzip inside other compression: decompress it first",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "zstd inside other compression: decompress it first",
    ),
    (b"BZh", "bzip2 compression: decompress it first"),
    (b"\xfd7zXZ\0", "xz compression: decompress it first"),
    (b"\x04\x22\x4d\x18", "lz4 compression: decompress it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"snoop\0\0\0", "a snoop capture: convert it with editcap"),
    (
        b"GMBU",
        "a Network Monitor capture: convert it with editcap",
    ),
    (
        b"RTSS",
        "a Network Monitor capture: convert it with editcap",
    ),
    (b"#!", "a script"),
    (b"\x7fELF", "a program"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"{", "text, perhaps JSON"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\0", "a database"),
];

impl FirstBytes {
    /// Keeps the first 8 of these; `compression` is what they were in.
    pub(super) fn new(bytes: &[u8], compression: Option<&'static str>) -> Self {
        Self {
            bytes: bytes[..bytes.len().min(16)].to_vec(),
            compression,
        }
    }

    /// The first bytes themselves, at most 16.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they look like, if that is known.
    #[must_use]
    pub fn look_like(&self) -> Option<&'static str> {
        KNOWN
            .iter()
            .find(|(start, _)| self.bytes.starts_with(start))
            .map(|&(_, what)| what)
            .or_else(|| {
                let text = |b: &u8| b.is_ascii_graphic() || b" \t\r\n".contains(b);
                self.bytes.iter().all(text).then_some("text")
            })
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.bytes.iter().take(8).enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{byte:02x}")?;
        }
        if let Some(compression) = self.compression {
            write!(f, " inside {compression}")?;
        }
        if let Some(what) = self.look_like() {
            write!(f, " ({what})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_kept() {
        let bytes: Vec<u8> = (0..20).collect();
        assert_eq!(FirstBytes::new(&bytes, None).bytes(), &bytes[..16]);
        assert_eq!(FirstBytes::new(&bytes[..3], None).bytes(), &bytes[..3]);
    }

    #[test]
    fn says_what_it_sees() {
        let say = |b: &[u8], c| FirstBytes::new(b, c).to_string();
        assert_eq!(say(b"hello world", None), "68 65 6c 6c 6f 20 77 6f (text)");
        assert_eq!(
            say(b"\x7fELF\x02", Some("gzip")),
            "7f 45 4c 46 02 inside gzip (a program)"
        );
        assert_eq!(say(&[1, 2], None), "01 02");
    }
}
