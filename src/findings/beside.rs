//! What several rules ask of connections that were made and did not pass the tap.

use std::net::SocketAddr;

use super::FindingsInput;
use super::evidence::{clock_was_set, frames_lost, lossless_capture};
use crate::activity::beside::{Accounts, Beside};
use crate::model::{CaptureSummary, Side, StopReason};

/// Connections that were made, of which no frame passed the tap, as far as it was there
/// and lost none: how many, and the capture.
pub(super) fn made_beside_the_tap<'a>(
    input: &FindingsInput<'a>,
) -> Option<(Beside, &'a CaptureSummary)> {
    let there = |c: &&CaptureSummary| c.stop_reason != StopReason::Fault && frames_lost(c) == 0;
    let capture = input.run.capture.as_ref().filter(there)?;
    let beside = Beside::of(
        input.flows,
        &Accounts {
            seen: input.seen.map(|seen| seen.observation),
            client: input.seen.and_then(|seen| seen.client),
            server: input.seen.and_then(|seen| seen.server),
            workers: input.workers,
            tells_client: input.run.correlation.client_owned.is_some(),
        },
    )?;
    let none = capture.frames == 0 && input.flows.is_empty();
    (none || is_judged_in_part(input, beside)).then_some((beside, capture))
}

/// Whether some flows tell that others are not there: nothing can have been lost, each is
/// known by its end at any time, and what was made to this port was to be captured.
fn is_judged_in_part(input: &FindingsInput<'_>, beside: Beside) -> bool {
    let Some(capture) = lossless_capture(input) else {
        return false;
    };
    let port = input.run.plan.target.parse::<SocketAddr>();
    let all = port.map(|target| format!("tcp port {}", target.port()));
    // A program that is watched may talk to the same port of other hosts, whose frames
    // are left out of the capture.
    let watched = input.run.plan.watched && beside.told_by == Side::Client;
    let asked_for = !watched || all.is_ok_and(|all| capture.filter == all);
    !input.flows.is_empty() && !clock_was_set(input) && asked_for
}
