//! Making text fit: columns into a width, words into lines.
//!
//! Pure arithmetic over widths as a terminal shows them (wide characters count
//! two). A grid and a width come in; out goes the plan of its columns. In what
//! order things give way: columns that are shown only where there is room go, gaps shrink from two to one, long texts lose
//! their middle, and only then everything else.

use tabled::grid::util::string::get_line_width;

use super::sheet::{Grid, Keep};

/// How wide a terminal shows this printable text.
pub(crate) fn width(text: &str) -> usize {
    get_line_width(text)
}

/// One column of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Its place in the grid.
    pub(super) index: usize,
    pub(super) title: &'static str,
    /// The most that a cell of it may take.
    pub(super) width: usize,
}

/// Which columns are shown, how wide, and how far apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) columns: Vec<Placed>,
    pub(super) gap: usize,
}

impl Plan {
    /// What a row takes.
    pub(super) fn width(&self) -> usize {
        let gaps = self.gap * self.columns.len().saturating_sub(1);
        self.columns.iter().map(|c| c.width).sum::<usize>() + gaps
    }
}

/// The plan of a grid within `room` columns of a terminal.
pub(super) fn plan(grid: &Grid, room: usize) -> Plan {
    let widest = |index: usize| {
        let cells = grid.rows.iter().filter_map(|row| row.cells.get(index));
        cells.map(|cell| width(&cell.text)).max().unwrap_or(0)
    };
    let contents: Vec<usize> = (0..grid.columns.len()).map(widest).collect();
    let placed = |index: usize| {
        let title = grid.columns[index].title;
        Placed {
            index,
            title,
            width: contents[index].max(width(title)),
        }
    };
    let (optional, core): (Vec<usize>, Vec<usize>) =
        (0..grid.columns.len()).partition(|&i| grid.columns[i].keep == Keep::IfRoom);
    let core_plan = |gap| Plan {
        columns: core.iter().map(|&i| placed(i)).collect(),
        gap,
    };

    let mut plan = core_plan(2);
    if plan.width() <= room {
        for &index in &optional {
            let column = placed(index);
            // The first that has no room ends it: which come is then the
            // same for all runs of a kind.
            if plan.width() + plan.gap + column.width > room {
                break;
            }
            plan.columns.push(column);
        }
        plan.columns.sort_by_key(|column| column.index);
        return plan;
    }
    let mut plan = core_plan(1);
    shrink(&mut plan, grid, room);
    plan
}

/// Takes columns of the terminal away from the widest until the plan fits.
fn shrink(plan: &mut Plan, grid: &Grid, room: usize) {
    /// What a text that lost its middle is still good for.
    const READABLE: usize = 12;
    for (only_texts, least) in [(true, READABLE), (false, 1)] {
        while plan.width() > room {
            let widest = plan
                .columns
                .iter_mut()
                .filter(|c| c.width > least)
                .filter(|c| !only_texts || grid.columns[c.index].keep == Keep::Elide)
                .max_by_key(|c| c.width);
            match widest {
                Some(column) => column.width -= 1,
                None => break,
            }
        }
    }
}

/// The text within `room`, without its middle where it is longer. What is
/// left of the end is more than of the beginning: ports and last digits tell
/// texts apart.
pub(super) fn elide_middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let head = head_within(text, room.saturating_sub(1) / 3);
    let tail = tail_within(text, room.saturating_sub(1 + width(head)));
    if room == 0 {
        String::new()
    } else {
        format!("{head}…{tail}")
    }
}

/// The text within `room`, without its end where it is longer.
pub(super) fn elide_end(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut cut = head_within(text, room.saturating_sub(1)).to_owned();
    if room > 0 {
        cut.push('…');
    }
    cut
}

/// The beginning of a text that fits. A text is not as wide as its characters
/// one by one: a variation selector makes the one before it wider.
fn head_within(text: &str, room: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fits = ends.take_while(|&end| width(&text[..end]) <= room);
    &text[..fits.last().unwrap_or(0)]
}

/// The end of a text that fits.
fn tail_within(text: &str, room: usize) -> &str {
    let starts = text.char_indices().rev().map(|(at, _)| at);
    let fits = starts.take_while(|&start| width(&text[start..]) <= room);
    &text[fits.last().unwrap_or(text.len())..]
}

/// The words in lines of at most `room`; a word longer than that is cut.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut word in text.split(' ').filter(|w| !w.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > room {
            let head = head_within(word, room);
            word = &word[head.len()..];
            lines.push(head.to_owned());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_port_survives() {
        assert_eq!(
            elide_middle("[2001:db8::1234:5678]:54321", 16),
            "[2001…678]:54321"
        );
        assert_eq!(elide_middle("short", 16), "short");
        assert_eq!(elide_middle("longer", 1), "…");
        assert_eq!(elide_middle("longer", 0), "");
    }

    #[test]
    fn words_go_on_in_the_next_line() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
    }

    #[test]
    fn a_character_that_is_widened_is_cut_where_it_fits() {
        let text = "🕯\u{fe0f}🕯\u{fe0f}🕯\u{fe0f}";
        for room in 2..6 {
            assert!(width(&elide_end(text, room)) <= room);
            assert!(width(&elide_middle(text, room)) <= room);
            assert!(wrap(text, room).iter().all(|l| width(l) <= room), "{room}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "\\PC{0,60}", room in 2_usize..40) {
            let text = crate::text::escape::printable(&text).into_owned();
            prop_assert!(width(&elide_middle(&text, room)) <= room);
            prop_assert!(width(&elide_end(&text, room)) <= room);
            for line in wrap(&text, room) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
