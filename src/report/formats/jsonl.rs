//! `jsonl`: JSON lines, one object a line.

use std::io::{self, BufWriter, Write};

use crate::report::form::{FlowWriter, Form, Writes};
use crate::report::json::{write_flow_line, write_lines};
use crate::report::ladder;
use crate::report::subject::Subject;
use crate::report::view::FlowOf;

pub(super) const FORM: Form = Form {
    help: "JSON lines: one flow per line (compare: one row; ceiling: one kind)",
    writes: Writes::Data {
        whole: write,
        flows: Some(|out, _| Ok(Box::new(Lines(BufWriter::new(out))))),
    },
};

fn write(subject: Subject<'_>, out: &mut dyn Write) -> io::Result<()> {
    match subject {
        Subject::Run(view) => write_lines(view.flows, out),
        Subject::Compare(record) => write_lines(&record.rows, out),
        Subject::Ceiling(record) => write_lines(&record.kinds, out),
        Subject::Analysis(view) => {
            let mut lines = Lines(BufWriter::new(out));
            for of in view.flows {
                lines.flow(*of)?;
            }
            lines.0.flush()
        }
        Subject::Ladder(flow, rungs) => write_lines(ladder::lines(flow, rungs), out),
    }
}

/// Flows, a line each. JSON comes in many small pieces, which are gathered here.
struct Lines<'a>(BufWriter<&'a mut dyn Write>);

impl FlowWriter for Lines<'_> {
    fn flow(&mut self, of: FlowOf<'_>) -> io::Result<()> {
        write_flow_line(of, &mut self.0)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}
