//! `threadtap ceiling`.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::{style, unless_pipe_closed};
use super::{DID_NOT_HOLD, INTERRUPTED, OK, diagnostics};
use crate::cli::CeilingArgs;
use crate::model::{CeilingKind, CeilingRecord, StoppedBy};
use crate::report::write_ceiling;
use crate::session::ceiling::{Progress, find, interrupted};

/// Finds the ceilings and prints them.
pub fn ceiling(args: &CeilingArgs) -> anyhow::Result<u8> {
    let plan = args.plan();
    let mut picture = Picture::default();
    let found = find(&plan, &mut |climb| picture.show(climb));
    picture.clear();
    let record = found?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write_ceiling(&record, args.format, style(0, args.color), &mut out)
        .and_then(|()| out.flush());
    unless_pipe_closed(written)?;
    Ok(if interrupted(&record, &plan) {
        INTERRUPTED
    } else {
        status(&record, plan.predict)
    })
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

/// The count as it climbs, on a terminal only. It starts no thread of its own,
/// which would be counted.
#[derive(Default)]
struct Picture {
    bar: Option<(CeilingKind, ProgressBar)>,
    drawn: Option<Instant>,
}

impl Picture {
    fn show(&mut self, climb: Progress) {
        const OFTEN: Duration = Duration::from_millis(50);
        if !io::stderr().is_terminal() || diagnostics::are_on() {
            return;
        }
        if self
            .bar
            .as_ref()
            .is_none_or(|(kind, _)| *kind != climb.kind)
        {
            self.clear();
            self.bar = Some((climb.kind, bar(climb)));
        }
        let Some((_, bar)) = &self.bar else { return };
        if self.drawn.is_none_or(|at| at.elapsed() >= OFTEN) {
            self.drawn = Some(Instant::now());
            bar.set_position(climb.reached);
        }
    }

    fn clear(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.drawn = None;
    }
}

fn bar(climb: Progress) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(climb.goal, ProgressDrawTarget::stderr());
    let template = if climb.goal.is_some() {
        "{msg:11} {bar:40} {human_pos} of {human_len}"
    } else {
        "{msg:11} {human_pos}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(climb.kind.plural());
    bar
}
