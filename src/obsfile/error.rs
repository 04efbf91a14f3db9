//! What is wrong with a log, and in which line.

use std::io;

use thiserror::Error;

use crate::model::observation::SCHEMA_OBSERVATION;
use crate::text::escape::printable;

/// A log that cannot be read at all.
#[derive(Debug, Error)]
pub enum Refused {
    /// Its file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// Its first line is no header.
    #[error("its first line is not the header of an observation")]
    NoHeader,
    /// Another version wrote it.
    #[error("{}", other_schema(.0))]
    Schema(String),
    /// Its header has this schema, and not what belongs to it.
    #[error("its header cannot be read: {0}")]
    Header(String),
}

fn other_schema(schema: &str) -> String {
    let shown: String = schema.chars().take(80).collect();
    format!(
        "its schema is {}, and this version of threadtap reads {SCHEMA_OBSERVATION}; use the version that wrote it, or a later one",
        printable(&shown)
    )
}

/// Why a log cannot be read any further. Everything before it is good.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read any more.
    #[error("line {line}: {source}")]
    Io {
        /// The number of the line, from 1.
        line: u64,
        /// The system's error.
        source: io::Error,
    },
    /// The last line is not whole: whoever wrote it was stopped.
    #[error("cut off in line {line}")]
    CutOff {
        /// The number of the line, from 1.
        line: u64,
    },
    /// A line is longer than any that is written.
    #[error("line {line} is longer than {most} bytes", most = super::MAX_LINE)]
    TooLong {
        /// The number of the line, from 1.
        line: u64,
    },
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Wrong {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it, printable.
        reason: String,
    },
}

impl ReadError {
    /// A line that is not what it should be. Parsers repeat what they were given.
    pub(super) fn wrong(line: u64, reason: &str) -> Self {
        let shown: String = reason.chars().take(200).collect();
        Self::Wrong {
            line,
            reason: printable(&shown).into_owned(),
        }
    }
}
