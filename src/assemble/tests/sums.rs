//! Whatever a client did and whoever watched it: the figures of its record add up.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::story::{Story, all_well, at, first, note};
use crate::model::observation::*;
use crate::model::*;

/// What came of a connection.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// So many requests, all answered well.
    Valid(u8),
    Bad,
    Unanswered,
    Refused,
    /// The client closed it without asking.
    Probe,
    /// The snapshot length cut the answer.
    Cut,
    /// Its frames were lost, or went another way.
    NotCaptured,
    /// More exchanges than are kept.
    Omitted(u8),
}

/// Who watched the client.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Watch {
    Traced,
    /// Traced, but it hid its sockets.
    Hidden,
    Sampled,
    Nobody,
    Ledger,
    /// Its ledger was lost.
    LedgerLost,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Tap {
    Whole,
    Lossy,
    None,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => (1u8..4).prop_map(Kind::Valid),
        1 => Just(Kind::Bad),
        1 => Just(Kind::Unanswered),
        1 => Just(Kind::Refused),
        1 => Just(Kind::Probe),
        1 => Just(Kind::Cut),
        1 => Just(Kind::NotCaptured),
        1 => (1u8..9).prop_map(Kind::Omitted),
    ]
}

fn watch() -> impl Strategy<Value = Watch> {
    prop_oneof![
        4 => Just(Watch::Traced),
        1 => Just(Watch::Hidden),
        2 => Just(Watch::Sampled),
        1 => Just(Watch::Nobody),
        2 => Just(Watch::Ledger),
        1 => Just(Watch::LedgerLost),
    ]
}

fn tap() -> impl Strategy<Value = Tap> {
    prop_oneof![4 => Just(Tap::Whole), 1 => Just(Tap::Lossy), 1 => Just(Tap::None)]
}

/// The run of a client that was asked for `asked` requests and did this.
fn story(watch: Watch, tap: Tap, asked: Option<u64>, all: &[Kind], end: Option<End>) -> Story {
    let own = matches!(watch, Watch::Ledger | Watch::LedgerLost);
    let mut story = if own {
        Story::built_in(crate::model::Strategy::Thread, asked.unwrap_or(0))
    } else {
        let mut story = Story::of(
            AskedClient::Program { requests: asked },
            AskedServer::Program,
        );
        story.begins(Side::Server, ObserverName::Nobody, 20, -5);
        let observer = match watch {
            Watch::Sampled => ObserverName::Proc,
            Watch::Nobody => ObserverName::Nobody,
            _ => ObserverName::Ptrace,
        };
        story.begins(Side::Client, observer, 10, 0);
        story
    };
    if matches!(watch, Watch::Traced | Watch::Hidden) {
        story.did(Side::Client, 10, 10, 0, first());
    }
    for (n, kind) in (0u16..).zip(all) {
        connection(&mut story, watch, tap, n, *kind);
    }
    if watch == Watch::Hidden {
        let refused = Change::LookRefused {
            call: "pidfd_getfd".into(),
            errno: libc::EPERM,
            of_all: false,
            found: false,
        };
        story.did(Side::Client, 10, 10, 90, refused);
    }
    if watch == Watch::Ledger {
        noted(&mut story, asked.unwrap_or(0), all);
    }
    story.ends(Side::Client, 100, Exit::Code(0));
    if tap != Tap::None {
        story.captured();
    }
    if let (Tap::Lossy, Some(wire)) = (tap, &mut story.seen.wire) {
        wire.dropped_by_kernel = Some(7);
    }
    if let Some(end) = end {
        story.over(end);
    }
    story
}

