//! `threadtap show`.

mod facts;

use super::output::printed;
use super::saved::{Folder, Saved};
use super::{DID_NOT_HOLD, OK, expectations, told};
use crate::cli::ShowArgs;
use crate::expect::Document;

/// Prints a saved run.
pub fn show(args: &ShowArgs) -> anyhow::Result<u8> {
    let document = Document::run();
    expectations::check(&args.expect, &document)?;
    let folder = Folder::open(&args.dir)?;
    if args.observation {
        return facts::print(&folder);
    }
    let saved = Saved::read(&folder)?;
    let written = told::print(saved.view(), args.format, args.rows, args.color);
    saved.tell_notes(&folder);
    let met = expectations::judge(&args.expect, &document, &saved.run)?;
    let whole = if saved.whole { OK } else { DID_NOT_HOLD };
    let status = told::status(&saved.run).max(whole);
    Ok(status.max(met).max(printed(written)))
}
