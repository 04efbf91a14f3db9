//! The page's data as text, and the hashes by which a browser knows the page's own
//! script and style.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Bytes, gzipped, in base64: letters, digits, `+`, `/` and `=` only, so that nothing
/// in it can end the element in which it stands.
///
/// # Errors
/// None in memory.
pub(super) fn packed(bytes: &[u8]) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
    gzip.write_all(bytes)?;
    Ok(base64(&gzip.finish()?))
}

/// The source of a policy (Content Security Policy Level 3, 2.3.1) that allows just
/// this inline script or style.
pub(super) fn source(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

/// A source without its indentation, which is a twelfth of it. No text of ours goes on over
/// the end of a line.
pub(super) fn flush_left(source: &str) -> String {
    let lines = source.lines().map(str::trim_start);
    lines.fold(String::with_capacity(source.len()), |all, line| {
        all + line + "\n"
    })
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            // Of n bytes there are n + 1 letters.
            if place <= three.len() {
                let letter = (bits >> (18 - 6 * place)) & 63;
                text.push(char::from(LETTERS[letter as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, 10.
    #[test]
    fn base64_of_the_rfc() {
        let read = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|t| base64(t.as_bytes()));
        assert_eq!(
            read,
            [
                "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"
            ]
        );
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    /// The example of the specification, `alert('Hello, world.');`.
    #[test]
    fn the_hash_is_that_of_a_policy() {
        assert_eq!(
            source("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }
}
