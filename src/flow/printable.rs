//! Bytes off the wire as text that is safe to print anywhere.

use std::fmt::Write as _;

/// The bytes in quotes, every control byte, quote, backslash and byte outside
/// ASCII escaped; `total` is how many there were of which `bytes` are the first.
pub(super) fn quoted(bytes: &[u8], total: u32) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    text.push('"');
    for &b in bytes {
        match b {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(b));
            }
            b' '..=b'~' => text.push(char::from(b)),
            _ => {
                let _ = write!(text, "\\x{b:02x}");
            }
        }
    }
    text.push('"');
    if total as usize > bytes.len() {
        let _ = write!(text, "... ({total} bytes)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_that_a_terminal_would_obey_comes_through() {
        let all: Vec<u8> = (0..=255).collect();
        let text = quoted(&all, 300);
        assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
        assert!(text.ends_with("... (300 bytes)"));
        assert_eq!(quoted(b"JAM \x1b\"\r\n", 8), r#""JAM \x1b\"\r\n""#);
    }
}
