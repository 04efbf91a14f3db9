//! The clock is set while a run goes on: nothing that happened is lost, and nothing is
//! told that it cannot tell.

use super::story::*;
use crate::model::observation::*;
use crate::model::*;

/// Two requests by a thread each, one after the other, told by a clock that is set at a
/// moment.
fn two_threads(set_at: i64, by: i64) -> Story {
    let t = |ms: i64| if ms >= set_at { ms + by } else { ms };
    let mut story = Story::built_in(Strategy::Thread, 2);
    for (n, port, from) in [(0, 50_000, 10), (1, 50_001, 30)] {
        story.thread(Side::Client, 100 + n, t(from), Some(t(from + 20)));
        let mut request = note(n, port, t(from), t(from + 20));
        request.connected = Some(at(t(from + 1)));
        story.seen.add(Fact::Request(request));
        story.thread(Side::Server, 200 + n, t(from + 1), Some(t(from + 9)));
        story.took(port, 200 + n, t(from + 1));
        let flow = story.flow(port, t(from), Some(t(from + 4)));
        let mut handshake = flow.handshake.expect("one");
        handshake.ack_ns = Some(at(t(from + 1)));
        flow.handshake = Some(handshake);
        flow.exchanges[0].request_ns = at(t(from + 2));
    }
    for side in [Side::Client, Side::Server] {
        let after = Some(at(t(90)));
        story.totals(
            side,
            OwnTotals {
                after,
                ..all_well()
            },
        );
    }
    story.ends(Side::Client, t(100), Exit::Code(0));
    story.is_ended(Side::Server, t(300), Exit::Code(0));
    story.captured();
    if by != 0 {
        story
            .seen
            .add(Fact::Trouble(Trouble::ClockSet { by_ns: ms(by) }));
    }
    story.seen.add(Fact::Leftovers(Leftovers::default()));
    let end = End::Complete;
    let moments = Moments {
        client_started: at(0),
        client_ended: at(t(100)),
        at_rest: at(t(200)),
        over: at(t(300)),
    };
    story.seen.add(Fact::End { end, moments });
    story
}

const HOUR: i64 = 3_600_000;

#[test]
fn whenever_the_clock_is_set_nothing_is_lost() {
    for set_at in [5, 10, 11, 12, 13, 14, 20, 31, 34, 45, 60, 150] {
        for by in [-HOUR, -25, 25, HOUR] {
            let told = two_threads(set_at, by).told();
            let run = &told.run;
            let why = format!("{set_at}, {by}: {run:?}");
            assert_eq!(run.requests.valid, Some(2), "{why}");
            assert_eq!(run.requests.failed, [].into(), "{why}");
            assert_eq!(run.correlation.flows, Some(2), "{why}");
            assert_eq!(run.requests.on_wire, Some(2), "{why}");
            assert_eq!(run.requests.answered, Some(2), "{why}");
            // Of one that was made at that very moment nobody may be the owner.
            let made = [10..=12, 30..=32].iter().any(|m| m.contains(&set_at));
            for owned in [run.correlation.client_owned, run.correlation.server_owned] {
                assert!(owned == Some(2) || made && owned == Some(1), "{why}");
            }
            assert_eq!(told.workers.len(), 4, "{why}");
            assert_eq!(run.duration_ns, ms(200), "{why}");
            assert_eq!(run.observer.client_duration_ns, None, "{why}");
            let latencies = [run.latency.handshake, run.latency.exchange];
            for latency in latencies.into_iter().flatten() {
                for ns in [latency.min_ns, latency.p50_ns, latency.max_ns] {
                    assert!(ns.get() >= 0, "{why}");
                }
            }
            for census in [&run.census.client, &run.census.server] {
                assert_eq!(census.threads.created, Some(2), "{why}");
                assert_eq!(census.processes.created, Some(0), "{why}");
                let known = by > 0;
                assert_eq!(census.threads.peak.is_some(), known, "{why}");
                assert_eq!(!census.timeline.is_empty(), known, "{why}");
            }
            let codes: Vec<_> = run.findings.iter().map(|f| f.code.as_str()).collect();
            // Nothing else is made of it.
            let expected = ["clock_set", "peak_below_requests"];
            assert_eq!(codes[0], "clock_set", "{why}");
            assert!(codes.iter().all(|code| expected.contains(code)), "{why}");
        }
    }
}

/// A clock that goes forward leaves the order of things: who was there is exact.
#[test]
fn set_forward_it_still_tells_who_was_there() {
    let calm = two_threads(0, 0).told().run.census;
    for set_at in 5..60 {
        let census = two_threads(set_at, HOUR).told().run.census;
        for (census, calm) in [
            (&census.client, &calm.client),
            (&census.server, &calm.server),
        ] {
            assert_eq!(census.threads, calm.threads, "{set_at}");
            assert_eq!(census.processes, calm.processes, "{set_at}");
        }
    }
}

#[test]
fn a_clock_that_nobody_sets_is_no_matter() {
    let run = two_threads(0, 0).told().run;
    assert_eq!(run.duration_ns, ms(200));
    assert_eq!(run.observer.client_duration_ns, Some(ms(100)));
    assert_eq!(run.census.client.threads.peak, Some(2));
}
