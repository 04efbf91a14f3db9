//! A mark at the end of a report by which it is known again: whether threadtap made it,
//! and whether anybody has written in it since.

/// How the mark begins; Markdown does not show it.
const BEGIN: &str = "\n<!-- threadtap report ";
const END: &str = " -->\n";

/// The text with its mark.
pub(crate) fn sealed(text: &str) -> String {
    format!("{text}{BEGIN}{:016x}{END}", fingerprint(text.as_bytes()))
}

/// Whether these bytes are a report as threadtap made it.
pub(crate) fn is_as_made(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    text.rsplit_once(BEGIN)
        .is_some_and(|(before, _)| sealed(before) == text)
}

/// FNV-1a, of 64 bits: a change by hand alters it.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed() {
        let made = sealed("# A\n\nB\n");
        assert!(
            made.starts_with("# A\n\nB\n\n<!-- threadtap report "),
            "{made}"
        );
        assert!(is_as_made(made.as_bytes()));
        for changed in [
            made.replace('B', "C"),
            format!("{made}more\n"),
            "# A\n".to_owned(),
            String::new(),
            made.replace("-->", "->"),
        ] {
            assert!(!is_as_made(changed.as_bytes()), "{changed}");
        }
        assert!(!is_as_made(&[0xff, 0xfe]));
        // A report that quotes another one.
        assert!(is_as_made(sealed(&made).as_bytes()));
    }
}
