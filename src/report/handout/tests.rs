//! What the report says is true of the run, and nothing is said of what was not seen.

use super::{Meaning, Part, RunPart, handout};
use crate::lang::Lang;
use crate::model::{
    CeilingRecord, CompareRecord, Counts, Finding, FlowRecord, Outcome, Requests, Severity,
    SideCensus, SystemCensus, Tool,
};
use crate::testkit::Fixture;

mod exact;

pub(in crate::report) fn of(fixture: &Fixture, lang: Lang) -> String {
    let part = RunPart {
        name: "t",
        view: crate::report::RunView {
            run: &fixture.run,
            flows: &fixture.flows,
            workers: crate::testkit::packed(&fixture.workers),
        },
        whole: true,
        ladder: None,
        stands_for: None,
    };
    handout(&[Part::Run(part)], lang, 20, &explain)
}

fn explain(code: &str, lang: Lang) -> Option<Meaning> {
    (code == "interrupted").then(|| Meaning {
        title: format!("a title | {lang}"),
        means: "what it means".to_owned(),
    })
}

fn english(fixture: &Fixture) -> String {
    of(fixture, Lang::En)
}

#[track_caller]
fn says(fixture: &Fixture, wanted: &[&str], not: &[&str]) {
    let text = english(fixture);
    for word in wanted {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    for word in not {
        assert!(!text.contains(word), "{word} is in\n{text}");
    }
}

/// Every column of a table is in every row of it.
#[track_caller]
pub(in crate::report) fn tables_are_even(text: &str) {
    let mut expected = None;
    for line in text.lines() {
        let pipes = line
            .replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count();
        if !line.starts_with('|') {
            assert_eq!(pipes, 0, "{line}");
            expected = None;
        } else if let Some(expected) = expected {
            assert_eq!(pipes, expected, "{line}");
        } else {
            expected = Some(pipes);
        }
    }
}

#[test]
fn who_did_what_is_told() {
    says(
        &Fixture::normal(20),
        &[
            "20 threads of the client made 20 connections, 1 each.",
            "One thread of the server (TID 40000) accepted 20 connections.",
            "20 threads of the server served 20 connections, 1 each.",
            "All 20 requests got a valid answer.",
            "All 20 flows went the same way (history ShADadFf).",
        ],
        &["failed:", "None of these", "not seen", "interrupted"],
    );
    let mut pool = Fixture::normal(20);
    for (at, flow) in pool.flows.iter_mut().enumerate() {
        let owner = flow.client_owner.as_mut().unwrap();
        let of = u32::from(at % 5 < 2);
        (owner.worker.0, owner.tid.0) = (of, 41_001 + of);
        let owner = flow.server_owner.as_mut().unwrap();
        owner.accept_tid = owner.serve_tid;
    }
    says(
        &pool,
        &[
            "2 threads of the client made 20 connections: between 8 and 12 each.",
            "The thread that accepted a connection also served it.",
        ],
        &["served 20 connections"],
    );
    for flow in &mut pool.flows {
        flow.client_owner.as_mut().unwrap().worker.0 = 0;
        flow.client_owner.as_mut().unwrap().tid.0 = 7;
        flow.server_owner.as_mut().unwrap().accept_tid = None;
        flow.server_owner.as_mut().unwrap().serve_tid = None;
    }
    says(
        &pool,
        &[
            "One thread of the client (TID 7) made 20 connections.",
            "Which threads served them was not seen.",
        ],
        &["accepted 20", "threads of the client made"],
    );
}

/// A number of a thread may be given again: then two of one number are no proof of one
/// thread.
#[test]
fn threads_are_not_counted_by_numbers_that_may_be_used_twice() {
    let mut fixture = Fixture::normal(20);
    for (at, flow) in fixture.flows.iter_mut().enumerate() {
        let number = 500 + u32::try_from(at % 2).unwrap();
        flow.server_owner.as_mut().unwrap().serve_tid = Some(crate::model::Tid(number));
    }
    says(&fixture, &[], &["of the server served"]);
    let limits = &mut fixture.run.environment.limits;
    limits.insert("kernel.pid_max".to_owned(), Some(32_768));
    says(
        &fixture,
        &["2 threads of the server served 20 connections, 10 each."],
        &[],
    );
    fixture.run.census.client.threads.created = Some(10_000);
    says(&fixture, &[], &["of the server served"]);
}

#[test]
fn what_failed_is_told_with_the_reason() {
    let mut fixture = Fixture::normal(5);
    for at in 0..5 {
        fixture.refused(at);
    }
    let n = Some(5);
    fixture.run.requests = Requests {
        submitted: n,
        attempted: n,
        valid: Some(0),
        failed: [("refused".to_owned(), 5)].into(),
        ..Requests::default()
    };
    fixture.measure();
    says(
        &fixture,
        &[
            "5 threads of the client tried to make 5 connections, 1 each. None of these was established.",
            "Of 5 requests, none got a valid answer. 5 requests failed: connection refused.",
        ],
        &[
            "made 5 connections",
            "existed at the same time, each from",
            "took",
        ],
    );
    let text = of(&fixture, Lang::Id);
    assert!(text.contains("5 request gagal: koneksi ditolak."), "{text}");
    let mut mixed = Fixture::normal(5);
    mixed.fail(0, Outcome::Timeout, None);
    mixed.fail(1, Outcome::Timeout, None);
    mixed.fail(2, Outcome::Other, None);
    let text = english(&mixed);
    let wanted = "3 requests failed: 2 (no connection or no answer while the client waited); 1 (another system error).";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn what_is_incomplete_is_called_so() {
    let mut fixture = Fixture::normal(3);
    says(&fixture, &[], &["**The capture lost", "*sampled*"]);
    fixture.capture().dropped_by_kernel = Some(1_200);
    fixture.run.census.server.provenance = Some(crate::model::Provenance::Sampled);
    let interrupted = Finding::new("interrupted", Severity::Warning, "a | b\u{1b}[1m");
    fixture.run.findings.push(interrupted);
    says(
        &fixture,
        &[
            "**The capture lost 1,200 frames:**",
            "The counts of the server were only *sampled*",
            "**This run was interrupted.**",
            "**Warning: a title \\| en** (interrupted). a \\| b\\\\u{1b}\\[1m",
        ],
        // Spans of flows, and how many the server created, are not certain then.
        &["existed at the same time, each from", "the server created"],
    );
    // Messages are English.
    let text = of(&fixture, Lang::Id);
    let meaning = "**Peringatan: a title \\| id** (interrupted). Penjelasan umum: what it means";
    assert!(
        text.contains(meaning) && !text.contains("a \\| b"),
        "{text}"
    );
    says(
        &Fixture::normal(3).without_capture(),
        &[
            "**No frames were captured in this run,**",
            "How the connections went on the wire was not captured.",
        ],
        &["handshake, from", "Flow 0"],
    );
}

/// Of a record in which nothing was measured no figure is told.
#[test]
fn what_was_not_measured_is_no_figure() {
    let mut fixture = Fixture::normal(3).without_capture();
    fixture.workers.clear();
    let run = &mut fixture.run;
    run.requests = Requests::default();
    run.connections = crate::model::Connections::default();
    run.exchanges = crate::model::RunExchanges::default();
    run.census.client = SideCensus::absent();
    run.census.server = SideCensus::absent();
    run.census.system = SystemCensus::default();
    run.plan.requests = None;
    run.plan.server_model = None;
    run.environment.limits.clear();
    run.environment.memory_bytes = None;
    for lang in Lang::ALL {
        let text = of(&fixture, *lang);
        let told = text.split("## 3.").nth(1).unwrap();
        // Only headings, and what the terms mean, have figures.
        let (told, _) = told.rsplit_once("\n## ").unwrap();
        let figures: Vec<&str> = told
            .lines()
            .filter(|line| !line.starts_with('#') && line.contains(|c: char| c.is_ascii_digit()))
            .collect();
        assert_eq!(figures, [""; 0], "{text}");
        tables_are_even(&text);
    }
}

/// A sampled count is no bound.
#[test]
fn what_was_only_sampled_is_not_at_most() {
    let mut fixture = Fixture::normal(3);
    fixture.run.census.client.provenance = Some(crate::model::Provenance::Sampled);
    says(
        &fixture,
        &[
            "The most threads of the client that were seen at one time: 4 threads.",
            "The highest number of the client's threads that was seen is 4; there may have been more.",
        ],
        &["threads of the client existed", "The client had at most"],
    );
}

#[test]
fn half_a_census_is_told_as_far_as_it_goes() {
    let mut fixture = Fixture::normal(3);
    fixture.run.census.client.threads = Counts {
        peak: Some(4),
        ..Counts::default()
    };
    says(
        &fixture,
        &["At most 4 threads of the client existed at the same time."],
        &["the client created"],
    );
}

#[test]
fn long_tables_are_cut_and_say_so() {
    let text = english(&Fixture::normal(500));
    assert!(text.contains("Not shown: 480 more"), "{text}");
    assert!(text.lines().count() < 200);
}

#[test]
fn several_runs_are_not_ranked_by_their_time() {
    let sizes = "did not all make the same number of requests";
    assert!(!of_sizes([9, 9]).contains(sizes));
    // One whose requests nobody counted may have made as many.
    let mut uncounted = [3, 9].map(Fixture::normal);
    uncounted[1].run.requests.submitted = None;
    uncounted[1].run.requests.attempted = None;
    assert!(!side_by_side(&uncounted).contains(sizes));
    let text = of_sizes([3, 9]);
    assert!(text.contains(sizes), "{text}");
    assert!(
        text.contains("do not tell which method is faster"),
        "{text}"
    );
    assert!(!text.contains("significantly"), "{text}");
    let most = "b had the most threads of the client at the same time (10), and a the fewest (4).";
    assert!(text.contains(most), "{text}");
    tables_are_even(&text);
}

/// A report of two runs of so many requests.
fn of_sizes(requests: [u32; 2]) -> String {
    side_by_side(&requests.map(Fixture::normal))
}

fn side_by_side(fixtures: &[Fixture; 2]) -> String {
    let parts: Vec<Part<'_>> = fixtures
        .iter()
        .zip(["a", "b"])
        .map(|(fixture, name)| {
            Part::Run(RunPart {
                name,
                view: crate::report::RunView {
                    run: &fixture.run,
                    flows: &fixture.flows,
                    workers: crate::testkit::packed(&fixture.workers),
                },
                whole: true,
                ladder: None,
                stands_for: None,
            })
        })
        .collect();
    handout(&parts, Lang::En, 20, &explain)
}

/// A run that stands for the others of its method says so, and is not put beside those
/// that the comparison has side by side.
#[test]
fn a_run_of_a_comparison_says_which_it_is() {
    let fixtures = [Fixture::normal(3), Fixture::normal(9)];
    let told = |runs: u64, lang| {
        let parts = fixtures.iter().zip(["cmp/thread-2", "cmp/pool-1"]);
        let parts: Vec<Part<'_>> = parts
            .map(|(fixture, name)| {
                Part::Run(RunPart {
                    name,
                    view: crate::report::RunView {
                        run: &fixture.run,
                        flows: &fixture.flows,
                        workers: crate::testkit::packed(&fixture.workers),
                    },
                    whole: true,
                    ladder: None,
                    stands_for: Some(super::Method {
                        comparison: "cmp",
                        name: "thread|x",
                        runs,
                    }),
                })
            })
            .collect();
        handout(&parts, lang, 20, &explain)
    };
    let text = told(5, Lang::En);
    let which = "Of the 5 runs of the method thread\\|x in the comparison, it is the one with the median duration.";
    assert!(text.contains(which), "{text}");
    assert!(!text.contains("side by side"), "{text}");
    tables_are_even(&text);
    assert!(told(4, Lang::En).contains("the shorter one of the two in the middle"));
    assert!(told(1, Lang::En).contains("the only run of the method thread\\|x"));
    assert!(told(5, Lang::Id).contains("Dari 5 run metode thread\\|x"));
}

#[test]
fn who_closed_first_is_told_as_it_was() {
    let mut fixture = Fixture::normal(5);
    for flow in &mut fixture.flows {
        flow.client_closed_ns = Some(flow.first_ns);
        flow.server_closed_ns = Some(flow.last_ns);
    }
    says(
        &fixture,
        &["The client always sent its FIN first."],
        &["Where both"],
    );
    // At the same moment: neither was first.
    fixture.flows[0].server_closed_ns = fixture.flows[0].client_closed_ns;
    says(
        &fixture,
        &["the client sent it first in 4 connections and the server in 0"],
        &["always"],
    );
    for flow in &mut fixture.flows {
        std::mem::swap(&mut flow.client_closed_ns, &mut flow.server_closed_ns);
    }
    fixture.flows[0].close = crate::model::Close::Rst;
    says(
        &fixture,
        &["Where both sides sent FIN, the server always sent it first."],
        &["its FIN first"],
    );
}

/// A user's limit above that of the system says nothing.
#[test]
fn a_limit_that_binds_nobody_is_not_told() {
    let mut fixture = Fixture::normal(2);
    let limits = &mut fixture.run.environment.limits;
    limits.insert("kernel.pid_max".to_owned(), Some(32_768));
    limits.insert("kernel.threads-max".to_owned(), Some(190_000));
    limits.insert("RLIMIT_NPROC".to_owned(), Some(96_000));
    says(
        &fixture,
        &["cannot have more than 32,767 threads"],
        &["(RLIMIT_NPROC)"],
    );
    let limits = &mut fixture.run.environment.limits;
    limits.insert("RLIMIT_NPROC".to_owned(), Some(4_000));
    says(&fixture, &["more than 4,000 (RLIMIT_NPROC)"], &[]);
}

#[test]
fn a_ceiling_alone_is_a_report() {
    let record = CeilingRecord {
        schema: "threadtap.ceiling/1".to_owned(),
        tool: Tool::this(),
        started: "2025-10-09T15:53:20+07:00".to_owned(),
        environment: Fixture::normal(1).run.environment,
        reserve_percent: 5,
        max: None,
        isolated: false,
        kinds: Vec::new(),
    };
    let text = handout(&[Part::Ceiling("max", &record)], Lang::Id, 20, &explain);
    assert!(text.starts_with("# Laporan praktikum"), "{text}");
    assert!(!text.contains("Untuk tiap metode"), "{text}");
    tables_are_even(&text);
    let text = handout(&[Part::Ceiling("max", &record)], Lang::En, 20, &explain);
    assert!(
        text.contains("were possible at the same time in this environment"),
        "{text}"
    );
    assert!(!text.contains("For each method"), "{text}");
    assert!(handout(&[], Lang::En, 0, &explain).starts_with("# "));
}

#[test]
fn ways_that_are_as_many_are_not_told_as_fewer() {
    let mut fixture = Fixture::normal(4);
    fixture.flows[0].history = "ShADadF".to_owned();
    says(
        &fixture,
        &["3 of 4 flows went the same way", "more than any other way"],
        &[],
    );
    fixture.flows[1].history = "ShADadF".to_owned();
    says(
        &fixture,
        &["2 of 4 flows went the same way"],
        &["more than any other way"],
    );
}

#[test]
fn the_example_went_as_most_did() {
    let mut flows: Vec<FlowRecord> = Fixture::normal(4).flows;
    flows[0].history = "Sr".to_owned();
    assert_eq!(super::example(&flows), Some(crate::model::FlowId(1)));
    flows[1].history = "Sr".to_owned();
    // Two and two: the one that began first.
    assert_eq!(super::example(&flows), Some(crate::model::FlowId(0)));
    assert_eq!(super::example(&[]), None);
}

/// A frame that was lost may have been the one that closed it.
#[test]
fn what_a_lossy_capture_does_not_show_is_not_said_to_be_missing() {
    let mut run = Fixture::normal(4);
    for flow in &mut run.flows[..2] {
        flow.close = crate::model::Close::Open;
        flow.exchanges[0].response_ns = None;
    }
    run.capture().stop_reason = crate::model::StopReason::Timeout;
    let open = "2 were not closed within the capture";
    let early = "The capture ended before all connections were closed.";
    let unseen = "2 have no end in the capture, which lost frames";
    says(&run, &[open, early, "no answer came"], &[unseen]);
    run.capture().dropped_by_kernel = Some(9);
    let example = "whether it was answered is not in the capture";
    let end = "The capture, which lost frames, does not show its end.";
    says(
        &run,
        &[unseen, end, example],
        &[open, early, "no answer came", "still open"],
    );
    // Nothing is open: it waited for connections that were not made.
    let mut run = Fixture::normal(4);
    run.capture().stop_reason = crate::model::StopReason::Timeout;
    says(&run, &[], &[early]);
}

#[test]
fn figures_that_are_not_known_are_named_in_words() {
    let mut run = Fixture::normal(4);
    for path in ["exchanges.requests", "exchanges.valid", "latency.exchange"] {
        run.run
            .incomplete
            .insert(path.to_owned(), crate::model::IncompleteFigure::default());
    }
    let known = "Not exactly known: the requests and answers on the wire, the times to answer.";
    let partial = ["These times are not of all", "These times may not be"];
    // All four were measured.
    says(&run, &[known], &partial);
    run.run.requests.valid = Some(5);
    says(&run, &[known, partial[0]], &partial[1..]);
    run.run.requests.valid = None;
    says(&run, &[partial[1]], &partial[..1]);
}

#[test]
fn a_run_without_any_request_says_so() {
    let mut run = Fixture::normal(4).without_capture();
    run.workers.clear();
    run.run.plan.client_command = Some(
        ["python3", "-c", "import sys; sys.exit(3)"]
            .map(str::to_owned)
            .to_vec(),
    );
    run.run.plan.strategy = None;
    run.run.requests = Requests {
        submitted: None,
        attempted: Some(0),
        valid: Some(0),
        answered: Some(0),
        ..Requests::default()
    }
    .with_total();
    says(
        &run,
        &[
            "No request was seen.",
            "python3 -c 'import sys; sys.exit(3)'",
        ],
        &["0 requests got", "None of those"],
    );
}

#[test]
fn one_thread_from_beginning_to_end_is_told_as_that() {
    let mut run = Fixture::normal(4);
    let one = Counts {
        before: Some(1),
        peak: Some(1),
        after: Some(1),
        created: Some(0),
    };
    (
        run.run.census.client.threads,
        run.run.census.client.processes,
    ) = (one, one);
    let told = "From the beginning to the end the client had one thread and one process, and created no other.";
    says(&run, &[told], &["At most 1 thread of the client"]);
    run.run.census.client.threads.peak = Some(2);
    says(&run, &["At most 2 threads of the client"], &[told]);
}

/// Who did less is in no pair, also of a record that has one, and it is said.
#[test]
fn what_fell_short_is_not_compared() {
    let mut record: CompareRecord =
        serde_json::from_str(include_str!("../../../tests/schemas/compare.json")).unwrap();
    let told = |record: &CompareRecord, lang| {
        let text = handout(&[Part::Compare("cmp", record)], lang, 20, &explain);
        tables_are_even(&text);
        text
    };
    let whole = told(&record, Lang::En);
    assert!(
        whole.contains("| async@100 | thread@100 | significant |"),
        "{whole}"
    );
    assert!(!whole.contains("Not compared"), "{whole}");
    record.rows[3].failed = Some(25);
    let short = told(&record, Lang::En);
    for said in [
        "| ! async@100 |",
        "its durations cannot be compared, and no test does",
        "**cmp**: Not compared, as requests failed or were not made: async@100.",
        "**cmp**: No method takes significantly less time",
    ] {
        assert!(short.contains(said), "{said}: {short}");
    }
    assert!(!short.contains("| significant |"), "{short}");
    let said =
        "**cmp**: Tidak dibandingkan, karena ada request yang gagal atau tidak dibuat: async@100.";
    assert!(told(&record, Lang::Id).contains(said));
}
