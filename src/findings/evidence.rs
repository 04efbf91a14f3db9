//! What several rules ask of the evidence. No rule calls another: what two of
//! them need to know stands here.

use std::collections::BTreeSet;

use super::rule::{Conclusion, says};
use super::{FindingsInput, Seen};
use crate::activity::{Activity, TaskIndex};
use crate::model::observation::{End, OwnTotals, SideEnded, Trouble};
use crate::model::{
    CaptureSummary, Exit, FlowRecord, Incomplete, IncompleteFigure, Outcome, Phrase, ServerKind,
    Side, StopReason,
};
use crate::text::command::as_line;
use crate::wording::{file, incomplete, program};

/// A side's program at the beginning of a sentence: with its command, where it is
/// somebody's own.
pub(super) fn command_of(input: &FindingsInput<'_>, side: Side) -> Phrase {
    let plan = &input.run.plan;
    let command = match side {
        Side::Client => &plan.client_command,
        Side::Server => &plan.server_command,
    };
    let command = command.as_ref().map(|words| as_line(words));
    program::of(side, command.as_deref())
}

/// Whether the run was ended before its time, by a person, a time limit or a fault.
pub(super) fn was_cut_short(input: &FindingsInput<'_>) -> bool {
    let cut = |c: &CaptureSummary| was_stopped(c.stop_reason);
    was_interrupted(input) || was_too_long(input) || input.run.capture.as_ref().is_some_and(cut)
}

/// Whether a capture was stopped before the wire had come to rest.
pub(super) fn was_stopped(reason: StopReason) -> bool {
    matches!(reason, StopReason::Interrupted | StopReason::Fault)
}

/// Whether the client was ended because its time was over.
pub(super) fn was_too_long(input: &FindingsInput<'_>) -> bool {
    let seen = input.seen;
    seen.is_some_and(|seen| seen.observation.ended() == Some(End::TimeLimit))
}

/// Whether a person interrupted the run, or threadtap itself was ended: then
/// the log of what was seen has no end.
pub(super) fn was_interrupted(input: &FindingsInput<'_>) -> bool {
    match input.seen {
        Some(seen) => matches!(seen.observation.ended(), None | Some(End::Interrupted)),
        None => false,
    }
}

/// Whether the run came to its end by itself.
pub(super) fn is_complete(seen: &Seen<'_>) -> bool {
    seen.observation.ended() == Some(End::Complete)
}

/// The capture, where it is known that nothing was lost.
pub(super) fn lossless_capture<'a>(input: &FindingsInput<'a>) -> Option<&'a CaptureSummary> {
    let capture = input.run.capture.as_ref();
    capture.filter(|c| c.dropped_by_kernel == Some(0) && c.dropped_by_interface == Some(0))
}

/// Whether the capture is known to have lost frames, which explains what is missing in
/// it: nobody else is to blame for that.
pub(super) fn is_lossy(input: &FindingsInput<'_>) -> bool {
    input
        .run
        .capture
        .as_ref()
        .is_some_and(|c| frames_lost(c) > 0)
}

/// How many frames are known to be lost.
pub(super) fn frames_lost(capture: &CaptureSummary) -> u64 {
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    kernel.unwrap_or(0).saturating_add(interface.unwrap_or(0))
}

/// Of a client whose main thread does not wait: the requests submitted, and
/// those attempted, where these are fewer.
pub(super) fn left_in_the_queue(input: &FindingsInput<'_>) -> Option<(u64, u64)> {
    let requests = &input.run.requests;
    let (submitted, attempted) = (requests.submitted?, requests.attempted?);
    // One that was ended may have been about to wait, or to submit the rest.
    let by_itself = match input.seen {
        Some(seen) => seen
            .observation
            .client
            .ended
            .is_some_and(|ended| ended.exit == Some(Exit::Code(0)) && !ended.asked_to_end),
        None => !was_cut_short(input),
    };
    let unjoined = input.run.plan.joined == Some(false) && by_itself;
    (unjoined && attempted < submitted).then_some((submitted, attempted))
}