/// A connection of the client: what its observer told, and its flow.
fn connection(story: &mut Story, watch: Watch, tap: Tap, n: u16, kind: Kind) {
    let (from, client) = (10 + 4 * i64::from(n), 50_000 + n);
    let refused = matches!(kind, Kind::Refused);
    if watch == Watch::Traced {
        let errno = if refused { libc::ECONNREFUSED } else { 0 };
        story.connects(10, client, from, errno);
    }
    if tap == Tap::None || matches!(kind, Kind::NotCaptured) {
        return;
    }
    let flow = story.flow(client, from, (!refused).then_some(from + 2));
    match kind {
        Kind::Valid(n) => {
            let one = flow.exchanges[0].clone();
            flow.exchanges = vec![one; n.into()].into();
        }
        Kind::Bad => {
            flow.exchanges[0].valid = Some(false);
            flow.exchanges[0].problem = Some("answer is not".into());
        }
        Kind::Unanswered => {
            flow.exchanges[0].response_ns = None;
            flow.exchanges[0].valid = Some(false);
            flow.exchanges[0].problem = Some("no answer".into());
        }
        Kind::Cut => {
            flow.exchanges[0].valid = None;
            flow.exchanges[0].problem = Some("answer not captured completely".into());
            flow.incomplete = vec![Incomplete::AnswerCut];
        }
        Kind::Probe => {
            flow.exchanges.clear();
            flow.history = "ShAFaf".to_owned();
            flow.client_closed_ns = Some(at(from + 1));
        }
        Kind::Omitted(n) => {
            flow.exchanges_omitted = n.into();
            flow.incomplete = vec![Incomplete::ExchangesBound];
        }
        Kind::Refused | Kind::NotCaptured => {}
    }
}

/// The notes of a built-in client: one of each request, whatever came of it.
fn noted(story: &mut Story, requests: u64, all: &[Kind]) {
    for n in 0..u32::try_from(requests).unwrap() {
        let from = 10 + 4 * i64::from(n);
        let client = 50_000 + u16::try_from(n).unwrap();
        let mut note = note(n, client, from, from + 3);
        note.outcome = match all.get(n as usize) {
            Some(Kind::Valid(_) | Kind::Cut | Kind::Omitted(_) | Kind::NotCaptured) => {
                Outcome::Valid
            }
            Some(Kind::Bad) => Outcome::BadAnswer,
            Some(Kind::Unanswered | Kind::Probe) => Outcome::Timeout,
            Some(Kind::Refused) => Outcome::Refused,
            None => Outcome::NotAttempted,
        };
        if note.outcome == Outcome::NotAttempted {
            (note.taken_by, note.connect, note.connected) = (None, None, None);
            (note.started, note.ended, note.client) = (None, None, None);
        }
        if note.outcome == Outcome::Refused {
            note.connected = None;
        }
        story.seen.add(Fact::Request(note));
    }
    story.totals(Side::Client, all_well());
}

fn sum(requests: &Requests) -> u64 {
    requests.failed.values().sum()
}

