//! Spreadsheets: a header, always, and a row each.
//!
//! A row is a struct that serialises to flat fields; the fields' names are the
//! header. What was not measured is an empty cell.

use std::io;

use serde::Serialize;

/// A spreadsheet being written, as CSV.
pub(super) struct Spreadsheet<W: io::Write>(csv::Writer<W>);

impl<W: io::Write> Spreadsheet<W> {
    /// Writes the header of rows like this one, whatever is in it.
    pub(super) fn new(out: W, like: &impl Serialize) -> io::Result<Self> {
        let mut sample = csv::Writer::from_writer(Vec::new());
        sample.serialize(like).map_err(io_error)?;
        let sample = sample
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        let mut sample = csv::Reader::from_reader(sample.as_slice());
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        let header = sample.headers().map_err(io_error)?;
        writer.write_record(header).map_err(io_error)?;
        Ok(Self(writer))
    }

    /// Writes a row.
    pub(super) fn row(&mut self, row: &impl Serialize) -> io::Result<()> {
        self.0.serialize(row).map_err(io_error)
    }

    /// Hands on what was written so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    /// Hands everything on.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The error of the writer underneath: which kind it is matters to the caller.
pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
