//! `threadtap ceiling`.

use std::io::{self, BufWriter, Write};

use super::output::printed;
use super::progress::{self, Wait};
use super::terminal::style;
use super::{DID_NOT_HOLD, INTERRUPTED, OK};
use crate::cli::CeilingArgs;
use crate::model::{CeilingRecord, StoppedBy};
use crate::report::write_ceiling;
use crate::session::ceiling::{Progress, find, interrupted};
use crate::text::units::count;

/// Finds the ceilings and prints them.
pub fn ceiling(args: &CeilingArgs) -> anyhow::Result<u8> {
    let plan = args.plan();
    let mut line = progress::Progress::new(None, true);
    let found = find(&plan, &mut |climb| line.tell(climb.reached, || wait(climb)));
    line.clear();
    let record = found?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write_ceiling(&record, args.format, style(0, args.color), &mut out)
        .and_then(|()| out.flush());
    let status = if interrupted(&record, &plan) {
        INTERRUPTED
    } else {
        status(&record, plan.predict)
    };
    Ok(status.max(printed(written)))
}

/// Whether something did not hold: a kind that could not be looked for is one.
fn status(record: &CeilingRecord, predicted: bool) -> u8 {
    let wrong = record.kinds.iter().any(|kind| {
        let unknown = kind.reached.is_none() && !predicted;
        unknown
            || kind.left_behind.is_some_and(|n| n > 0)
            || kind.stopped_by == Some(StoppedBy::Killed)
    });
    if wrong { DID_NOT_HOLD } else { OK }
}

/// The count as it climbs, in words.
fn wait(climb: Progress) -> Wait {
    let so_far = match climb.goal {
        Some(goal) => format!("{} of {}", count(climb.reached), count(goal)),
        None => count(climb.reached),
    };
    Wait {
        what: format!("searching for the most {}", climb.kind.plural()),
        so_far,
    }
}
