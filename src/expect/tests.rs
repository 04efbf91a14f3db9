//! Expectations against the record of a real run.

use serde_json::{Value, json};

use super::walk::Unfit;
use super::{Compared, Document, Expectation};

fn run() -> Value {
    serde_json::from_str(include_str!("../../tests/schemas/run_strategy.json")).unwrap()
}

fn parsed(text: &str) -> Expectation {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// What does not hold of the run.
#[track_caller]
fn judged(text: &str) -> Vec<String> {
    let expectation = parsed(text);
    let document = Document::run();
    assert_eq!(document.check(&expectation), Ok(()), "{text}");
    let failures = document.judge(&expectation, &run()).unwrap();
    failures.into_iter().map(|f| f.message).collect()
}

#[test]
fn what_holds_says_nothing() {
    for text in [
        "client.threads.peak <= 121",
        "census.client.threads.peak == 121",
        "client.threads.peak=121",
        "server.threads.created >= 1e3",
        "plan.strategy == thread",
        "plan.strategy != \"pool\"",
        "plan.joined == true",
        "plan.client_command == null",
        "requests.failed.timeout == 0",
        "requests.failed_total == 0",
        "requests.failed == 0",
        "failed == 0",
        "failed.timeout == 0",
        "valid == 1000",
        "submitted > 999",
        "latency.exchange.p99_ns < 24ms",
        "latency.exchange.p99_ns < 0.1s",
        "sides.client.peak_memory_bytes < 64MiB",
        "environment.limits.kernel.pid_max == 32768",
        "findings.length == 1",
        "findings[0].code == peak_below_requests",
        "findings.0.evidence.peak < 121",
        "findings.*.severity != error",
        "findings.7.code == null",
        "census.client.timeline.0.1 == 1",
        "schema == 'threadtap.run/1'",
        "duration_ns > 0",
        "observer.tracer_cpu_ns == null",
        "duration_ns != null",
    ] {
        assert_eq!(judged(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_does_not_hold_tells_what_was_there() {
    for (text, said) in [
        (
            "client.threads.peak <= 9",
            "client.threads.peak <= 9: it is 121",
        ),
        (
            "latency.exchange.p50_ns < 1ms",
            "latency.exchange.p50_ns < 1ms: it is 1376768 (1.38 ms)",
        ),
        (
            "observer.tracer_stops < 5",
            "observer.tracer_stops < 5: it was not measured",
        ),
        (
            "plan.strategy == pool",
            "plan.strategy == pool: it is \"thread\"",
        ),
        (
            "requests.failed.timeout > 0",
            "requests.failed.timeout > 0: it is 0",
        ),
        ("failed > 0", "failed > 0: it is 0"),
        ("failed == null", "failed == null: it is 0"),
        ("plan.joined == false", "plan.joined == false: it is true"),
        (
            "findings.3.code == interrupted",
            "findings.3.code == interrupted: it does not exist: findings has one element, findings.0",
        ),
        (
            "findings.3.code != interrupted",
            "findings.3.code != interrupted: it does not exist: findings has one element, findings.0",
        ),
        // What was not measured is not unequal to anything either.
        (
            "observer.tracer_cpu_ns != 5",
            "observer.tracer_cpu_ns != 5: it was not measured",
        ),
        (
            "observer.tracer_cpu_ns != null",
            "observer.tracer_cpu_ns != null: it is null",
        ),
        (
            "plan.client_command.0 != pool",
            "plan.client_command.0 != pool: it is null",
        ),
    ] {
        assert_eq!(judged(text), [said]);
    }
}

#[test]
fn nanoseconds_since_the_epoch_are_compared_exactly() {
    let first = "census.client.timeline.0.0";
    assert!(judged(&format!("{first} == 1795391237573021049")).is_empty());
    assert!(!judged(&format!("{first} == 1795391237573021050")).is_empty());
    assert!(judged(&format!("{first} < 1795391237573021050")).is_empty());
}

#[test]
fn an_unknown_path_offers_the_nearest() {
    for (text, nearest) in [
        ("client.thread.peak <= 9", "client.threads.peak"),
        ("requests.failed.timeouts == 0", "requests.failed.timeout"),
        ("latency.exchange.p98_ns < 5", "latency.exchange.p95_ns"),
        ("finding.length == 0", "findings.length"),
        ("client.threads.peak.x == 0", "client.threads.peak"),
        // With a unit for a name that does not exist: the name is the mistake.
        ("latency.exchange.p99 < 5ms", "latency.exchange.p99_ns"),
        (
            "environment.limits.RLIMIT_NPROCS > 5",
            "environment.limits.RLIMIT_NPROC",
        ),
        (
            "environment.limits.kernel.pid_maximum > 5",
            "environment.limits.kernel.pid_max",
        ),
    ] {
        match Document::run().check(&parsed(text)) {
            Err(Unfit::Unknown { nearest: known, .. }) => {
                assert!(known.iter().any(|k| k == nearest), "{text}: {known:?}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn points_of_a_timeline_are_not_offered() {
    for text in ["client.timelines == 1", "timeline.0 == 1", "0.0 == 1"] {
        match Document::run().check(&parsed(text)) {
            Err(Unfit::Unknown { nearest, .. }) => {
                assert!(!nearest.is_empty(), "{text}");
                assert!(
                    nearest.iter().all(|k| !k.contains("timeline.")),
                    "{text}: {nearest:?}"
                );
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

/// Most leave out the front of a path.
#[test]
fn paths_that_end_in_the_given_names_come_first() {
    let nearest = |text: &str| match Document::run().check(&parsed(text)) {
        Err(Unfit::Unknown { nearest, .. }) => nearest,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(
        nearest("peak <= 9"),
        [
            "client.threads.peak",
            "server.threads.peak",
            "system.threads.peak",
            "client.processes.peak",
            "server.processes.peak",
            "system.processes.peak"
        ]
    );
    assert_eq!(
        nearest("threads.peak < 3"),
        [
            "client.threads.peak",
            "server.threads.peak",
            "system.threads.peak"
        ]
    );
    assert_eq!(nearest("client_owned == 20")[0], "correlation.client_owned");
    assert_eq!(nearest("p99_ns < 5ms")[0], "latency.exchange.p99_ns");
    // What is no value itself is found by what is below it.
    for path in nearest("limits == 0") {
        assert!(path.starts_with("environment.limits."), "{path}");
    }
}

#[test]
fn what_a_schema_leaves_open_only_the_record_knows() {
    let expectation = parsed("findings.0.evidence.peaks == 5");
    let document = Document::run();
    assert_eq!(document.check(&expectation), Ok(()));
    assert!(matches!(
        document.judge(&expectation, &run()),
        Err(Unfit::Unknown { .. })
    ));
}

#[test]
fn a_limit_that_there_is_none_of_is_unlimited() {
    let mut record = run();
    record["environment"]["limits"]["RLIMIT_NPROC"] = Value::Null;
    let judged = |text: &str| {
        let failures = Document::run().judge(&parsed(text), &record).unwrap();
        failures.into_iter().map(|f| f.message).next()
    };
    let said = judged("environment.limits.RLIMIT_NPROC > 5").unwrap();
    assert!(said.contains("it is null: unlimited"), "{said}");
    assert_eq!(judged("environment.limits.RLIMIT_NPROC == null"), None);
    // A record of an older version may lack one: that is not 0.
    let limits = record["environment"]["limits"].as_object_mut().unwrap();
    limits.remove("RLIMIT_STACK");
    let failures = Document::run().judge(&parsed("environment.limits.RLIMIT_STACK == 0"), &record);
    assert_eq!(failures.unwrap().len(), 1);
}

#[test]
fn what_cannot_be_compared_is_found_before_the_run() {
    for (text, said) in [
        ("plan.strategy == threed", "must be one of thread, pool"),
        ("plan.strategy < 5", "must be one of thread"),
        ("client.threads.peak == many", "is a number"),
        ("client.threads == 5", "peak"),
        ("findings == 0", "or the length"),
        ("environment.kernel > 6", "is a text"),
        ("plan.joined == 1", "is true or false"),
        ("requests.failed == many", "is a number"),
        ("requests == 0", "choose one of its fields"),
        ("plan.strategy < thread", "< is for numbers"),
        ("client.threads.peak < null", "< is for numbers"),
        ("findings.0.evidence.peak < many", "< is for numbers"),
        (
            "client.threads.peak <= 5ms",
            "is a number, and \"5ms\" is not a number",
        ),
        (
            "latency.exchange.p99_ns < 5 parsecs",
            "may be given in ns, us",
        ),
    ] {
        match Document::run().check(&parsed(text)) {
            Err(e @ Unfit::Mismatch { .. }) => assert!(e.to_string().contains(said), "{e}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_expectation_says_what_one_is() {
    for text in [
        "",
        "client.threads.peak",
        "<= 9",
        "a..b == 1",
        "a b == 1",
        "client.threads.peak <=",
        "client.threads.peak ! 9",
        "plan.strategy == \"thread",
    ] {
        assert!(text.parse::<Expectation>().is_err(), "{text}");
    }
}

#[test]
fn a_figure_of_something_that_was_not_measured_was_not_measured() {
    let mut record = run();
    record["latency"]["exchange"] = Value::Null;
    record["capture"] = Value::Null;
    let document = Document::run();
    for text in ["latency.exchange.p99_ns < 5s", "capture.frames > 0"] {
        let failures = document.judge(&parsed(text), &record).unwrap();
        assert!(failures[0].message.ends_with("it was not measured"));
    }
    let failures = document
        .judge(&parsed("capture.frames == null"), &record)
        .unwrap();
    assert!(failures.is_empty());
}

#[test]
fn of_a_capture() {
    let document = Document::analysis();
    let record = json!({"flows": 3, "states": {"SF": 2, "S0": 1}, "closes": {"fin": 2}});
    for text in [
        "flows == 3",
        "states.SF == 2",
        "states.REJ == 0",
        "closes.rst == 0",
    ] {
        assert_eq!(document.check(&parsed(text)), Ok(()), "{text}");
        assert_eq!(
            document.judge(&parsed(text), &record),
            Ok(Vec::new()),
            "{text}"
        );
    }
    assert!(document.check(&parsed("states.SFF == 2")).is_err());
}

#[test]
fn of_a_comparison() {
    let names = ["thread@20", "async@20", "thread@100", "async@100"];
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let document = Document::compare(Compared {
        rows: names.map(str::to_owned).to_vec(),
        pairs: vec![
            pair("thread@20", "async@20"),
            pair("thread@100", "async@100"),
        ],
        grown: ["thread", "async"].map(str::to_owned).to_vec(),
    });
    let record: Value =
        serde_json::from_str(include_str!("../../tests/schemas/compare.json")).unwrap();
    let judged = |text: &str| {
        let expectation = parsed(text);
        assert_eq!(document.check(&expectation), Ok(()), "{text}");
        document.judge(&expectation, &record).unwrap()
    };
    for text in [
        "thread@20.failed == 0",
        "rows.async@100.requests == 100",
        "rows.0.name == thread@20",
        // Every strategy can be expected, also one that no row has.
        "strategy != iterative",
        "async@100.census.client.threads.peak == 1",
        "async@100.client.threads.peak == 1",
        "failed == 0",
        "rows.*.duration_ns.median < 60s",
        "client.processes.peak == 1",
        "differences.length == 2",
        "complete == true",
        "plan.repeat == 5",
        // A pair by its names, whichever is the faster one.
        "differences.thread@20.async@20.real == false",
        "differences.async@20.thread@20.ratio < 1.2",
        "differences.thread@100.async@100.p_value < 0.05",
        "differences.*.uncorrected_p_value <= 1",
        "differences.1.a == async@100",
        "growth.thread.duration < 1.1",
        "growth.*.duration > 0",
    ] {
        assert!(judged(text).is_empty(), "{text}");
    }
    // Without a row's name every row has to hold, and each that does not is told.
    let failures = judged("requests == 20");
    assert_eq!(failures.len(), 2);
    assert_eq!(
        failures[0].message,
        "requests == 20: rows.thread@100.requests is 100"
    );
    let failures = judged("differences.*.real == true");
    let said = "differences.*.real == true: differences.thread@20.async@20.real is false";
    assert!(
        failures.len() == 1 && failures[0].message.starts_with(said),
        "{failures:?}"
    );
    for (text, said) in [
        (
            "rows.7.failed == 0",
            "rows has 4 elements, rows.0 to rows.3",
        ),
        ("4.failed == 0", "rows has 4 elements"),
        ("differences.2.real == true", "differences has 2 elements"),
        ("growth.2.duration < 1", "growth has 2 elements"),
    ] {
        match document.check(&parsed(text)) {
            Err(e @ Unfit::Mismatch { .. }) => assert!(e.to_string().contains(said), "{e}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let one_size = Document::compare(Compared::default());
    let said = one_size
        .check(&parsed("growth.thread.duration < 1"))
        .unwrap_err();
    assert!(said.to_string().ends_with("growth is empty"), "{said}");
    let seven = Document::compare(Compared {
        rows: vec!["7".to_owned()],
        ..Compared::default()
    });
    assert_eq!(seven.check(&parsed("rows.7.failed == 0")), Ok(()));
    assert!(seven.check(&parsed("rows.1.failed == 0")).is_err());
    // How many runs there will be only the record knows.
    let failures = judged("thread@20.durations_ns.5 > 0");
    let said = "durations_ns.5 > 0: it does not exist: rows.thread@20.durations_ns has 5 elements";
    assert!(failures[0].message.contains(said), "{failures:?}");
    // Rows of different sizes are not set against each other.
    let across = parsed("differences.thread@20.async@100.real == true");
    assert!(matches!(
        document.check(&across),
        Err(Unfit::Unknown { .. })
    ));
    match document.check(&parsed("growth.threat.duration < 1")) {
        Err(Unfit::Unknown { nearest, .. }) => assert_eq!(nearest[0], "growth.thread.duration"),
        other => panic!("{other:?}"),
    }
    match document.check(&parsed("threat@20.failed == 0")) {
        Err(Unfit::Unknown { nearest, .. }) => assert_eq!(nearest[0], "thread@20.failed"),
        other => panic!("{other:?}"),
    }
}

/// A figure that is not known exactly meets nothing but what it meets for certain.
#[test]
fn what_is_not_known_exactly_meets_no_expectation() {
    let mut record: Value =
        serde_json::from_str(include_str!("../../tests/schemas/analysis.json")).unwrap();
    record["exchanges"]["time_valid"] = Value::Null;
    let flows = json!({"answer_cut": 20});
    record["incomplete"] = json!({
        "exchanges.time_valid": {"at_least": 5, "flows": flows},
        "latency.exchange": {"at_least": null, "flows": {"exchanges_bound": 1}},
    });
    let judge = |text: &str| {
        let failures = Document::analysis()
            .judge(&text.parse().unwrap(), &record)
            .unwrap();
        failures.into_iter().map(|f| f.message).next()
    };
    for met in [
        "exchanges.time_valid >= 5",
        "exchanges.time_valid > 4",
        "exchanges.time_valid == null",
        "exchanges.time_invalid == 0",
        "latency.handshake.count > 0",
    ] {
        assert_eq!(judge(met), None, "{met}");
    }
    for unsure in [
        "exchanges.time_valid >= 6",
        "exchanges.time_valid <= 100",
        "exchanges.time_valid != 7",
        "exchanges.time_valid == 5",
        "latency.exchange.count > 0",
        "latency.exchange.p95_ns < 10s",
    ] {
        let message = judge(unsure).unwrap();
        assert!(message.contains("is not known exactly"), "{message}");
    }
    assert_eq!(
        judge("exchanges.time_valid == 5").unwrap(),
        "exchanges.time_valid == 5: it is not known exactly, at least 5: \
         the snapshot length cut an answer (20 flows)"
    );
    assert_eq!(
        judge("exchanges.time_valid != null").unwrap(),
        "exchanges.time_valid != null: it is null"
    );
}
