//! JSON that does nothing to a terminal.

use std::io::{self, Write};

use serde::Serialize;

use super::escape::acts;

/// JSON on its way to an output: characters that would act
/// ([`printable`](super::escape::printable)) stand there as `\u` escapes (RFC 8259, section 7). Only
/// strings have such characters, so the value is the same.
///
/// What is written at once has to be whole characters, as `serde_json` writes them; anything
/// else is refused.
#[derive(Debug)]
pub struct Inert<W>(pub W);

impl<W: Write> Write for Inert<W> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.write_all(json)?;
        Ok(json.len())
    }

    fn write_all(&mut self, json: &[u8]) -> io::Result<()> {
        // The others of ASCII are escaped in a string, or stand between values.
        if json.iter().all(|byte| *byte < 0x7f) {
            return self.0.write_all(json);
        }
        let text =
            str::from_utf8(json).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        let mut from = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| *c > '~' && acts(*c)) {
            self.0.write_all(&text.as_bytes()[from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        self.0.write_all(&text.as_bytes()[from..])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes a value as one line.
///
/// # Errors
/// Those of `out`.
pub fn write_line(value: &(impl Serialize + ?Sized), out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(Inert(&mut *out), value)?;
    out.write_all(b"\n")
}

/// Writes a value over several lines, each indented by how deep it stands.
///
/// # Errors
/// Those of `out`.
pub fn write_indented(value: &(impl Serialize + ?Sized), out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Inert(&mut *out), value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &serde_json::Value) -> String {
        let mut out = Vec::new();
        serde_json::to_writer_pretty(Inert(&mut out), value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_would_act_is_escaped_and_what_shows_is_not() {
        let said = written(
            &serde_json::json!({"n\u{9b}2J": ["\u{7f}", "h\u{e9}\u{65e5}\n", "\u{e0041}\u{202e}"]}),
        );
        let wanted = "{\n  \"n\\u009b2J\": [\n    \"\\u007f\",\n    \"h\u{e9}\u{65e5}\\n\",\n    \
                      \"\\udb40\\udc41\\u202e\"\n  ]\n}";
        assert_eq!(said, wanted);
    }

    #[test]
    fn half_a_character_is_refused() {
        let mut out = Vec::new();
        let error = Inert(&mut out).write_all(b"\"\xc2").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn the_value_is_the_same_and_nothing_acts(texts in proptest::collection::vec(any::<String>(), 0..5)) {
            let value = serde_json::json!(texts);
            let said = written(&value);
            prop_assert!(said.chars().all(|c| c == '\n' || !acts(c)), "{said:?}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap(), value);
        }
    }
}
