//! Protocol Buffers' encoding: messages as bytes
//! (protobuf.dev/programming-guides/encoding). Three of its wire types are enough here.

/// Wire types: a varint, eight bytes, and bytes whose length stands before them.
const VARINT: u64 = 0;
const I64: u64 = 1;
const LEN: u64 = 2;

/// A message under construction.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// The bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Makes it an empty one.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// An unsigned number, an enumeration's or a truth value.
    pub(super) fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3 | VARINT);
        self.varint(value);
    }

    /// A `fixed64`.
    pub(super) fn fixed(&mut self, field: u64, value: u64) {
        self.varint(field << 3 | I64);
        self.0.extend(value.to_le_bytes());
    }

    /// A text.
    pub(super) fn text(&mut self, field: u64, text: &str) {
        self.varint(field << 3 | LEN);
        self.varint(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    /// A message within this one.
    pub(super) fn message(&mut self, field: u64, build: impl FnOnce(&mut Self)) {
        self.varint(field << 3 | LEN);
        let start = self.0.len();
        // Most are shorter than 128 bytes, and then their length takes one.
        self.0.push(0);
        build(self);
        let length = self.0.len() - start - 1;
        if let Ok(length @ 0..128) = u8::try_from(length) {
            self.0[start] = length;
            return;
        }
        let body = self.0.split_off(start + 1);
        self.0.truncate(start);
        self.varint(length as u64);
        self.0.extend(body);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification.
    #[test]
    fn as_the_specification_has_it() {
        let mut message = Message::default();
        message.number(1, 150);
        assert_eq!(message.bytes(), [0x08, 0x96, 0x01]);
        message.clear();
        message.text(2, "testing");
        assert_eq!(message.bytes(), b"\x12\x07testing");
        message.clear();
        message.message(3, |inner| inner.number(1, 150));
        assert_eq!(message.bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        message.clear();
        message.fixed(48, 0x0102_0304_0506_0708);
        assert_eq!(message.bytes(), [0x81, 0x03, 8, 7, 6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn a_long_message_has_a_long_length() {
        for length in [126, 127, 128, 129, 20_000] {
            let text = "x".repeat(length);
            let mut message = Message::default();
            message.message(1, |inner| inner.text(2, &text));
            message.number(7, 1);
            let (mut rest, mut at) = (0, 1);
            let mut shift = 0;
            loop {
                let byte = usize::from(message.bytes()[at]);
                rest |= (byte & 0x7f) << shift;
                (at, shift) = (at + 1, shift + 7);
                if byte < 128 {
                    break;
                }
            }
            assert_eq!(at + rest + 2, message.bytes().len(), "{length}");
            assert!(message.bytes().ends_with(&[0x38, 1]));
        }
    }
}
