//! `markdown`: the report as GitHub-flavoured Markdown: the same content as the terminal's.
//!
//! A sheet comes in; headings, tables and lists go out. Every column is
//! shown, and what a row has to say in words gets a column of its own. Texts
//! are taken literally: pipes, backslashes, markup and line breaks from
//! outside do not act.

use std::io::{self, Write};

use crate::report::form::{Form, Writes};
use crate::report::plot::Ink;
use crate::report::sheet::{Align, Block, Cell, Grid, Sheet, Tone};
use crate::report::words::Say;
use crate::text::escape::markdown;

pub(super) const FORM: Form = Form {
    help: "The same as Markdown",
    writes: Writes::Sheets(|sheet, style, out| write(Say::new(style.lang), sheet, out)),
};

/// Columns of a chart, in a block of text.
const PLOT_WIDTH: usize = 80;

/// Writes the sheet.
fn write(say: Say, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    writeln!(out, "# {}\n", markdown(&sheet.title.text))?;
    for subtitle in &sheet.subtitles {
        writeln!(out, "{}  ", markdown(&subtitle.text))?;
    }
    for block in &sheet.blocks {
        write_block(say, block, &mut out)?;
    }
    out.flush()
}

fn write_block(say: Say, block: &Block, out: &mut impl Write) -> io::Result<()> {
    match block {
        Block::Grid {
            heading,
            grid,
            after,
        } => {
            writeln!(out, "\n## {heading}")?;
            if !grid.rows.is_empty() {
                writeln!(out)?;
                write_grid(say, grid, out)?;
            }
            match after {
                Some(after) => writeln!(out, "\n{}", markdown(&after.text)),
                None => Ok(()),
            }
        }
        Block::Plot {
            heading,
            plot,
            after,
        } => {
            writeln!(out, "\n## {heading}\n\n```text")?;
            for line in plot.lines(say.lang, PLOT_WIDTH, Ink::ASCII) {
                let line: String = line.iter().map(|cell| cell.text.as_str()).collect();
                // Nothing of a name may end the block.
                writeln!(out, "{}", line.trim_end().replace('`', "'"))?;
            }
            writeln!(out, "```")?;
            match after {
                Some(after) => writeln!(out, "\n{}", markdown(&after.text)),
                None => Ok(()),
            }
        }
        Block::Facts { heading, facts } => {
            writeln!(out, "\n## {heading}\n")?;
            for (label, cell) in facts {
                if label.is_empty() {
                    // It belongs to what stands above it.
                    writeln!(out, "  - {}", inline(cell))?;
                } else {
                    writeln!(out, "- **{label}**: {}", inline(cell))?;
                }
            }
            Ok(())
        }
        Block::Findings {
            heading, findings, ..
        } => {
            writeln!(out, "\n## {heading}\n")?;
            for finding in findings {
                writeln!(
                    out,
                    "- **{}**: {} ({})",
                    markdown(&finding.label.text),
                    markdown(&finding.message.text),
                    markdown(&finding.code.text)
                )?;
            }
            Ok(())
        }
    }
}

fn write_grid(say: Say, grid: &Grid, out: &mut impl Write) -> io::Result<()> {
    if grid.rows.is_empty() {
        return Ok(());
    }
    let noted = grid.rows.iter().any(|row| row.note.is_some());
    let note_title = if noted {
        format!(" {} |", say.note_column())
    } else {
        String::new()
    };
    let note_rule = if noted { " :--- |" } else { "" };

    for column in &grid.columns {
        write!(out, "| {} ", column.title)?;
    }
    writeln!(out, "|{note_title}")?;
    for column in &grid.columns {
        match column.align {
            Align::Left => write!(out, "| :--- ")?,
            Align::Right => write!(out, "| ---: ")?,
        }
    }
    writeln!(out, "|{note_rule}")?;
    for row in &grid.rows {
        for cell in &row.cells {
            write!(out, "| {} ", inline(cell))?;
        }
        match &row.note {
            Some(note) => writeln!(out, "| {} |", markdown(&note.text))?,
            None if noted => writeln!(out, "|  |")?,
            None => writeln!(out, "|")?,
        }
    }
    Ok(())
}

/// A cell's text; what must not be overlooked is bold.
fn inline(cell: &Cell) -> String {
    let text = markdown(&cell.text);
    match cell.tone {
        Tone::Error | Tone::Strong if !text.is_empty() => format!("**{text}**"),
        _ => text,
    }
}