/// Asserts that everything in a record adds up.
fn adds_up(run: &RunRecord) -> Result<(), TestCaseError> {
    let requests = &run.requests;
    prop_assert_eq!(
        requests.failed_total.unwrap_or_else(|| sum(requests)),
        sum(requests)
    );
    prop_assert!(requests.valid.is_none() || requests.unknown.is_some());
    if let (Some(valid), Some(unknown)) = (requests.valid, requests.unknown) {
        let all = valid + sum(requests) + unknown;
        let asked = requests.submitted.unwrap_or(0);
        prop_assert!(all >= asked, "{requests:?}");
        let told = run.findings.iter().any(|f| f.code == "request_count");
        let program = run.plan.client_command.is_some();
        prop_assert_eq!(program && requests.submitted.is_some() && all > asked, told);
        if valid + unknown < asked {
            prop_assert!(sum(requests) > 0, "nobody is told that some are missing");
        }
    }
    let c = &run.connections;
    if let (Some(all), Some(made), Some(refused), Some(neither)) =
        (c.attempted, c.established, c.refused, c.not_established)
    {
        prop_assert_eq!(all, made + refused + neither);
    }
    prop_assert!(c.reset.unwrap_or(0) <= c.established.unwrap_or(u64::MAX));
    prop_assert!(c.without_request.unwrap_or(0) <= c.established.unwrap_or(u64::MAX));
    prop_assert_eq!(c.attempted.is_some(), c.attempted_provenance.is_some());
    prop_assert_eq!(c.established.is_some(), c.provenance.is_some());
    if requests.unknown.unwrap_or(0) > 0 {
        let marked = run
            .incomplete
            .get("requests.valid")
            .and_then(|f| f.at_least);
        prop_assert_eq!(marked, Some(requests.valid.unwrap_or(0)));
    }
    let e = &run.exchanges;
    if let (Some(all), Some(answered), Some(not), Some(last)) =
        (e.requests, e.answered, e.unanswered, e.last_words)
    {
        prop_assert_eq!(all, answered + not + last);
        if let (Some(valid), Some(invalid), Some(not)) = (e.valid, e.invalid, e.not_judged) {
            prop_assert_eq!(answered, valid + invalid + not);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn each_request_is_in_exactly_one_class(
        watch in watch(),
        tap in tap(),
        asked in proptest::option::of(0u64..12),
        all in vec(kind(), 0..12),
        end in prop_oneof![
            4 => Just(Some(End::Complete)),
            1 => Just(Some(End::Interrupted)),
            1 => Just(None),
        ],
    ) {
        let told = story(watch, tap, asked, &all, end).told();
        adds_up(&told.run)?;
        if watch == Watch::Ledger {
            let requests = &told.run.requests;
            prop_assert_eq!(requests.valid.unwrap() + sum(requests), asked.unwrap_or(0));
        }
    }

    /// Where all was captured and nothing is hidden, the classes are those of what
    /// happened, whoever watched.
    #[test]
    fn the_classes_are_what_happened(
        watch in prop_oneof![Just(Watch::Traced), Just(Watch::Sampled), Just(Watch::Nobody)],
        all in vec(kind().prop_filter("captured", |k| !matches!(k, Kind::NotCaptured)), 1..12),
    ) {
        // Somebody has to have spoken TIME.
        let mut all = all;
        all.push(Kind::Valid(1));
        let run = story(watch, Tap::Whole, None, &all, Some(End::Complete)).told().run;
        adds_up(&run)?;
        let count = |of: fn(&Kind) -> u64| all.iter().map(of).sum::<u64>();
        let valid = count(|k| match k {
            Kind::Valid(n) => (*n).into(),
            Kind::Omitted(_) => 1,
            _ => 0,
        });
        prop_assert_eq!(run.requests.valid, Some(valid));
        let failed = count(|k| u64::from(matches!(k, Kind::Bad | Kind::Unanswered | Kind::Refused)));
        prop_assert_eq!(sum(&run.requests), failed, "{:?}", run.requests);
        let unknown = count(|k| match k {
            Kind::Cut => 1,
            Kind::Omitted(n) => (*n).into(),
            _ => 0,
        });
        prop_assert_eq!(run.requests.unknown, Some(unknown));
        let probes = count(|k| u64::from(matches!(k, Kind::Probe)));
        let refused = count(|k| u64::from(matches!(k, Kind::Refused)));
        prop_assert_eq!(run.connections.refused, Some(refused));
        prop_assert_eq!(run.connections.established, Some(all.len() as u64 - refused));
        prop_assert_eq!(run.connections.without_request, Some(probes));
    }
}

/// A client that was sampled, and made 3 of the 10 requests that it was to make.
#[test]
fn what_a_sampled_client_did_not_ask_has_failed() {
    for watch in [Watch::Sampled, Watch::Nobody, Watch::Hidden] {
        let made = [Kind::Valid(1); 3];
        let run = story(watch, Tap::Whole, Some(10), &made, Some(End::Complete))
            .told()
            .run;
        assert_eq!(run.requests.valid, Some(3), "{watch:?}");
        let failed = [("not_seen".to_owned(), 7)].into();
        assert_eq!(run.requests.failed, failed, "{watch:?}");
    }
    // Frames were lost: they may have gone well.
    let run = story(
        Watch::Sampled,
        Tap::Lossy,
        Some(10),
        &[Kind::Valid(1)],
        Some(End::Complete),
    );
    let requests = run.told().run.requests;
    assert_eq!((requests.valid, requests.unknown), (Some(1), Some(9)));
    assert_eq!(requests.failed, [].into());
}

/// Another protocol: nobody here knows what a request is.
#[test]
fn of_another_protocol_only_connections_can_fail() {
    let mut story = story(
        Watch::Traced,
        Tap::Whole,
        Some(4),
        &[Kind::Valid(2), Kind::Valid(1), Kind::Refused],
        Some(End::Complete),
    );
    for exchange in story.flows.iter_mut().flat_map(|f| &mut f.exchanges) {
        (exchange.valid, exchange.answer) = (None, None);
    }
    let run = story.told().run;
    assert_eq!((run.requests.valid, run.requests.unknown), (None, None));
    assert_eq!(run.requests.failed, [("refused".to_owned(), 1)].into());
    assert_eq!(run.exchanges.requests, Some(3));
    assert_eq!(run.exchanges.not_judged, Some(3));
    assert!(run.findings.iter().all(|f| f.code != "request_count"));
    // One fewer than -n says.
    story.flows[0].exchanges.pop();
    let run = story.told().run;
    let told = run
        .findings
        .iter()
        .find(|f| f.code == "request_count")
        .unwrap();
    assert_eq!(told.severity, Severity::Error);
    assert_eq!(
        (&told.evidence["submitted"], &told.evidence["made"]),
        (&4.into(), &2.into())
    );
}

#[test]
fn without_a_capture_connect_tells_of_connections() {
    let all = [Kind::Valid(1), Kind::Refused, Kind::Valid(1)];
    let run = story(Watch::Traced, Tap::None, None, &all, Some(End::Complete))
        .told()
        .run;
    let expected = Connections {
        attempted: Some(3),
        established: Some(2),
        refused: Some(1),
        not_established: Some(0),
        reset: None,
        without_request: None,
        attempted_provenance: Some(Provenance::Traced),
        provenance: Some(Provenance::Traced),
    };
    assert_eq!(run.connections, expected);
    assert_eq!(run.exchanges, RunExchanges::default());
}

#[test]
fn resets_are_of_either_side() {
    let all = [Kind::Valid(1); 3];
    let mut story = story(Watch::Traced, Tap::Whole, None, &all, Some(End::Complete));
    story.flows[0].history = "ShADadR".to_owned();
    story.flows[2].history = "ShADadr".to_owned();
    assert_eq!(story.told().run.connections.reset, Some(2));
}

/// A bound that was reached marks every figure that it touches.
#[test]
fn what_is_not_kept_marks_the_figures_that_it_touches() {
    let all = [Kind::Omitted(4), Kind::Valid(1)];
    let run = story(Watch::Traced, Tap::Whole, None, &all, Some(End::Complete))
        .told()
        .run;
    let e = &run.exchanges;
    assert_eq!((e.requests, e.answered, e.valid), (Some(6), None, None));
    assert_eq!(run.requests.answered, None);
    assert_eq!(
        (run.requests.valid, run.requests.unknown),
        (Some(2), Some(4))
    );
    let paths: Vec<&str> = run.incomplete.keys().map(String::as_str).collect();
    let expected = [
        "exchanges.answered",
        "exchanges.invalid",
        "exchanges.last_words",
        "exchanges.not_judged",
        "exchanges.unanswered",
        "exchanges.valid",
        "latency.exchange",
        "requests.answered",
        "requests.failed_total",
        "requests.valid",
    ];
    assert_eq!(paths, expected);
    assert_eq!(run.incomplete["requests.answered"].at_least, Some(2));
    assert_eq!(run.incomplete["latency.exchange"].at_least, None);
}

/// Connections that were made by calls that are not traced: nobody says that there
/// were none.
#[test]
fn flows_beside_no_attempt_leave_the_attempts_unknown() {
    let mut story = story(Watch::Traced, Tap::Whole, Some(2), &[], Some(End::Complete));
    story.flow(50_000, 10, Some(12));
    story.flow(50_001, 14, Some(16));
    let run = story.told().run;
    assert_eq!(
        (run.requests.attempted, run.requests.valid),
        (None, Some(2))
    );
    assert_eq!(run.connections.attempted, None);
    assert_eq!(run.connections.established, Some(2));
    assert!(run.findings.iter().all(|f| f.code != "no_connection"));
}
