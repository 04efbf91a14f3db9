//! Why nothing can be saved.

use std::io;

use thiserror::Error;

use crate::text::units::bytes;

/// A folder that a run cannot be saved in.
#[derive(Debug, Error)]
pub enum NotWritable {
    /// The system refuses it.
    #[error("cannot save the run in {path}: {source}; choose another folder with --out")]
    System {
        /// The folder.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// It is root's, and the run is the person's who has called sudo(8).
    #[error(
        "cannot save the run in {path}: {source} for the user who has called sudo, as whom the run goes on; choose another folder with --out, or --as-root"
    )]
    ByPerson {
        /// The folder.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// It leads elsewhere.
    #[error(
        "cannot save the run in {0}: it is a symbolic link; give --out the folder that it leads to"
    )]
    Link(String),
    /// Something is in it.
    #[error(
        "{0} is not empty: choose another folder with --out, or --force replaces a run of threadtap's"
    )]
    NotEmpty(String),
    /// What is in it is not what was to be replaced.
    #[error(
        "{0} is not empty, and what it holds is no {1} of threadtap's, so that --force does not replace it: choose another folder with --out"
    )]
    NotOurs(String, &'static str),
    /// Something in it bears the name of one of threadtap's files.
    #[error(
        "{path}/{name} was not written by threadtap: remove it, or choose another folder with --out"
    )]
    Foreign {
        /// The folder.
        path: String,
        /// The file.
        name: String,
    },
    /// Somebody saves in it now.
    #[error(
        "{0} is in use: another run is being saved there; wait for its end, or choose another folder with --out"
    )]
    InUse(String),
}

/// What could not be saved.
#[derive(Debug, Error)]
#[error("{file} {}: {source}", how_much(*.kept_bytes))]
pub struct NotSaved {
    /// The file.
    pub file: String,
    /// How many bytes of it are saved, from its beginning; `None`: it counts as not
    /// saved.
    pub kept_bytes: Option<u64>,
    /// The system's error.
    pub source: io::Error,
}

impl NotSaved {
    /// A file that cannot be used without what is missing.
    pub(in crate::session::run) fn whole(file: impl Into<String>, source: io::Error) -> Self {
        Self {
            file: file.into(),
            kept_bytes: None,
            source,
        }
    }
}

fn how_much(kept: Option<u64>) -> String {
    kept.map_or_else(
        || "was not saved".to_owned(),
        |kept| format!("holds only the first {}", bytes(kept)),
    )
}

/// A file that cannot be made from a saved run.
#[derive(Debug, Error)]
pub enum NotMade {
    /// The system refuses it.
    #[error("{what} cannot be written: {source}")]
    System {
        /// The file, or the folder.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// Something else than a file stands there.
    #[error("{0} is no plain file and is not replaced; move it away")]
    NotAFile(String),
    /// A run is being saved there.
    #[error("{0} is in use: a run is being saved there; wait for its end")]
    InUse(String),
}
