//! `jsonl`: JSON lines, one object a line.

use std::io::{self, BufWriter, Write};

use crate::report::flow_line::put_flow;
use crate::report::form::{FlowWriter, Form, Writes};
use crate::report::json::{write_flows_jsonl, write_lines};
use crate::report::ladder;
use crate::report::subject::Subject;
use crate::report::view::FlowOf;

pub(super) const FORM: Form = Form {
    help: "JSON lines: one flow per line (compare: one row; ceiling: one kind)",
    writes: Writes::Data {
        whole: write,
        flows: Some(|out, _| Ok(Box::new(Lines::new(out)))),
    },
};

fn write(subject: Subject<'_>, out: &mut dyn Write) -> io::Result<()> {
    match subject {
        Subject::Run(view) => write_flows_jsonl(view.flows, &mut &mut *out),
        Subject::Compare(record) => write_lines(&record.rows, out),
        Subject::Ceiling(record) => write_lines(&record.kinds, out),
        Subject::Analysis(view) => {
            let mut lines = Lines::new(out);
            for of in view.flows {
                lines.flow(*of)?;
            }
            lines.flush()
        }
        Subject::Ladder(flow, rungs) => write_lines(ladder::lines(flow, rungs), out),
    }
}

/// Flows, a line each.
struct Lines<'a> {
    out: BufWriter<&'a mut dyn Write>,
    /// The latest, kept for its room.
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, out),
            line: Vec::new(),
        }
    }
}

impl FlowWriter for Lines<'_> {
    fn flow(&mut self, of: FlowOf<'_>) -> io::Result<()> {
        self.line.clear();
        put_flow(of.file, of.flow, &mut self.line);
        self.out.write_all(&self.line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}
