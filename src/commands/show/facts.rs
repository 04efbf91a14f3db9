//! What was seen in a run, fact by fact.

use std::io::{self, BufWriter, Write};

use crate::commands::saved::{Folder, tell};
use crate::commands::{DID_NOT_HOLD, OK, output::printed};
use crate::model::observation::Fact;
use crate::obsfile::{ObservationReader, write_long};
use crate::text::json::Inert;

const FILE: &str = "observation.jsonl";

/// Prints every fact in its long form, a line each.
pub(super) fn print(folder: &Folder) -> anyhow::Result<u8> {
    let Some(log) = folder.file(FILE)? else {
        anyhow::bail!(
            "{} has no {FILE}: it is no run, or threadtap 0.1 saved it",
            folder.name()
        );
    };
    let facts = ObservationReader::open(log).map_err(|e| folder.wrong(FILE, &e.to_string()))?;
    let mut out = Inert(BufWriter::with_capacity(1 << 16, io::stdout().lock()));
    let mut whole = false;
    let mut damage = None;
    let mut written = Ok(());
    for fact in facts {
        match fact {
            Ok(fact) => {
                whole = matches!(fact, Fact::End { .. });
                written = write_long(&fact, &mut out);
            }
            Err(e) => damage = Some(e),
        }
        if written.is_err() {
            return Ok(printed(written));
        }
    }
    written = out.flush();
    if let Some(damage) = damage {
        tell(
            folder,
            &format!("{FILE}: {damage}; everything before it is shown"),
        );
        whole = false;
    } else if !whole {
        tell(folder, &format!("{FILE}: it ends before the run did"));
    }
    let status = if whole { OK } else { DID_NOT_HOLD };
    Ok(status.max(printed(written)))
}
