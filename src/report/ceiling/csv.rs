//! Ceilings as a spreadsheet reads them: a limit a row.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use crate::model::{CeilingRecord, KindCeiling, Limit, StoppedBy};
use crate::report::spreadsheet::Spreadsheet;
use crate::text::escape::spreadsheet;

/// A row; its fields are the columns.
#[derive(Default, Serialize)]
struct CsvRow<'a> {
    kind: &'static str,
    very_end: Option<u64>,
    predicted: Option<u64>,
    goal: Option<u64>,
    reached: Option<u64>,
    stopped_by: Option<StoppedBy>,
    errno: Option<&'a str>,
    left_behind: Option<u64>,
    binds: bool,
    name: &'static str,
    scope: &'static str,
    path: Option<Cow<'a, str>>,
    value: Option<u64>,
    in_use: Option<u64>,
    each: Option<u64>,
    allows: Option<u64>,
    estimated: bool,
}

impl<'a> CsvRow<'a> {
    fn of(kind: &'a KindCeiling, limit: &'a Limit) -> Self {
        let binds = kind
            .binding
            .as_ref()
            .is_some_and(|b| (b.name, b.scope, &b.path) == (limit.name, limit.scope, &limit.path));
        Self {
            kind: kind.kind.name(),
            very_end: kind.very_end,
            predicted: kind.predicted,
            goal: kind.goal,
            reached: kind.reached,
            stopped_by: kind.stopped_by,
            errno: kind.errno.as_deref(),
            left_behind: kind.left_behind,
            binds,
            name: limit.name.name(),
            scope: limit.scope.name(),
            path: limit.path.as_deref().map(spreadsheet),
            value: limit.value,
            in_use: limit.in_use,
            each: limit.each,
            allows: limit.allows,
            estimated: limit.estimated,
        }
    }
}

/// A limit a row.
pub(in crate::report) fn write(record: &CeilingRecord, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Spreadsheet::new(out, &CsvRow::default())?;
    for kind in &record.kinds {
        for limit in &kind.limits {
            sheet.row(&CsvRow::of(kind, limit))?;
        }
    }
    sheet.finish()
}
