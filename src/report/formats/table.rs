//! `table`: the report for a terminal: calm tables, no wider than asked.
//!
//! A sheet and a style come in; lines go out. No line is wider than the
//! style's width, and without colour nothing but printable text and line
//! breaks goes out.

use std::io::{self, Write};

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style as Borders};

use crate::report::form::{Form, Writes};
use crate::report::layout::{elide_end, elide_middle, plan, width, wrap};
use crate::report::paint::Paint;
use crate::report::plot::Ink;
use crate::report::sheet::{Align, Block, Cell, Conclusion, Grid, Plot, Sheet, Tone};
use crate::report::view::Style;
use crate::report::words::Say;

pub(super) const FORM: Form = Form {
    help: "Tables for a terminal",
    writes: Writes::Sheets(write),
};

/// Narrower than this, a terminal wraps by itself.
const NARROWEST: usize = 40;

/// Writes the sheet.
fn write(sheet: &Sheet, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let pen = Pen {
        paint: Paint {
            colour: style.colour,
        },
        room: style.width.max(NARROWEST),
        say: Say::new(style.lang),
        program: style.program,
    };
    for line in pen.title(sheet) {
        writeln!(out, "{line}")?;
    }
    for block in &sheet.blocks {
        writeln!(out)?;
        for line in pen.block(block) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()
}

/// What draws: the colours and the room.
#[derive(Clone, Copy)]
struct Pen {
    paint: Paint,
    room: usize,
    say: Say,
    program: &'static str,
}

impl Pen {
    fn title(self, sheet: &Sheet) -> Vec<String> {
        let cells = std::iter::once(&sheet.title).chain(&sheet.subtitles);
        cells.flat_map(|cell| self.wrapped(cell, 0)).collect()
    }

    fn block(self, block: &Block) -> Vec<String> {
        let (heading, body) = match block {
            Block::Grid {
                heading,
                grid,
                after,
            } => (heading, self.grid(grid, after.as_ref())),
            Block::Plot {
                heading,
                plot,
                after,
            } => (heading, self.plot(plot, after.as_ref())),
            Block::Facts { heading, facts } => (heading, self.facts(facts)),
            Block::Findings {
                heading,
                findings,
                explained_by,
            } => (heading, self.findings(findings, explained_by)),
        };
        let mut lines = vec![self.paint.text(heading, Tone::Strong)];
        lines.extend(body);
        lines
    }

    fn grid(self, grid: &Grid, after: Option<&Cell>) -> Vec<String> {
        let mut lines = Vec::with_capacity(grid.rows.len() + 3);
        if !grid.rows.is_empty() {
            self.rows(grid, &mut lines);
        }
        lines.extend(after.into_iter().flat_map(|cell| self.wrapped(cell, 0)));
        lines
    }

    fn plot(self, plot: &Plot, after: Option<&Cell>) -> Vec<String> {
        let pieces = plot.lines(self.say.lang, self.room, Ink::UNICODE);
        let mut lines: Vec<String> = pieces
            .iter()
            .map(|line| {
                let line: String = line.iter().map(|cell| self.paint.cell(cell)).collect();
                line.trim_end().to_owned()
            })
            .collect();
        lines.extend(after.into_iter().flat_map(|cell| self.wrapped(cell, 0)));
        lines
    }

    fn rows(self, grid: &Grid, lines: &mut Vec<String>) {
        let plan = plan(grid, self.room);
        let mut builder = Builder::with_capacity(grid.rows.len() + 1, plan.columns.len());
        builder.push_record(plan.columns.iter().map(|column| {
            let title = elide_end(column.title, column.width);
            self.paint.text(&title, Tone::Quiet)
        }));
        for row in &grid.rows {
            builder.push_record(plan.columns.iter().map(|column| {
                let Some(cell) = row.cells.get(column.index) else {
                    return String::new();
                };
                let text = elide_middle(&cell.text, column.width);
                self.paint.text(&text, cell.tone)
            }));
        }
        let mut table = builder.build();
        table.with(Borders::empty());
        table.with(Padding::new(0, plan.gap, 0, 0));
        for (at, column) in plan.columns.iter().enumerate() {
            if grid.columns[column.index].align == Align::Right {
                table.modify(Columns::one(at), Alignment::right());
            }
        }

        let drawn = table.to_string();
        let mut drawn = drawn.lines().map(|line| line.trim_end().to_owned());
        lines.extend(drawn.next());
        lines.push(self.paint.text(&"─".repeat(plan.width()), Tone::Quiet));
        // A note starts under the second column.
        let indent = plan.columns.first().map_or(0, |c| c.width + plan.gap);
        for (line, row) in drawn.zip(&grid.rows) {
            lines.push(line);
            if let Some(note) = &row.note {
                let text = elide_end(&note.text, self.room.saturating_sub(indent + 2));
                let text = self.paint.text(&text, note.tone);
                let mark = self.paint.text("└", Tone::Quiet);
                lines.push(format!("{:indent$}{mark} {text}", ""));
            }
        }
    }

    fn facts(self, facts: &[(&'static str, Cell)]) -> Vec<String> {
        let label_width = facts.iter().map(|(label, _)| width(label)).max();
        let indent = label_width.unwrap_or(0) + 2;
        let mut lines = Vec::new();
        for (label, cell) in facts {
            let label = self.paint.text(&format!("{label:indent$}"), Tone::Quiet);
            lines.extend(labelled(&label, indent, self.wrapped(cell, indent)));
        }
        lines
    }

    fn findings(self, findings: &[Conclusion], explained_by: &str) -> Vec<String> {
        let label_width = findings.iter().map(|f| width(&f.label.text)).max();
        let indent = label_width.unwrap_or(0) + 2;
        let mut lines = Vec::new();
        for finding in findings {
            let space = indent - width(&finding.label.text);
            let label = format!("{}{:space$}", self.paint.cell(&finding.label), "");
            let code = format!("[{}]", finding.code.text);
            let text = format!("{} {code}", finding.message.text);
            let mut message = wrap(&text, self.room - indent);
            if let Some(last) = message.last_mut()
                && let Some(words) = last.strip_suffix(&code)
            {
                *last = format!("{words}{}", self.paint.text(&code, Tone::Quiet));
            }
            lines.extend(labelled(&label, indent, message));
        }
        lines.extend(self.command(&format!("{} {explained_by}", self.program)));
        lines
    }

    /// The line with a command that says more. Where it is too long the command has a line
    /// of its own, so that it can be copied.
    fn command(self, command: &str) -> Vec<String> {
        let whole = self.say.explained(command);
        let texts = if width(&whole) <= self.room {
            vec![whole]
        } else {
            vec![
                self.say.explained("").trim_end().to_owned(),
                command.to_owned(),
            ]
        };
        let cells = texts.into_iter().map(|t| Cell::new(t).toned(Tone::Quiet));
        cells.flat_map(|cell| self.wrapped(&cell, 0)).collect()
    }

    /// A cell's words in lines that leave `indent` free.
    fn wrapped(self, cell: &Cell, indent: usize) -> Vec<String> {
        wrap(&cell.text, self.room - indent)
            .iter()
            .map(|line| self.paint.text(line, cell.tone))
            .collect()
    }
}

/// The lines behind a label as wide as `indent`.
fn labelled(label: &str, indent: usize, lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().enumerate().map(move |(at, line)| {
        if at == 0 {
            format!("{label}{line}")
        } else {
            format!("{:indent$}{line}", "")
        }
    })
}
