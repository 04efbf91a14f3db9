//! The registry of output formats: one line each, in the order in which `--help`
//! lists them.
//!
//! A line names the format as a type and its file; the file's name is what
//! `--format` takes. The line declares the file, and every command that prints has
//! the format.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use super::form::{FlowWriter, Form, Writes};
use super::subject::Subject;
use super::view::Style;

macro_rules! formats {
    ($($(#[$meta:meta])? $name:ident = $file:ident,)+) => {
        $(mod $file;)+

        /// What a report is written as.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$meta])? #[doc = concat!("`", stringify!($file), "`")] $name,)+
        }

        impl Format {
            /// Every one, in the order in which they are told.
            pub const ALL: [Self; [$(stringify!($file),)+].len()] = [$(Self::$name,)+];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($file),)+ }
            }

            const fn form(self) -> &'static Form {
                match self { $(Self::$name => &$file::FORM,)+ }
            }
        }
    };
}

formats! {
    #[default]
    Table = table,
    Markdown = markdown,
    Json = json,
    Jsonl = jsonl,
    Csv = csv,
}

impl Format {
    /// What it is, in some words.
    #[must_use]
    pub const fn help(self) -> &'static str {
        self.form().help
    }

    /// Whether it is for people: tables and words, not data.
    #[must_use]
    pub const fn is_for_people(self) -> bool {
        matches!(self.form().writes, Writes::Sheets(_))
    }

    /// Whether it writes the flows of a capture one by one, as they come
    /// ([`flow_writer`](Self::flow_writer)).
    #[must_use]
    pub const fn writes_flows(self) -> bool {
        matches!(self.form().writes, Writes::Data { flows: Some(_), .. })
    }

    /// Begins to write flows one by one; with `files`, each with the name of its file.
    /// `None` for a format that does not.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn flow_writer<'a>(
        self,
        out: &'a mut (dyn io::Write + 'a),
        files: bool,
    ) -> io::Result<Option<Box<dyn FlowWriter + 'a>>> {
        match self.form().writes {
            Writes::Data {
                flows: Some(start), ..
            } => start(out, files).map(Some),
            _ => Ok(None),
        }
    }

    /// Writes a subject.
    pub(super) fn write(
        self,
        subject: Subject<'_>,
        style: Style,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self.form().writes {
            Writes::Sheets(draw) => draw(&subject.sheet(style), style, out),
            Writes::Data { whole, .. } => whole(subject, out),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
