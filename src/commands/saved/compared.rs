//! The runs of a comparison that stand for its methods, for a report that is made of
//! nothing else.
//!
//! A comparison's folder and record come in; of each row the run with the median duration
//! goes out, as it was saved. A run that cannot be read, or is not the one of the record
//! any more, is told and left out: the comparison's own figures do not need it.

use std::path::{Component, Path};

use super::folder::Folder;
use super::{Saved, tell};
use crate::model::{CompareRecord, CompareRow};

/// So many runs at most: a report of more is read by nobody.
const MOST_RUNS: usize = 12;

/// So many requests at most in all of them: they are in memory together.
const MOST_REQUESTS: u64 = 100_000;

/// A run that stands for a method.
pub struct Typical {
    /// Where it is.
    pub folder: Folder,
    /// Its folder's name, within that of the comparison.
    pub name: String,
    /// What was saved.
    pub saved: Saved,
    /// The row's name.
    pub method: String,
    /// How many runs the row has.
    pub runs: u64,
}

/// The run with the median duration of each row, as far as they are there and not too
/// many.
pub fn typical(folder: &Folder, record: &CompareRecord) -> Vec<Typical> {
    let mut requests = 0_u64;
    let mut found: Vec<Typical> = Vec::new();
    for row in &record.rows {
        requests = requests.saturating_add(row.requests);
        if found.len() == MOST_RUNS || requests > MOST_REQUESTS {
            break;
        }
        match of_row(folder.path(), row) {
            Ok(run) => found.extend(run),
            Err(e) => tell(folder, &format!("no run describes {}: {e:#}", row.name)),
        }
    }
    found
}

/// `None` of a row in which no run has ended.
fn of_row(at: &Path, row: &CompareRow) -> anyhow::Result<Option<Typical>> {
    let Some(middle) = row.middle_duration() else {
        return Ok(None);
    };
    // One whose client was not let end has no duration: then the places say nothing.
    let aligned = row.runs.len() == row.durations_ns.len();
    let of_that_length = |at: usize| !aligned || row.durations_ns[at] == middle;
    let places = row.runs.iter().enumerate();
    for (_, name) in places.filter(|(at, _)| of_that_length(*at)) {
        let folder = within(at, name)?;
        let saved = Saved::read(&folder)?;
        if saved.run.observer.client_duration_ns == Some(middle) {
            return Ok(Some(Typical {
                folder,
                name: name.clone(),
                saved,
                method: row.name.clone(),
                runs: row.durations_ns.len() as u64,
            }));
        }
    }
    anyhow::bail!("the run with the median duration is not in its folder any more")
}

/// A folder within the comparison's. The record may come from anywhere.
fn within(at: &Path, name: &str) -> anyhow::Result<Folder> {
    let mut parts = Path::new(name).components();
    let is_name = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    let path = at.join(name);
    if !is_name || path.is_symlink() {
        anyhow::bail!("{name:?} is not a folder within that of the comparison");
    }
    Folder::open(&path)
}
