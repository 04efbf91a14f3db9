//! `threadtap show`.

mod facts;

use std::io::{self, BufWriter, Write};

use super::confined::confine;
use super::output::printed;
use super::saved::{Folder, Kept};
use super::terminal::style;
use super::{DID_NOT_HOLD, OK, expectations, told};
use crate::cli::ShowArgs;
use crate::expect::Document;
use crate::report::{write_ceiling, write_compare};
use crate::sys::confine::Needs;

/// Prints a saved run.
pub fn show(args: &ShowArgs) -> anyhow::Result<u8> {
    let document = Document::run();
    expectations::check(&args.expect, &document)?;
    confine(&Needs {
        folders: vec![&args.dir],
        ..Needs::default()
    });
    let folder = Folder::open(&args.dir)?;
    if args.observation {
        return facts::print(&folder);
    }
    let mut saved = match Kept::read(&folder)? {
        Kept::Run(saved) => saved,
        Kept::Compare(record) => {
            let style = style(usize::MAX, args.color, args.lang);
            return other(args, |mut out| {
                write_compare(&record, args.format, style, &mut out)
            });
        }
        Kept::Ceiling(record) => {
            let style = style(0, args.color, args.lang);
            return other(args, |mut out| {
                write_ceiling(&record, args.format, style, &mut out)
            });
        }
    };
    let written = told::print(
        saved.view(),
        args.format,
        style(args.rows, args.color, args.lang),
    );
    saved.tell_notes(&folder);
    let met = expectations::judge_run(&args.expect, &document, &mut saved.run)?;
    let whole = if saved.whole { OK } else { DID_NOT_HOLD };
    let status = told::status(&saved.run).max(whole);
    Ok(status.max(met).max(printed(written)))
}

/// Prints what is no run, as it was saved.
fn other(
    args: &ShowArgs,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<u8> {
    if !args.expect.is_empty() {
        anyhow::bail!(
            "--expect is for runs: give the folder of a run, or the condition to threadtap compare"
        );
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    Ok(printed(written))
}
