//! HTML that is put together from parts of our own and texts from anywhere.

use std::fmt::Write;

use crate::text::escape::printable;

/// HTML under construction. Markup is a constant of this program; whatever comes from
/// outside goes through [`Markup::text`].
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup of our own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text, which shows as it is and does nothing, also in a quoted attribute. It is
    /// written in ASCII, of which a browser reads a page in a byte a letter.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in printable(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if c.is_ascii() => self.0.push(c),
                // `write!` to a String does not fail.
                c => drop(write!(self.0, "&#{};", u32::from(c))),
            }
        }
        self
    }

    /// A text of our own, in which names of files and commands stand in backticks.
    pub(super) fn coded(&mut self, text: &str) -> &mut Self {
        for (at, part) in text.split('`').enumerate() {
            if at % 2 == 0 {
                self.text(part);
            } else {
                self.element("<code>", part, "</code>");
            }
        }
        self
    }

    /// A text in an element.
    pub(super) fn element(
        &mut self,
        open: &'static str,
        text: &str,
        close: &'static str,
    ) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }

    /// A figure of a list with its name.
    pub(super) fn fact(&mut self, name: &str, value: &str) -> &mut Self {
        self.element("<div><dt>", name, "</dt>")
            .element("<dd>", value, "</dd></div>\n")
    }

    pub(super) fn end(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_is_markup(text in any::<String>()) {
            let mut markup = Markup::default();
            markup.text(&text);
            let markup = markup.end();
            prop_assert!(!markup.contains(['<', '>', '"', '\'']) && markup.is_ascii());
        }
    }

    #[test]
    fn a_text_shows_as_it_is() {
        let mut markup = Markup::default();
        markup.element("<b>", "a<b> & \"c\"\u{1b}", "</b>");
        assert_eq!(markup.end(), "<b>a&lt;b&gt; &amp; &quot;c&quot;\\u{1b}</b>");
    }
}
