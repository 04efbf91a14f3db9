//! `csv`: spreadsheets, with a header.

use std::io;

use crate::report::flow_sheet::FlowSheet;
use crate::report::form::{FlowWriter, Form, Writes};
use crate::report::subject::Subject;
use crate::report::view::FlowOf;
use crate::report::{ceiling, compare, ladder};

pub(super) const FORM: Form = Form {
    help: "CSV: one flow per line (compare: one row; ceiling: one limit)",
    writes: Writes::Data {
        whole: write,
        flows: Some(|out, files| Ok(Box::new(FlowSheet::new(out, files)?))),
    },
};

fn write(subject: Subject<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    match subject {
        Subject::Run(view) => {
            let flows = view.flows.iter().map(|flow| FlowOf { file: None, flow });
            write_flows(flows, false, out)
        }
        Subject::Compare(record) => compare::write_csv(&record.rows, out),
        Subject::Ceiling(record) => ceiling::write_csv(record, out),
        Subject::Analysis(view) => {
            let files = view.flows.iter().any(|of| of.file.is_some());
            write_flows(view.flows.iter().copied(), files, out)
        }
        Subject::Ladder(flow, rungs) => ladder::write_csv(flow, rungs, out),
    }
}

fn write_flows<'a>(
    flows: impl Iterator<Item = FlowOf<'a>>,
    files: bool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut sheet = FlowSheet::new(out, files)?;
    for of in flows {
        sheet.row(of)?;
    }
    sheet.end()
}

impl FlowWriter for FlowSheet<&mut dyn io::Write> {
    fn flow(&mut self, of: FlowOf<'_>) -> io::Result<()> {
        self.row(of)
    }

    fn flush(&mut self) -> io::Result<()> {
        FlowSheet::flush(self)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).end()
    }
}
