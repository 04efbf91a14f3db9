//! pcapng blocks and options, little-endian.

/// The most bytes an option's value may have.
const LONGEST_OPTION: usize = u16::MAX as usize;

/// Appends a block of this type to `out`; `fill` appends its body.
pub(super) fn block(out: &mut Vec<u8>, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    fill(out);
    pad(out, start);
    let length = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX);
    out[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
}

/// Appends zeros until what began at `start` has a length of a multiple of 4.
pub(super) fn pad(out: &mut Vec<u8>, start: usize) {
    let length = (out.len() - start).next_multiple_of(4);
    out.resize(start + length, 0);
}

/// Appends one option (draft-ietf-opsawg-pcapng, section 3.5).
pub(super) fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(LONGEST_OPTION)];
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let start = out.len();
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(value);
    pad(out, start);
}

/// Appends an option of text, if there is any; too long a text is cut between
/// two characters.
pub(super) fn text(out: &mut Vec<u8>, code: u16, value: &str) {
    if !value.is_empty() {
        let end = value.floor_char_boundary(LONGEST_OPTION);
        option(out, code, &value.as_bytes()[..end]);
    }
}

/// Appends an option with a 64-bit number, if it is known.
pub(super) fn number(out: &mut Vec<u8>, code: u16, value: Option<u64>) {
    if let Some(value) = value {
        option(out, code, &value.to_le_bytes());
    }
}

/// A time stamp as pcapng has it: the upper half first.
pub(super) fn stamp(nanos: u64) -> [u8; 8] {
    nanos.rotate_left(32).to_le_bytes()
}

/// Appends the mark after the last option.
pub(super) fn end_of_options(out: &mut Vec<u8>) {
    option(out, 0, &[]);
}