/// How many requests were never begun, as far as that is known.
pub(super) fn never_attempted(input: &FindingsInput<'_>) -> u64 {
    let failed = &input.run.requests.failed;
    let never = failed.get(Outcome::NotAttempted.name());
    never.copied().unwrap_or(0)
}

/// Whether a client program has never tried to reach the server, and had the
/// time to. Where it was not traced, a capture without losses that shows none tells.
pub(super) fn made_no_connection(input: &FindingsInput<'_>) -> bool {
    let run = input.run;
    let (attempted, seen) = (run.requests.attempted, run.requests.on_wire);
    let none = attempted == Some(0)
        || attempted.is_none() && seen == Some(0) && lossless_capture(input).is_some();
    let started = run.plan.client_command.is_some() && !run.plan.watched;
    started && none && !was_cut_short(input)
}

/// What a built-in side says of itself.
pub(super) fn totals(seen: &Seen<'_>, side: Side) -> Option<OwnTotals> {
    seen.observation.side(side).totals
}

/// What is concluded of the sides that executed programs of some kind while they
/// were traced: `which` programs are meant, and the sentence for a side and their
/// names.
pub(super) fn of_programs(
    input: &FindingsInput<'_>,
    which: fn(&Activity) -> &BTreeSet<String>,
    sentence: impl Fn(Side, &[String]) -> Phrase,
) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let of_side = |side| {
        let programs = which(traced(&seen, side)?);
        let names: Vec<_> = programs.iter().cloned().collect();
        (!names.is_empty()).then(|| {
            says(sentence(side, &names))
                .with("side", side.to_string())
                .with("programs", names)
        })
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}

/// What a program that was traced did.
pub(super) fn traced<'a>(seen: &Seen<'a>, side: Side) -> Option<&'a Activity> {
    match side {
        Side::Client => seen.client,
        Side::Server => seen.server,
    }
}

/// Whether a program's output says one of these, which are in small letters.
pub(super) fn says_any_of(said: &str, words: &[&str]) -> bool {
    let said = said.to_lowercase();
    words.iter().any(|words| said.contains(words))
}

/// How a side ended that is somebody else's program.
pub(super) fn ended_program(seen: &Seen<'_>, side: Side) -> Option<SideEnded> {
    let side = seen.observation.side(side);
    side.program().and(side.ended)
}

/// How a client program ended, unless threadtap asked it to, or whoever
/// interrupted the run may have.
pub(super) fn own_end_of_client(seen: &Seen<'_>) -> Option<Exit> {
    let ended = ended_program(seen, Side::Client)?;
    let exit = ended.exit.filter(|_| !ended.asked_to_end)?;
    let interrupted = matches!(seen.observation.ended(), None | Some(End::Interrupted));
    (!interrupted || is_a_fault(exit)).then_some(exit)
}

/// Whether a process ended so by a fault of its own. Ctrl-C, `timeout(1)` and
/// kill(2) reach a whole process group, and others end by exit status then.
fn is_a_fault(exit: Exit) -> bool {
    const FAULTS: [i32; 6] = [
        libc::SIGILL,
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGSEGV,
        libc::SIGSYS,
    ];
    matches!(exit, Exit::Signal(signal) if FAULTS.contains(&signal))
}

/// How the built-in client ended, where nobody had asked it to and its work was not done.
pub(super) fn death_of_built_in_client(seen: &Seen<'_>) -> Option<Exit> {
    let client = &seen.observation.client;
    let exit = client.exit().filter(|exit| *exit != Exit::Code(0))?;
    // A client that is ended because the run was interrupted did not die.
    (client.is_built_in() && is_complete(seen)).then_some(exit)
}

/// How the server ended, where that was during the run and its own doing. A
/// daemon's first process is to end, and does not count.
pub(super) fn early_end_of_server(seen: &Seen<'_>) -> Option<Exit> {
    let server = &seen.observation.server;
    let ended = server.ended.filter(|e| !e.asked_to_end)?;
    let exit = ended.exit?;
    let daemon = ended.went_on && exit == Exit::Code(0);
    // What interrupts a run may reach the server, too.
    let early = is_complete(seen) && !daemon || is_a_fault(exit);
    early.then_some(exit)
}

