//! What programs of somebody else's met with, and what kept them from being
//! seen whole.

use std::collections::BTreeSet;

use super::super::End;
use super::super::program::Watched;
use super::programs::{serving, side};
use super::troubles::tell_of_server_death;
use crate::model::{Exit, Finding, Severity, Side};
use crate::text::units::counted;

pub(super) fn client_troubles(watched: &Watched, left_behind: usize, extra: &mut Vec<Finding>) {
    common_troubles(Side::Client, watched, extra);
    match watched.exit {
        _ if watched.asked_to_end => {}
        Some(Exit::Signal(signal)) => extra.push(
            Finding::new(
                "client_signal",
                Severity::Error,
                format!(
                    "The client was ended by {}; client.log may tell why.",
                    Exit::Signal(signal)
                ),
            )
            .with("signal", signal),
        ),
        Some(Exit::Code(code)) if code != 0 => extra.push(
            Finding::new(
                "client_exit",
                Severity::Error,
                format!("The client ended with exit status {code}; client.log may tell why."),
            )
            .with("exit_code", code),
        ),
        _ => {}
    }
    if left_behind > 0 {
        extra.push(
            Finding::new(
                "left_behind",
                Severity::Warning,
                format!(
                    "The client's first process ended and left {} behind that did nothing any more; {} ended.",
                    counted(left_behind as u64, "process", "processes"),
                    if left_behind == 1 { "it was" } else { "they were" },
                ),
            )
            .with("processes", left_behind),
        );
    }
}

pub(super) fn server_troubles(watched: &Watched, end: End, extra: &mut Vec<Finding>) {
    common_troubles(Side::Server, watched, extra);
    if end == End::Complete
        && !watched.asked_to_end
        && let Some(exit) = watched.exit
    {
        match exit {
            // A daemon: its first process is to end.
            Exit::Code(0) if watched.went_on => {}
            // One that serves so many and no more; what it did not serve is
            // among the failed requests.
            Exit::Code(0) => extra.push(Finding::new(
                "server_ended",
                Severity::Info,
                "The server ended by itself, with exit status 0, before the run was over.",
            )),
            _ => tell_of_server_death(exit, extra),
        }
    }
    let unseen = side(watched).map_or(0, |s| {
        let accepted = s.sockets.accepted.iter();
        accepted.filter(|a| serving(a).is_none()).count()
    });
    if unseen > 0 {
        let them = if unseen == 1 { "it" } else { "them" };
        extra.push(
            Finding::new(
                "serving_thread_unseen",
                Severity::Info,
                format!(
                    "Of {} it is not known which thread of the server served {them}, only which one accepted {them}: the server reads by a call that is not looked at. With --trace-rw read(2) and write(2) are.",
                    counted(unseen as u64, "connection", "connections"),
                ),
            )
            .with("connections", unseen),
        );
    }
}

/// Said once, whichever side it is: it is the same system.
pub(super) fn tell_of_no_tracing(sides: [Option<&Watched>; 2], extra: &mut Vec<Finding>) {
    let mut reasons = sides
        .into_iter()
        .flatten()
        .filter_map(|w| w.not_traced.as_ref());
    if let Some(why) = reasons.next() {
        extra.push(
            Finding::new(
                "trace_not_allowed",
                Severity::Warning,
                format!("Programs could not be traced here ({why}). They were sampled through /proc instead: short-lived threads may be missing, and owners of flows are not known."),
            )
            .with("reason", why.clone()),
        );
    }
}

fn common_troubles(of: Side, watched: &Watched, extra: &mut Vec<Finding>) {
    let Some(side) = side(watched) else { return };
    let named = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut tell = |code, names: &BTreeSet<String>, message: String| {
        if !names.is_empty() {
            extra.push(
                Finding::new(code, Severity::Warning, message)
                    .with("side", of.to_string())
                    .with("programs", names.iter().cloned().collect::<Vec<_>>()),
            );
        }
    };
    tell(
        "uses_ptrace",
        &side.tracers,
        format!(
            "The {of} uses ptrace(2) itself ({}), which fails in a program that is traced; run it with --observe sampled.",
            named(&side.tracers)
        ),
    );
    tell(
        "setuid_ignored",
        &side.unprivileged,
        format!(
            "The {of} executed a set-user-ID program ({}), which got no privilege because it is traced; run threadtap as root, or with --observe sampled.",
            named(&side.unprivileged)
        ),
    );
    tell(
        "sockets_unseen",
        &side.foreign,
        format!(
            "The {of} executed a program of another calling convention ({}): its threads were counted, its sockets not seen.",
            named(&side.foreign)
        ),
    );
}
