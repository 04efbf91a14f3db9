//! A page of Markdown as it grows: headings, paragraphs, lists and tables.
//!
//! What comes in is Markdown already: whoever calls has made foreign text harmless
//! ([`foreign`]).

use chrono::DateTime;

use crate::text::escape::{markdown, printable};

/// No foreign text is longer than anybody reads in a sentence, in characters.
const LONGEST: usize = 200;

/// Text from outside, as it may stand in a sentence or a cell: nothing of it acts.
pub(super) fn foreign(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => markdown(text),
        Some((at, _)) => format!("{}…", markdown(&text[..at])),
    }
}

/// A moment from a record, as a narrow column of a table on paper can break it: the date,
/// the time, and how far it is from UTC.
pub(super) fn moment(text: &str) -> String {
    DateTime::parse_from_rfc3339(text).map_or_else(
        |_| foreign(text),
        |at| at.format("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

/// A command from a record, to be copied: as it is, in a code span, where only a backtick acts.
pub(super) fn code(text: &str) -> String {
    let text = printable(text);
    if text.contains('`') || text.trim().is_empty() || text.chars().count() > LONGEST {
        return foreign(&text);
    }
    format!("`{text}`")
}

/// A cell with more characters than this may be broken into lines, in a table of many columns.
const WIDE: usize = 16;

/// How many characters stand beside each other on paper, about.
const LINE: usize = 96;

/// The page.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// All of it.
    pub(super) fn end(self) -> String {
        self.0
    }

    /// A heading of this level.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {text}", "#".repeat(level)));
    }

    /// A paragraph of sentences; none where there are none.
    pub(super) fn sentences(&mut self, sentences: &[String]) {
        if !sentences.is_empty() {
            self.block(&sentences.join(" "));
        }
    }

    /// A paragraph, or a block that is one already.
    pub(super) fn block(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A list, an item a text.
    pub(super) fn list(&mut self, items: &[String]) {
        if !items.is_empty() {
            let items: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
            self.block(&items.join("\n"));
        }
    }

    /// A table. `aligned` has a letter a column: `l` where it holds texts, `r` where figures.
    pub(super) fn table(&mut self, aligned: &str, columns: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells: Vec<&str> = cells.collect();
            format!("| {} |", cells.join(" | "))
        };
        debug_assert_eq!(aligned.len(), columns.len(), "a letter a column");
        let wide = (LINE / columns.len().max(1)).max(WIDE);
        let rules: Vec<String> = aligned
            .bytes()
            .enumerate()
            .map(|(at, to)| {
                let cells = rows.iter().filter_map(|row| Some(row.get(at)?.as_str()));
                let dashes = "-".repeat(width(columns[at], cells, wide));
                if to == b'l' {
                    format!(":{dashes}")
                } else {
                    format!("{dashes}:")
                }
            })
            .collect();
        let mut lines = vec![
            line(&mut columns.iter().copied()),
            line(&mut rules.iter().map(String::as_str)),
        ];
        for row in rows {
            debug_assert_eq!(row.len(), columns.len(), "a cell a column");
            lines.push(line(&mut row.iter().map(String::as_str)));
        }
        self.block(&lines.join("\n"));
    }
}

/// How wide a column of a table should be, in characters; what is longer than `wide` is
/// broken between words. pandoc gives each column on paper its share of the dashes.
fn width<'a>(head: &str, cells: impl Iterator<Item = &'a str>, wide: usize) -> usize {
    let longest = |text: &str| {
        let words = text.split(' ').map(|word| word.chars().count());
        words.max().unwrap_or_default()
    };
    let of_cell = |cell: &str| longest(cell).max(cell.chars().count().min(wide));
    let cells = cells.map(of_cell).max().unwrap_or_default();
    cells.max(longest(head)).clamp(3, LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_does_not_act() {
        assert_eq!(
            foreign("a|b\n*c*\u{1b}[1m"),
            "a\\|b\\\\n\\*c\\*\\\\u{1b}\\[1m"
        );
        assert_eq!(foreign(&"x".repeat(500)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_moment_breaks_into_words() {
        let started = "2025-10-09T15:53:20.375+07:00";
        assert_eq!(moment(started), "2025-10-09 15:53:20 +07:00");
        assert_eq!(moment("2025-10-09T15:53:20Z"), "2025-10-09 15:53:20 +00:00");
        assert_eq!(moment("2025-10-09|"), "2025-10-09\\|");
    }

    #[test]
    fn a_command_can_be_copied() {
        let command = "sudo prlimit --pid $$ --nofile=40000:40000";
        assert_eq!(code(command), format!("`{command}`"));
        assert_eq!(code("a`b` <i>\n"), "a\\`b\\` &lt;i&gt;\\\\n");
        assert_eq!(code(" "), " ");
        assert_eq!(code(&"x".repeat(500)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn blocks_stand_apart() {
        let mut page = Page::default();
        page.heading(1, "A");
        page.sentences(&["One.".to_owned(), "Two.".to_owned()]);
        page.sentences(&[]);
        page.list(&["x".to_owned()]);
        page.table("lr", &["a", "b"], &[vec!["c".to_owned(), "1".to_owned()]]);
        page.table("l", &["a"], &[]);
        assert_eq!(
            page.end(),
            "# A\n\nOne. Two.\n\n- x\n\n| a | b |\n| :--- | ---: |\n| c | 1 |\n"
        );
    }

    #[test]
    fn a_column_is_as_wide_as_what_cannot_be_broken() {
        let of = |head, cells: &[&str]| width(head, cells.iter().copied(), WIDE);
        assert_eq!(of("client", &["127.0.0.1:45000", "—"]), 15);
        assert_eq!(of("client thread (TID)", &["13424"]), 6);
        assert_eq!(of("answer", &["4.98 ms"]), 7);
        assert_eq!(of("meaning", &["asks for a connection"]), WIDE);
        assert_eq!(of("n", &["1"]), 3);
        assert_eq!(of("n", &[&"x".repeat(500)]), LINE);
    }
}
