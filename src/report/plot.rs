//! Drawing counts over time in characters: panels side by side, a line a series.
//!
//! Steps come in, as they are counted: each holds until the next. Lines of cells
//! go out, no wider than the room. A column of the chart shows the highest count
//! of its slice of time, so that no peak is lost; heights are logarithmic, as
//! one line may be a thousand times another.

use super::layout::{elide_end, width};
use super::sheet::{Cell, Plot, Series, Tone};
use crate::lang::Lang;
use crate::model::Nanos;

/// Rows of a panel.
const HEIGHT: usize = 10;

/// Below this two panels do not fit beside each other.
const SIDE_BY_SIDE: usize = 60;

/// Columns between panels.
const GAP: usize = 3;

/// What is drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    markers: [char; 8],
    axis: char,
    corner: char,
    base: char,
}

impl Ink {
    /// For a terminal.
    pub(super) const UNICODE: Self = Self {
        markers: ['●', '▲', '■', '◆', '○', '△', '□', '◇'],
        axis: '│',
        corner: '└',
        base: '─',
    };
    /// For wherever other characters may be missing, or of another width.
    pub(super) const ASCII: Self = Self {
        markers: ['o', 'x', '#', '+', '*', '@', '%', '&'],
        axis: '|',
        corner: '+',
        base: '-',
    };

    fn marker(self, at: usize) -> (char, Tone) {
        const TONES: [Tone; 4] = [Tone::Info, Tone::Good, Tone::Warning, Tone::Strong];
        (
            self.markers[at % self.markers.len()],
            TONES[at % TONES.len()],
        )
    }
}

impl Plot {
    /// The chart in lines of at most `room`, each a row of pieces.
    pub(super) fn lines(&self, lang: Lang, room: usize, ink: Ink) -> Vec<Vec<Cell>> {
        let abreast = if room < SIDE_BY_SIDE {
            1
        } else {
            self.panels.len().max(1)
        };
        let each = (room - GAP * (abreast - 1)) / abreast;
        let mut lines = Vec::new();
        for some in (0..self.panels.len()).collect::<Vec<_>>().chunks(abreast) {
            let drawn: Vec<Vec<Vec<Cell>>> = some
                .iter()
                .map(|panel| self.panel(lang, *panel, each, ink))
                .collect();
            let height = drawn.iter().map(Vec::len).max().unwrap_or(0);
            for row in 0..height {
                let mut line = Vec::new();
                for (at, panel) in drawn.iter().enumerate() {
                    if at > 0 {
                        line.push(plain(" ".repeat(GAP)));
                    }
                    line.extend(panel[row].iter().cloned());
                }
                lines.push(line);
            }
        }
        lines.extend(self.legend(room, ink));
        lines
    }

    /// The latest end of all lines.
    fn until(&self) -> i64 {
        let ends = self.series.iter().map(|s| s.end.get());
        ends.max().unwrap_or(0).max(1)
    }

    /// The highest count of all panels, which share their scale.
    fn top(&self) -> u64 {
        let steps = self.series.iter().flat_map(|s| s.panels.iter().flatten());
        steps.map(|(_, n)| *n).max().unwrap_or(0).max(2)
    }

    fn panel(&self, lang: Lang, panel: usize, room: usize, ink: Ink) -> Vec<Vec<Cell>> {
        let labels = labels(lang, self.top());
        let margin = labels.iter().map(|(_, l)| width(l)).max().unwrap_or(1);
        let across = room.saturating_sub(margin + 1).max(1);
        let mut canvas = vec![vec![(' ', Tone::Plain); across]; HEIGHT];
        // The first series is drawn last, over the others.
        for (at, series) in self.series.iter().enumerate().rev() {
            for (column, n) in self.columns(series, panel, across) {
                canvas[row_of(n, self.top())][column] = ink.marker(at);
            }
        }
        let title = elide_end(&self.panels[panel].text, room);
        let mut lines = vec![vec![
            plain(" ".repeat(room - width(&title).min(room))).before(&title),
        ]];
        for (row, cells) in canvas.iter().enumerate() {
            let label = labels.iter().find(|(r, _)| *r == row);
            let label = label.map_or("", |(_, text)| text);
            let mut line = vec![quiet(format!("{label:>margin$}{}", ink.axis))];
            line.extend(pieces(cells));
            lines.push(line);
        }
        let base: String = std::iter::repeat_n(ink.base, across).collect();
        lines.push(vec![quiet(format!("{:margin$}{}{base}", "", ink.corner))]);
        let end = lang.duration(Nanos::new(self.until()));
        let space = across.saturating_sub(width(&end));
        lines.push(vec![quiet(format!("{:margin$}0{:space$}{end}", "", ""))]);
        lines
    }

