//! `threadtap compare`.

use std::io::{self, BufWriter, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::printed;
use super::terminal::style;
use super::{COULD_NOT_RUN, DID_NOT_HOLD, INTERRUPTED, OK, diagnostics, expectations};
use crate::cli::CompareArgs;
use crate::compare::{Round, did_not_hold, grown, pairs_of};
use crate::expect::{self, Document};
use crate::report::write_compare;
use crate::session::compare::{At, ComparePlan, Compared, FILE, conduct};
use crate::session::run::End;
use crate::sys::process::signals::{INTERRUPTIONS, end_at_once};

/// Makes all runs, prints the comparison, and tells where it was saved.
pub fn compare(args: &CompareArgs) -> anyhow::Result<u8> {
    let plan = args.plan()?;
    let document = Document::compare(expect::Compared {
        rows: plan.contenders.iter().map(|c| c.name.clone()).collect(),
        pairs: pairs_of(&plan.contenders),
        grown: grown(&plan.contenders),
    });
    expectations::check(&args.expect, &document)?;
    let bar = progress_bar(&plan);
    let mut told = String::new();
    let compared = conduct(&plan, &mut |at| match at {
        Some(at) => {
            let now = words(&at, &plan);
            if now != told {
                bar.set_message(now.clone());
                bar.set_position(at.done);
                told = now;
            }
        }
        None => bar.finish_and_clear(),
    });
    bar.finish_and_clear();
    // As after a run.
    end_at_once(&INTERRUPTIONS, INTERRUPTED.into());
    let compared = compared?;
    let mut out = BufWriter::new(io::stdout().lock());
    let style = style(usize::MAX, args.color);
    let written =
        write_compare(&compared.record, args.format, style, &mut out).and_then(|()| out.flush());
    tell_where(&compared);
    let met = expectations::judge(&args.expect, &document, &compared.record)?;
    Ok(status(&compared).max(met).max(printed(written)))
}

/// On a terminal only; it starts no thread of its own.
fn progress_bar(plan: &ComparePlan) -> ProgressBar {
    if !io::stderr().is_terminal() || diagnostics::are_on() {
        return ProgressBar::hidden();
    }
    let rounds = u64::from(plan.warmup) + u64::from(plan.repeat);
    let runs = rounds * plan.contenders.len() as u64;
    let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {msg}") {
        bar.set_style(style);
    }
    bar
}

fn words(at: &At<'_>, plan: &ComparePlan) -> String {
    let doing = if at.settling {
        ", waiting for the system to settle"
    } else {
        ""
    };
    match at.round {
        Round::Warmup(k) => format!("{}, warm-up {k} of {}{doing}", at.name, plan.warmup),
        Round::Repeat(k) => format!("{}, round {k} of {}{doing}", at.name, plan.repeat),
    }
}

fn tell_where(compared: &Compared) {
    let path = compared.dir.path().display().to_string();
    let path = path.escape_debug();
    let mut err = io::stderr().lock();
    // Where standard error is closed there is nobody to tell.
    let _ = match &compared.not_saved {
        None => writeln!(err, "saved in {path}"),
        Some(e) => writeln!(
            err,
            "threadtap: {FILE} was not saved in {path}: {e}; free some space or choose another folder with --out"
        ),
    };
    if let Some(reason) = &compared.broken {
        let _ = writeln!(err, "threadtap: {reason}");
    }
}

fn status(compared: &Compared) -> u8 {
    let mut findings = compared.record.findings.iter();
    let fault = findings.any(did_not_hold);
    match compared.end {
        End::Interrupted => INTERRUPTED,
        End::Fault => COULD_NOT_RUN,
        _ if fault || compared.not_saved.is_some() => DID_NOT_HOLD,
        _ => OK,
    }
}
