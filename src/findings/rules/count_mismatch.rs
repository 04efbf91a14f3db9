//! `count_mismatch`: the wire and the workers disagree, and no frame was lost.
//!
//! A wrong count is worse than none, so it has to be said. A worker that gave
//! up, was reset or ended may have been sent a valid answer that it never
//! read; more than that cannot be explained, and neither can a valid answer
//! that a worker read and the wire never carried.

use crate::findings::{FindingsInput, count_of};
use crate::model::{Finding, Outcome, Severity, Side, StopReason};
use crate::text::units::count;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let capture = input.lossless_capture()?;
    if capture.stop_reason == StopReason::Interrupted {
        return None;
    }
    let wire = input.run.requests.valid?;
    let with =
        |outcomes: &[Outcome]| {
            count_of(input.workers.iter().filter(|w| {
                w.side == Side::Client && w.outcome.is_some_and(|o| outcomes.contains(&o))
            }))
        };
    // Without a worker that says how it went there is nothing to compare with.
    if with(&Outcome::ALL) == 0 {
        return None;
    }
    let workers = with(&[Outcome::Valid]);
    let unread = with(&[Outcome::Timeout, Outcome::Reset, Outcome::Abandoned]);
    if (workers..=workers + unread).contains(&wire) {
        return None;
    }
    let message = format!(
        "The counts disagree: {} valid answers on the wire, {} by the workers' own records, \
         though no frame was lost; trust neither, and keep capture.pcap to find out why.",
        count(wire),
        count(workers),
    );
    Some(
        Finding::new("count_mismatch", Severity::Error, message)
            .with("valid_on_wire", wire)
            .with("valid_by_workers", workers)
            .with("answers_possibly_unread", unread),
    )
}
