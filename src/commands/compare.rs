//! `threadtap compare`.

use std::io::{self, BufWriter, Write};

use super::language::language;
use super::output::printed;
use super::own_name::own_name;
use super::progress::{Progress, Wait};
use super::several;
use super::terminal::style;
use super::words::Say;
use super::{COULD_NOT_RUN, DID_NOT_HOLD, INTERRUPTED, OK, expectations};
use crate::cli::CompareArgs;
use crate::compare::{Round, did_not_hold, grown, pairs_of};
use crate::expect::{self, Document};
use crate::report::{Evidence, write_compare};
use crate::session::compare::{At, ComparePlan, Compared, FILE, conduct};
use crate::session::run::End;
use crate::sys::process::signals::end_at_once;
use crate::sys::process::stderr;
use crate::text::command::as_word;
use crate::text::escape::printable;
use crate::text::units::count;

/// Makes all runs, prints the comparison, and tells where it was saved.
pub fn compare(args: &CompareArgs) -> anyhow::Result<u8> {
    let plan = args.plan()?;
    let document = Document::compare(expect::Compared {
        rows: plan.contenders.iter().map(|c| c.name.clone()).collect(),
        pairs: pairs_of(&plan.contenders),
        grown: grown(&plan.contenders),
    });
    expectations::check(&args.expect, &document)?;
    let rounds = u64::from(plan.warmup) + u64::from(plan.repeat);
    let mut progress = Progress::new(Some(rounds * plan.contenders.len() as u64), true);
    let compared = conduct(&plan, &mut |at| match at {
        Some(at) => progress.tell(at.done, || wait(&at, &plan)),
        None => progress.clear(),
    });
    progress.clear();
    // As after a run.
    end_at_once(INTERRUPTED.into());
    let mut compared = compared?;
    let mut out = BufWriter::new(io::stdout().lock());
    let style = style(usize::MAX, args.color, args.lang);
    let written =
        write_compare(&compared.record, args.format, style, &mut out).and_then(|()| out.flush());
    let say = Say::new(language(args.lang));
    tell_where(say, &compared);
    let met = expectations::judge(&args.expect, &document, &compared.record)?;
    let status = status(&compared).max(met).max(printed(written));
    if compared.not_saved.is_none() && compared.broken.is_none() {
        let folder = compared.dir.path().display().to_string();
        let folder = printable(&folder);
        let report = format!("{} report {}", own_name(), as_word(&folder));
        let next = if !args.no_report && page(&mut compared, say) {
            let page = say.open(&format!("{folder}/{}", Evidence::Html.file()));
            format!("{page}, {report}")
        } else {
            report
        };
        stderr::tell(format_args!("{}", say.next(&next)));
    }
    Ok(status)
}

/// Makes the page of the comparison, unless it was interrupted, and says whether it is
/// there. It was not asked for by name: that it cannot be made is told in a line.
fn page(compared: &mut Compared, say: Say) -> bool {
    if compared.end == End::Interrupted {
        return false;
    }
    let made = several::of_comparison(&compared.record, &mut compared.dir, say.lang);
    if let Err(e) = &made {
        stderr::tell(format_args!(
            "threadtap: {} was not made: {e}; the comparison itself is saved",
            Evidence::Html.file()
        ));
    }
    made.is_ok()
}

/// What a comparison is at, in words. A run that takes long is a wait like any other;
/// before one, the reason is told.
fn wait(at: &At<'_>, plan: &ComparePlan) -> Wait {
    let runs = (u64::from(plan.warmup) + u64::from(plan.repeat)) * plan.contenders.len() as u64;
    let round = match at.round {
        Round::Warmup(k) => format!("warm-up {k} of {}", plan.warmup),
        Round::Repeat(k) => format!("round {k} of {}", plan.repeat),
    };
    let what = match at.settling {
        None => format!("{}, {round}", at.name),
        Some(_) => format!("{}, {round}: waiting before the run", at.name),
    };
    let made = format!("{} of {} runs", count(at.done), count(runs));
    let so_far = match at.settling {
        None => made,
        Some(why) => format!("{made}; {why}"),
    };
    Wait { what, so_far }
}

fn tell_where(say: Say, compared: &Compared) {
    let path = compared.dir.path().display().to_string();
    let path = path.escape_debug();
    match &compared.not_saved {
        None => stderr::tell(format_args!("{}", say.saved_in(&path.to_string()))),
        Some(e) => stderr::tell(format_args!(
            "threadtap: {FILE} was not saved in {path}: {e}; free some space or choose another folder with --out"
        )),
    }
    if let Some(reason) = &compared.broken {
        stderr::tell(format_args!("threadtap: {reason}"));
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