    /// The highest count in each column in which a line is drawn.
    fn columns(&self, series: &Series, panel: usize, across: usize) -> Vec<(usize, u64)> {
        let steps = series.panels.get(panel).map_or(&[][..], Vec::as_slice);
        let (until, across_wide) = (i128::from(self.until()), across as i128);
        let from_of = |column: usize| (column as i128) * until / across_wide;
        let mut columns = Vec::with_capacity(across);
        for column in 0..across {
            let (from, to) = (from_of(column), from_of(column + 1));
            if from > i128::from(series.end.get()) {
                break;
            }
            // What held when the slice began, and every change within it.
            let begun = steps.partition_point(|(t, _)| i128::from(t.get()) <= from);
            let held = begun.checked_sub(1).map(|i| steps[i].1);
            let changes = steps[begun..]
                .iter()
                .take_while(|(t, _)| i128::from(t.get()) < to)
                .map(|(_, n)| *n);
            if let Some(n) = changes.chain(held).max().filter(|n| *n > 0) {
                columns.push((column, n));
            }
        }
        columns
    }

    /// Which marker is whose, in lines of at most `room`.
    fn legend(&self, room: usize, ink: Ink) -> Vec<Vec<Cell>> {
        let mut lines = Vec::new();
        let mut line: Vec<Cell> = Vec::new();
        let mut used = 0;
        for (at, series) in self.series.iter().enumerate() {
            let (marker, tone) = ink.marker(at);
            let name = elide_end(&series.name.text, room.saturating_sub(2));
            let wide = 2 + width(&name);
            if used > 0 && used + 3 + wide > room {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(plain("   ".to_owned()));
                used += 3;
            }
            line.push(Cell::new(marker.to_string()).toned(tone));
            line.push(plain(format!(" {name}")));
            used += wide;
        }
        lines.push(line);
        lines
    }
}

impl Cell {
    /// Text before what is there.
    fn before(mut self, text: &str) -> Self {
        self.text.insert_str(0, text);
        self
    }
}

fn plain(text: String) -> Cell {
    Cell {
        text,
        tone: Tone::Plain,
    }
}

fn quiet(text: String) -> Cell {
    Cell {
        text,
        tone: Tone::Quiet,
    }
}

/// Characters of one tone in one piece.
fn pieces(cells: &[(char, Tone)]) -> impl Iterator<Item = Cell> + '_ {
    cells.chunk_by(|a, b| a.1 == b.1).map(|run| Cell {
        text: run.iter().map(|(c, _)| *c).collect(),
        tone: run[0].1,
    })
}

/// The row of a count, from the top: the highest is in row 0, 1 in the last one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a height of ten rows"
)]
fn row_of(n: u64, top: u64) -> usize {
    let last = HEIGHT - 1;
    let height = (n.max(1) as f64).ln() / (top as f64).ln() * last as f64;
    last - (height.round() as usize).min(last)
}

/// The powers of ten and the highest count, each with its row; of two in one row
/// the higher one.
fn labels(lang: Lang, top: u64) -> Vec<(usize, String)> {
    let powers = std::iter::successors(Some(1_u64), |n| n.checked_mul(10));
    let mut labels = vec![(row_of(top, top), lang.count(top))];
    for n in powers
        .take_while(|n| *n <= top)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        let row = row_of(n, top);
        if labels.iter().all(|(taken, _)| *taken != row) {
            labels.push((row, lang.count(n)));
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(n: i64) -> Nanos {
        Nanos::new(n * 1_000_000)
    }

    fn plot() -> Plot {
        let series = |name: &str, client: &[(i64, u64)], end: i64| Series {
            name: Cell::new(name),
            panels: vec![
                client.iter().map(|(t, n)| (ms(*t), *n)).collect(),
                vec![(ms(-5), 1), (ms(20), 40), (ms(60), 1)],
            ],
            end: ms(end),
        };
        Plot {
            panels: vec![Cell::new("client"), Cell::new("server")],
            series: vec![
                series(
                    "thread",
                    &[(0, 1), (10, 100), (11, 300), (50, 30), (80, 1)],
                    80,
                ),
                series("async", &[(0, 1)], 100),
            ],
        }
    }

    fn text(lines: &[Vec<Cell>]) -> Vec<String> {
        let join = |line: &Vec<Cell>| line.iter().map(|c| c.text.as_str()).collect::<String>();
        lines.iter().map(join).collect()
    }

    #[test]
    fn two_panels_and_a_legend() {
        insta::assert_snapshot!(text(&plot().lines(Lang::En, 64, Ink::UNICODE)).join("\n"));
        insta::assert_snapshot!(text(&plot().lines(Lang::En, 50, Ink::ASCII)).join("\n"));
    }

    #[test]
    fn a_peak_of_a_moment_is_seen() {
        let plot = plot();
        let columns = plot.columns(&plot.series[0], 0, 20);
        assert_eq!(columns.iter().map(|(_, n)| *n).max(), Some(300));
        assert_eq!(columns.last(), Some(&(16, 1)), "it ends at 80 of 100 ms");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room(
            room in 40_usize..120,
            counts in prop::collection::vec((0_i64..1000, 0_u64..100_000), 0..50),
            name in "\\PC{0,30}",
        ) {
            let mut steps: Vec<_> = counts.into_iter().map(|(t, n)| (ms(t), n)).collect();
            steps.sort_unstable();
            let plot = Plot {
                panels: vec![Cell::new("client"), Cell::new(&name)],
                series: vec![Series { name: Cell::new(&name), panels: vec![steps.clone(), steps], end: ms(700) }],
            };
            for line in text(&plot.lines(Lang::En, room, Ink::UNICODE)) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
