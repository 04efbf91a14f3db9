//! Comparisons and searches for ceilings as they were saved, and what kind of thing a
//! folder holds.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Saved;
use super::folder::Folder;
use crate::model::{CeilingRecord, CompareRecord, SCHEMA_CEILING, SCHEMA_COMPARE};

/// What a folder holds.
pub enum Kept {
    /// A run.
    Run(Box<Saved>),
    /// A comparison.
    Compare(Box<CompareRecord>),
    /// A search for ceilings.
    Ceiling(Box<CeilingRecord>),
}

impl Kept {
    /// Reads it.
    ///
    /// # Errors
    /// When the folder holds none of these, or one that cannot be read.
    pub fn read(folder: &Folder) -> anyhow::Result<Self> {
        let has = |file| folder.file(file).map(|file| file.is_some());
        let run = has("observation.jsonl")? || has("run.json")?;
        if !run && has(COMPARE)? {
            let record = record(folder, COMPARE, SCHEMA_COMPARE)?;
            return Ok(Self::Compare(Box::new(record)));
        }
        if !run && has(CEILING)? {
            let record = record(folder, CEILING, SCHEMA_CEILING)?;
            return Ok(Self::Ceiling(Box::new(record)));
        }
        Ok(Self::Run(Box::new(Saved::read(folder)?)))
    }
}

const COMPARE: &str = "compare.json";
const CEILING: &str = "ceiling.json";

/// A record of this schema.
pub(super) fn record<T: DeserializeOwned>(
    folder: &Folder,
    file: &str,
    schema: &str,
) -> anyhow::Result<T> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: String,
    }
    let bytes = folder.bytes(file)?;
    let unreadable = |e: serde_json::Error| folder.wrong(file, &e.to_string());
    let any: Any = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if any.schema != schema {
        let found: String = any.schema.chars().take(80).collect();
        return Err(folder.wrong(
            file,
            &format!("its schema is {found}, and this version of threadtap reads {schema}; use the version that wrote it, or a later one"),
        ));
    }
    serde_json::from_slice(&bytes).map_err(unreadable)
}
