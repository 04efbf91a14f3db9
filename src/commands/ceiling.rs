//! `threadtap ceiling`.

use std::io::{self, BufWriter, Write};

use super::language::language;
use super::output::printed;
use super::progress::{self, Wait};
use super::terminal::style;
use super::words::Say;
use super::{DID_NOT_HOLD, INTERRUPTED, OK};
use crate::cli::{CeilingArgs, UsageError};
use crate::model::{CeilingKind, CeilingRecord, StoppedBy};
use crate::report::{Format, Style, write_ceiling};
use crate::session::ceiling::{Progress, find, interrupted};
use crate::session::run::{Kind, RunDir};
use crate::sys::clock;
use crate::sys::isolation::{Identity, enter};
use crate::sys::process::stderr;
use crate::text::units::count;

/// The file that holds them.
const FILE: &str = "ceiling.json";

/// Finds the ceilings and prints them.
pub fn ceiling(args: &CeilingArgs) -> anyhow::Result<u8> {
    let plan = args.plan();
    if plan.isolated {
        if plan.kinds != [CeilingKind::Connection] {
            anyhow::bail!(UsageError::Mismatch(
                "--isolate always is for connections: use it with --kind connection alone",
            ));
        }
        enter(Identity::Own).map_err(|refused| anyhow::anyhow!("--isolate always: {refused}"))?;
    }
    // A folder that cannot be saved in is told before anything is created.
    let dir = args.save_in();
    let mut dir = dir
        .map(|save_in| RunDir::create(&save_in, Kind::Ceiling, clock::local_now(), "ceiling"))
        .transpose()?;
    let mut line = progress::Progress::new(None, true);
    let found = find(&plan, &mut |climb| line.tell(climb.reached, || wait(climb)));
    line.clear();
    let record = match found {
        Ok(record) => record,
        Err(e) => {
            if let Some(dir) = &mut dir {
                dir.take_back();
            }
            return Err(e.into());
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write_ceiling(
        &record,
        args.format,
        style(0, args.color, args.lang),
        &mut out,
    )
    .and_then(|()| out.flush());
    let say = Say::new(language(args.lang));
    let saved = dir.as_mut().map_or(OK, |dir| save(say, &record, dir));
    let status = if interrupted(&record, &plan) {
        INTERRUPTED
    } else {
        status(&record, plan.predict)
    };
    Ok(status.max(saved).max(printed(written)))
}

/// Saves it, and tells where.
fn save(say: Say, record: &CeilingRecord, dir: &mut RunDir) -> u8 {
    let written = dir.write_whole(FILE, &mut |mut out| {
        write_ceiling(record, Format::Json, Style::default(), &mut out)
    });
    let path = dir.path().display().to_string();
    let path = path.escape_debug();
    match written {
        Ok(()) => {
            dir.keep();
            stderr::tell(format_args!("{}", say.saved_in(&path.to_string())));
            OK
        }
        Err(e) => {
            stderr::tell(format_args!(
                "threadtap: {FILE} was not saved in {path}: {e}; free some space or choose another folder with --out"
            ));
            dir.take_back();
            DID_NOT_HOLD
        }
    }
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
