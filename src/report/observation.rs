//! How the run was watched: what the capture kept and lost, whose flows are
//! known, and what watching cost.
//!
//! The run's record comes in; a sentence each goes out. Losses are said out
//! loud.

use super::sheet::{Block, Cell, Tone};
use super::words::Say;
use crate::model::{CaptureSummary, Nanos, Observer, Provenance, RunRecord, StopReason};

/// What there is to say about the watching.
pub(super) fn block(say: Say, run: &RunRecord) -> Block {
    Block::Facts {
        heading: say.observation(),
        facts: [
            Some((say.capture(), capture(say, run))),
            // Whose the connections are stands in the table then.
            told_by(run)
                .is_none()
                .then(|| (say.owners(), owners(say, run))),
            Some((say.cost(), cost(say, &run.observer))),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn capture(say: Say, run: &RunRecord) -> Cell {
    let Some(capture) = &run.capture else {
        // The flows of a run that was killed are read from its file.
        let what = match (run.correlation.flows, told_by(run)) {
            (Some(_), _) => say.killed_capture(),
            (None, Some(Provenance::Instrumented)) => say.noted_instead(),
            (None, Some(_)) => say.calls_instead(),
            (None, None) => say.no_capture(),
        };
        return Cell::new(what).toned(Tone::Warning);
    };
    let (drops, lost) = drops(say, capture);
    let (end, cut) = end(say, run, capture.stop_reason);
    Cell::new(say.captured(
        &say.frames(capture.frames),
        &say.bytes(capture.bytes),
        &capture.interface,
        &drops,
        end,
    ))
    .toned(match (lost, cut) {
        (true, _) => Tone::Error,
        (false, true) => Tone::Warning,
        (false, false) => Tone::Plain,
    })
}

/// How the capture ended, and whether anything may be missing at its end.
pub(super) fn end(say: Say, run: &RunRecord, reason: StopReason) -> (&'static str, bool) {
    match reason {
        StopReason::Drained => (say.drained(), false),
        StopReason::Timeout if run.correlation.flows == Some(0) => (say.timeout_no_flow(), true),
        StopReason::Timeout => (say.timeout(), true),
        StopReason::Interrupted => (say.interrupted(), true),
        StopReason::Left => (say.left(), false),
        StopReason::Fault => (say.fault(), true),
    }
}

/// Who tells of connections and answers where nothing was captured; `None` where
/// something was, or nobody does.
fn told_by(run: &RunRecord) -> Option<Provenance> {
    let told = run.requests.provenance.or(run.latency.provenance);
    told.filter(|by| run.capture.is_none() && Provenance::is_told(Some(*by)))
}

/// What was lost, and whether anything was.
fn drops(say: Say, capture: &CaptureSummary) -> (String, bool) {
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    match (kernel, interface) {
        (Some(0), Some(0)) => (say.no_drops().to_owned(), false),
        (None, None) => (say.drops_unknown().to_owned(), false),
        _ => {
            let figure =
                |n: Option<u64>| n.map_or_else(|| say.unknown_number().to_owned(), |n| say.n(n));
            let (by_kernel, by_interface) = (figure(kernel), figure(interface));
            let lost = kernel.unwrap_or(0) > 0 || interface.unwrap_or(0) > 0;
            let text = if lost {
                say.lost(&by_kernel, &by_interface)
            } else {
                say.dropped(&by_kernel, &by_interface)
            };
            (text, lost)
        }
    }
}

fn owners(say: Say, run: &RunRecord) -> Cell {
    let correlation = &run.correlation;
    let unseen = run
        .findings
        .iter()
        .any(|f| f.code == "serving_thread_unseen");
    let thread = if unseen {
        say.accepting_thread()
    } else {
        say.a_thread()
    };
    let Some(flows) = correlation.flows else {
        return Cell::absent();
    };
    // Of none there is nothing to know.
    if flows == 0 {
        return Cell::new(say.no_flow()).toned(Tone::Warning);
    }
    let of = |owned: Option<u64>| match owned {
        None => say.not_known().to_owned(),
        Some(n) if n == flows => say.known_for_all().to_owned(),
        Some(n) => say.known_for(&say.n(n)),
    };
    let (client, server) = (correlation.client_owned, correlation.server_owned);
    let all = client == Some(flows) && server == Some(flows);
    Cell::new(say.owned(&say.flows(flows), &of(client), thread, &of(server))).toned(if all {
        Tone::Plain
    } else {
        Tone::Warning
    })
}

/// Who told each event.
fn who_traces(say: Say, observer: &Observer) -> &'static str {
    // Where a side was stopped that took most of the time.
    if observer.tracer_stops.is_none() {
        say.the_kernel_programs()
    } else {
        say.the_tracer()
    }
}

/// What observing cost, in CPU time and relative to the client's own duration.
fn cost(say: Say, observer: &Observer) -> Cell {
    let client = observer.client_duration_ns;
    let part = |who: &str, cpu: Nanos| {
        let share = client.and_then(|client| {
            let whole = u64::try_from(client.get()).ok()?;
            say.share(u64::try_from(cpu.get()).ok()?, whole)
        });
        match share {
            Some(share) => say.cpu_share(who, &say.span(cpu), &share),
            None => say.cpu(who, &say.span(cpu)),
        }
    };
    let mut parts = Vec::new();
    parts.extend(observer.capture_cpu_ns.map(|cpu| part(say.capture(), cpu)));
    parts.extend(
        observer
            .tracer_cpu_ns
            .map(|cpu| part(who_traces(say, observer), cpu)),
    );
    parts.extend(observer.tracer_stops.map(|n| say.tracer_stops(n)));
    if parts.is_empty() {
        return Cell::absent();
    }
    parts.extend(client.map(|span| say.client_ran(&say.span(span))));
    Cell::new(parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::testkit::Fixture;

    #[test]
    fn what_was_lost_is_told_and_what_is_not_known() {
        let of = |kernel, interface| {
            let mut fixture = Fixture::normal(1);
            let capture = fixture.capture();
            capture.dropped_by_kernel = kernel;
            capture.dropped_by_interface = interface;
            drops(Say::new(Lang::En), capture)
        };
        let told = |text: &str, lost| (text.to_owned(), lost);
        assert_eq!(of(Some(0), Some(0)), told("no dropped frames", false));
        assert_eq!(of(None, None), told("dropped frames not known", false));
        let half = "dropped frames: 0 by the kernel, an unknown number by the interface";
        assert_eq!(of(Some(0), None), told(half, false));
        let half = "dropped frames: an unknown number by the kernel, 0 by the interface";
        assert_eq!(of(None, Some(0)), told(half, false));
        let lost = "DROPPED FRAMES: 12 by the kernel, 0 by the interface";
        assert_eq!(of(Some(12), Some(0)), told(lost, true));
        let lost = "DROPPED FRAMES: 0 by the kernel, 12 by the interface";
        assert_eq!(of(Some(0), Some(12)), told(lost, true));
    }

    #[test]
    fn owners_are_known_for_all_or_for_so_many() {
        let of = |client, server| {
            let mut run = Fixture::normal(5).run;
            run.correlation.client_owned = client;
            run.correlation.server_owned = server;
            let cell = owners(Say::new(Lang::En), &run);
            (cell.text, cell.tone)
        };
        let told = |client: &str, server: &str, tone| {
            let text = format!("5 flows; client worker {client}, server thread {server}");
            (text, tone)
        };
        let (all, some) = ("known for all", "known for 4");
        assert_eq!(of(Some(5), Some(5)), told(all, all, Tone::Plain));
        assert_eq!(of(Some(4), Some(5)), told(some, all, Tone::Warning));
        assert_eq!(of(Some(5), Some(4)), told(all, some, Tone::Warning));
        let unknown = told("not known", all, Tone::Warning);
        assert_eq!(of(None, Some(5)), unknown);
    }
}