/// The programs of a side that set up an `io_uring(7)`, if there are any.
pub(super) fn ring_of<'a>(input: &FindingsInput<'a>, side: Side) -> Option<&'a BTreeSet<String>> {
    let rings = &traced(&input.seen?, side)?.rings;
    Some(rings).filter(|rings| !rings.is_empty())
}

/// Whether a side may have used sockets unseen: `uses_io_uring`, `sockets_unseen` or
/// `sockets_refused` says so, and nothing else is to be guessed.
pub(super) fn has_blind_spots(input: &FindingsInput<'_>, side: Side) -> bool {
    let side = input.seen.and_then(|seen| traced(&seen, side));
    side.is_some_and(Activity::has_blind_spots)
}

/// How many flows a side was not seen to make or to accept.
pub(super) fn unseen_flows(input: &FindingsInput<'_>, side: Side) -> u64 {
    count_of(input.flows.iter().filter(|f| f.is_nobodys(side)))
}

/// Whether every connection that the server's program accepts is told, so that a
/// flow without an owner was accepted by none of it.
pub(super) fn tells_acceptances(input: &FindingsInput<'_>) -> bool {
    let run = input.run;
    let told = run.correlation.server_owned.is_some() && run.plan.server != ServerKind::Existing;
    told && !has_blind_spots(input, Side::Server)
}

/// Whether no task of the server accepted a flow that its kernel had answered, as
/// far as can be told: nothing came on it from any program either.
pub(super) fn is_never_accepted(flow: &FlowRecord) -> bool {
    flow.is_answered() && flow.server_owner.is_none() && flow.server_payload_bytes == 0
}

/// How many tasks of a client made connections, and the most of these that existed
/// at one moment.
pub(super) fn workers_at_once(client: &Activity) -> (u64, u64) {
    let tasks: BTreeSet<TaskIndex> = client.sockets.made.iter().map(|c| c.task).collect();
    let mut changes = Vec::with_capacity(tasks.len() * 2);
    for task in &tasks {
        let task = client.tasks.get(*task);
        changes.push((task.started, 1i64));
        changes.extend(task.ended.map(|ended| (ended, -1)));
    }
    // What ends at the moment at which another begins was gone by then.
    changes.sort_unstable();
    let mut now = 0i64;
    let peaks = changes.into_iter().map(|(_, change)| {
        now += change;
        now
    });
    let peak = peaks.max().unwrap_or(0);
    (tasks.len() as u64, peak.unsigned_abs())
}

/// What can be done where a file could not be written, by the system's error.
pub(super) fn remedy_of_not_saved(error: &str) -> Phrase {
    // EFBIG: RLIMIT_FSIZE in setrlimit(2).
    if error.ends_with("(os error 27)") {
        file::too_large()
    } else {
        file::disk_full()
    }
}

/// Why a figure is not known exactly, as parts of a sentence.
pub(super) fn reasons_of(figure: &IncompleteFigure) -> Vec<Phrase> {
    let told =
        |(name, n): (&String, &u64)| incomplete::of_flows(Incomplete::from_name(name), name, *n);
    figure.flows.iter().map(told).collect()
}

/// How many there are, as evidence holds it.
pub(super) fn len<T>(of: &[T]) -> u64 {
    u64::try_from(of.len()).unwrap_or(u64::MAX)
}

/// How many of these there are, as evidence holds it.
pub(super) fn count_of(of: impl Iterator) -> u64 {
    u64::try_from(of.count()).unwrap_or(u64::MAX)
}

/// Whether the clock was set meanwhile: what is joined by times may then be nobody's.
pub(super) fn clock_was_set(input: &FindingsInput<'_>) -> bool {
    let set = |trouble: &Trouble| matches!(trouble, Trouble::ClockSet { .. });
    input
        .seen
        .is_some_and(|seen| seen.observation.troubles.iter().any(set))
}
