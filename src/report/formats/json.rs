//! `json`: the complete record.

use std::io;

use crate::report::form::{Form, Writes};
use crate::report::json::write_pretty;
use crate::report::ladder;
use crate::report::subject::Subject;

pub(super) const FORM: Form = Form {
    help: "The complete record as JSON (analyze: the summary, without the flows)",
    writes: Writes::Data {
        whole: write,
        flows: None,
    },
};

fn write(subject: Subject<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    match subject {
        Subject::Run(view) => write_pretty(view.run, out),
        Subject::Compare(record) => write_pretty(record, out),
        Subject::Ceiling(record) => write_pretty(record, out),
        Subject::Analysis(view) => write_pretty(view.summary, out),
        Subject::Ladder(flow, rungs) => write_pretty(&ladder::lines(flow, rungs), out),
    }
}
