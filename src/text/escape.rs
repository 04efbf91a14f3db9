//! Text from outside, made harmless before it reaches a reader.
//!
//! What a server answered, a command line or a kernel's name can hold
//! anything: a terminal escape, a line break, a mark that turns the rest of
//! the line around, a Markdown pipe, a spreadsheet formula. Such text comes in
//! here and goes out saying the same, with nothing left that the terminal, the
//! page or the spreadsheet would act upon.

use std::borrow::Cow;

/// The text with every control character, invisible mark and direction
/// override written as an escape (`\n`, `\u{1b}`); safe on a terminal line.
///
/// Escaping twice changes nothing: backslashes are left as they are.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something instead of showing something.
pub(super) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width spaces and joiners, direction marks.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, direction overrides.
            | '\u{2028}'..='\u{202e}'
            // Invisible operators, direction isolates, deprecated format marks.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotation, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text as it may stand in a cell of a GitHub table, or in a paragraph:
/// printable, on one line, with everything that Markdown or HTML would act
/// upon taken literally.
#[must_use]
pub fn markdown(text: &str) -> String {
    let printable = printable(text);
    let mut safe = String::with_capacity(printable.len() + 8);
    let mut chars = printable.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        // Within a word an underscore is only an underscore.
        let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let last = before.replace(c);
        let in_word = inside(last) && inside(chars.peek().copied());
        match c {
            // pandoc would make a dash of two hyphens.
            '-' if last == Some('-') => safe.push_str("\\-"),
            '_' if in_word => safe.push(c),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// The text as it may stand in a spreadsheet's cell: printable, and with an
/// apostrophe before a first character that would make it a formula.
#[must_use]
pub fn spreadsheet(text: &str) -> Cow<'_, str> {
    let printable = printable(text);
    match printable.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{printable}"))
        }
        _ => printable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_text_is_not_copied() {
        assert!(matches!(
            printable("JAM 10:11:12, naïve 時"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn what_acts_is_written_out() {
        assert_eq!(
            printable("a\u{1b}[31mb\r\n\tc\u{9b}2J\u{202e}"),
            "a\\u{1b}[31mb\\r\\n\\tc\\u{9b}2J\\u{202e}"
        );
        assert_eq!(printable("\u{7f}\0"), "\\u{7f}\\u{0}");
    }

    #[test]
    fn markdown_takes_everything_literally() {
        assert_eq!(
            markdown("a|b\\c\nd <i>`x`"),
            "a\\|b\\\\c\\\\nd &lt;i&gt;\\`x\\`"
        );
    }

    /// `snake_case` is a word; at the edge of one it would begin an emphasis.
    #[test]
    fn an_underscore_within_a_word_is_left_alone() {
        assert_eq!(markdown("snake_case"), "snake_case");
        assert_eq!(markdown("_a_ b_ _c"), "\\_a\\_ b\\_ \\_c");
        assert_eq!(markdown("a__b"), "a\\_\\_b");
    }

    #[test]
    fn an_option_keeps_its_hyphens() {
        assert_eq!(markdown("use --gate, a-b"), "use -\\-gate, a-b");
    }

    #[test]
    fn what_would_be_an_entity_is_text() {
        assert_eq!(markdown("a&lt;b"), "a&amp;lt;b");
    }

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "＝1"] {
            assert!(spreadsheet(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(spreadsheet("\t=1"), "\\t=1");
        assert_eq!(spreadsheet("JAM =1"), "JAM =1");
    }

    proptest! {
        #[test]
        fn nothing_acts_afterwards_and_twice_is_once(text in any::<String>()) {
            let once = printable(&text).into_owned();
            prop_assert!(!once.chars().any(acts));
            prop_assert_eq!(printable(&once), once.as_str());
        }
    }
}
