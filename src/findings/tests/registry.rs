//! What holds for every rule: its severity, its words, its documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::scene::Scene;
use crate::findings::{Code, findings};
use crate::lang::Lang;
use crate::model::observation::{Change, End, Leftovers, Trouble};
use crate::model::{
    Argument, Endpoint, Evidence, Exit, Finding, Nanos, Pid, Side, StopReason, Strategy, TimeOfDay,
    ToldConnection,
};
use crate::text::escape::printable;
use crate::wording;

/// What a hostile person would name a program, or let it answer.
const HOSTILE: &str = "a\u{1b}[2J\r\nb\u{202e}\0c. d";

/// Built-in sides with which everything went wrong.
fn a_bad_day() -> Scene {
    let mut scene = Scene::normal();
    for side in [Side::Client, Side::Server] {
        let totals = scene.totals(side);
        totals.refused_tasks = 1;
        totals.kept_tasks = 1;
        totals.refused_descriptors = 1;
        totals.unrecorded = 1;
        scene.ended(side, Some(Exit::Signal(9)), false);
    }
    scene.observation.leftovers = Some(Leftovers {
        reaped: 1,
        lived: Some(1),
        not_ended: vec![Pid(1), Pid(2)],
    });
    let error = HOSTILE.to_owned();
    scene.trouble(Trouble::CaptureFailed {
        error: error.clone(),
    });
    scene.trouble(Trouble::CaptureNotSaved {
        error: error.clone(),
        frames: 1,
    });
    scene.trouble(Trouble::KernelRefused {
        reason: error.clone(),
    });
    scene.trouble(Trouble::RecordsLost {
        side: Side::Client,
        lost: Some(7),
    });
    scene.trouble(Trouble::ObserversDiffer {
        side: Side::Server,
        agreed: 1,
        differ: 2,
        examples: vec![error.clone()],
    });
    scene.trouble(Trouble::NotTraced {
        side: Side::Client,
        error: error.clone(),
        remedy: error,
    });
    let f = &mut scene.fixture;
    f.unanswered(1);
    f.refused(2);
    f.retried(3);
    f.bad_answer(4, HOSTILE);
    f.flows[5].client = f.flows[6].client;
    f.flows[8].exchanges[0].response_segments = std::num::NonZero::new(2);
    f.flows[9].exchanges[0].response_coalesced = Some(true);
    f.flows[7].client.ip = std::net::Ipv4Addr::new(127, 0, 0, 2).into();
    f.capture().stop_reason = StopReason::Timeout;
    f.capture().dropped_by_kernel = Some(1);
    f.run.correlation.client_owned = Some(0);
    f.run.plan.gate = false;
    f.run.plan.joined = Some(false);
    f.run.requests.attempted = Some(3);
    f.run.requests.failed.insert(HOSTILE.to_owned(), 1);
    f.run.census.client.threads.peak = Some(4);
    scene
}

/// Programs with which much went wrong, and hostile ones.
fn hostile_programs() -> Scene {
    let mut scene = Scene::of_programs();
    for side in [Side::Client, Side::Server] {
        scene.executed(side, HOSTILE, true, true);
        scene.event(side, Change::CalledPtrace);
        scene.event(
            side,
            Change::LookRefused {
                call: HOSTILE.into(),
                errno: libc::EPERM,
                of_all: side == Side::Client,
                found: side == Side::Server,
            },
        );
        scene.event(side, Change::StrictRefused);
    }
    let outside = Change::ConnectedElsewhere {
        target: Endpoint::new(std::net::Ipv4Addr::new(192, 0, 2, 1).into(), 80),
        errno: libc::ENETUNREACH,
    };
    scene.event(Side::Client, outside);
    scene.fixture.run.plan.isolated = true;
    scene.connected(std::net::Ipv6Addr::LOCALHOST, libc::ECONNREFUSED);
    scene.connected(std::net::Ipv4Addr::LOCALHOST, 0);
    scene.accepted(1);
    scene.ended(Side::Client, Some(Exit::Code(1)), false);
    scene.observation.client.ended.as_mut().unwrap().left_behind = 1;
    scene.ended(Side::Server, Some(Exit::Code(0)), false);
    let f = &mut scene.fixture;
    HOSTILE.clone_into(&mut f.run.plan.target);
    f.run.requests.attempted = Some(0);
    f.capture().dropped_by_kernel = None;
    scene.trouble(Trouble::ClockSet {
        by_ns: Nanos::new(-7),
    });
    scene
}

/// Without a capture, the client tells itself how long it waited.
fn uncaptured() -> Scene {
    let mut uncaptured = Scene::normal();
    uncaptured.fixture.run.capture = None;
    let slow = Some(Nanos::new(1_500_000_000));
    uncaptured.fixture.workers[0].told = Some(ToldConnection {
        handshake_ns: slow,
        exchange_ns: slow,
        accepted_after_ns: slow,
        ..ToldConnection::default()
    });
    uncaptured
}

/// Scenes in which, taken together, every rule speaks.
fn scenes() -> Vec<Scene> {
    let mut interrupted = hostile_programs();
    interrupted.end(End::Interrupted);
    interrupted.ended(Side::Client, Some(Exit::Signal(11)), false);
    let mut too_long = Scene::of_programs();
    too_long.end(End::TimeLimit);
    too_long.observation.header.asked.time_limit_ns = Some(Nanos::new(5_000_000_000));
    too_long.trouble(Trouble::LogCut {
        side: Side::Client,
        printed_bytes: 3_000_000,
        limit_bytes: 1 << 20,
    });
    too_long.trouble(Trouble::LogNotSaved {
        side: Side::Server,
        error: HOSTILE.to_owned(),
        saved_bytes: 0,
    });
    let mut miscounted = Scene::normal();
    miscounted.fixture.flows[0].exchanges[0].valid = Some(false);
    let mut lossless = a_bad_day();
    lossless.fixture.capture().dropped_by_kernel = Some(0);
    let mut unknown = Scene::normal();
    unknown.fixture.run.requests.unknown = Some(3);
    let cut = crate::model::IncompleteFigure::default();
    unknown
        .fixture
        .run
        .incomplete
        .insert(HOSTILE.to_owned(), cut);
    let mut more = Scene::of_programs();
    more.fixture.run.requests.submitted = Some(1);
    let mut fewer = Scene::of_programs();
    fewer.fixture.run.requests.valid = None;
    fewer.fixture.run.exchanges.requests = Some(1);
    let mut beside = Scene::normal();
    beside.fixture.flows.clear();
    beside.fixture.capture().frames = 0;
    let mut ring = Scene::of_programs();
    ring.executed(Side::Client, HOSTILE, false, false);
    ring.event(Side::Client, Change::SetUpRing);
    ring.fixture.run.requests.attempted = None;
    let mut pool = Scene::of_programs();
    pool.works(101, 0);
    pool.works(102, 1);
    let first = Change::Started {
        process: true,
        parent: Some(Pid(100)),
    };
    pool.process(300, first);
    pool.process(300, Change::Ended(Exit::Signal(15)));
    pool.leaves(0);
    pool.printed(Side::Client, 2, Some(HOSTILE), Some(HOSTILE));
    pool.fixture.run.plan.strategy = Some(Strategy::Pool);
    pool.fixture.flows[0].exchanges[0].answer = TimeOfDay::new(1, 2, 3);
    pool.fixture.run.plan.inferred.client = Some(Evidence {
        connections: 2,
        workers: 2,
        worker_processes: 1,
        accepting_threads: None,
        receiving_threads: None,
        sending_threads: None,
        most_by_one_worker: 1,
        at_once: Some(2),
        created_threads: Some(2),
        created_processes: Some(0),
        because: String::new(),
    });
    let mut not_started = hostile_programs();
    not_started.trouble(Trouble::NotStarted {
        side: Side::Client,
        error: HOSTILE.to_owned(),
        remedy: HOSTILE.to_owned(),
    });
    let mut not_listening = hostile_programs();
    not_listening.trouble(Trouble::NotListening {
        port: Some(7),
        waited_ns: None,
        instead: None,
        held: Some(HOSTILE.to_owned()),
        said: Some(HOSTILE.to_owned()),
    });
    let mut scenes = super::causes::scenes();
    scenes.extend(super::watched::scenes());
    scenes.extend(vec![
        pool,
        not_started,
        not_listening,
        ring,
        a_bad_day(),
        hostile_programs(),
        interrupted,
        too_long,
        miscounted,
        beside,
        lossless,
        unknown,
        more,
        fewer,
        uncaptured(),
    ]);
    scenes
}

/// Every finding of these scenes, by its code.
fn everything() -> BTreeMap<String, Vec<Finding>> {
    let mut all: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for finding in scenes().iter().flat_map(Scene::found) {
        all.entry(finding.code.clone()).or_default().push(finding);
    }
    all
}

#[test]
fn every_rule_speaks_in_whole_sentences_whatever_the_programs_are_named() {
    let all = everything();
    for code in Code::ALL {
        let found = all.get(code.name());
        let found = found.unwrap_or_else(|| panic!("`scenes` never makes `{code}` speak"));
        for Finding { message, .. } in found {
            let first = message.chars().next().unwrap_or(' ');
            let sentences = first.is_uppercase() || first.is_ascii_digit();
            assert!(sentences && message.ends_with('.'), "{code}: {message}");
            let acts = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!message.contains(acts), "{code}: {message:?}");
            assert!(!message.contains("  "), "{code}: {message:?}");
        }
    }
}

/// Texts of others in a phrase: they are the same in every language.
fn foreign<'a>(argument: &'a Argument, texts: &mut Vec<&'a str>) {
    match argument {
        Argument::Text(text) => texts.push(text),
        Argument::Several(all) => all.iter().for_each(|one| foreign(one, texts)),
        Argument::Phrase(phrase) => phrase.args.values().for_each(|one| foreign(one, texts)),
        _ => {}
    }
}

/// A message without these texts.
fn own_words(finding: &Finding, lang: Lang) -> String {
    let mut texts = Vec::new();
    let args = finding.said.iter().flat_map(|phrase| phrase.args.values());
    args.for_each(|argument| foreign(argument, &mut texts));
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let mut words = wording::message(finding, lang).into_owned();
    for text in texts.into_iter().map(printable) {
        words = words.replace(text.trim(), "…");
    }
    words
}

/// The numbers in a text, without the marks between digits.
fn numbers(text: &str) -> BTreeSet<String> {
    let plain: String = text.chars().filter(|c| !".,".contains(*c)).collect();
    let numbers = plain.split(|c: char| !c.is_ascii_digit());
    // A language may write one as a word.
    let told = numbers.filter(|n| !n.is_empty() && *n != "1");
    told.map(str::to_owned).collect()
}

#[test]
fn every_finding_is_told_in_every_language_with_the_same_figures() {
    for (code, found) in everything() {
        for finding in found {
            for lang in Lang::ALL.iter().copied().filter(|lang| *lang != Lang::En) {
                assert!(wording::is_told(&finding, lang), "{code}: {finding:?}");
                let message = wording::message(&finding, lang);
                assert_ne!(message, finding.message, "{code}");
                assert!(message.ends_with('.'), "{code}: {message}");
                let first = message.chars().next().unwrap_or(' ');
                let sentences = first.is_uppercase() || first.is_ascii_digit();
                assert!(sentences && !message.contains("  "), "{code}: {message}");
                let acts = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!message.contains(acts), "{code}: {message:?}");
                let [ours, english] = [lang, Lang::En].map(|lang| own_words(&finding, lang));
                assert_eq!(numbers(&ours), numbers(&english), "{ours}\n{english}");
                // Terms are shared, phrases are not.
                let words: Vec<&str> = ours.split([' ', ',']).collect();
                for three in words.windows(3) {
                    let left_over = three.join(" ");
                    let is_words = three.iter().all(|w| w.chars().all(char::is_alphabetic));
                    let there = is_words && english.contains(&left_over);
                    assert!(!there, "{code}: “{left_over}” in {ours}");
                }
            }
        }
    }
}

#[test]
fn severities_and_evidence_are_those_of_the_documentation() {
    for (code, found) in everything() {
        let about = Code::from_name(&code)
            .expect("a code of the registry")
            .about();
        for finding in found {
            assert!(about.severities.contains(&finding.severity), "{finding:?}");
            for name in finding.evidence.keys() {
                let documented = about.evidence.iter().any(|(n, _)| n == name);
                assert!(
                    documented,
                    "the evidence `{name}` of `{code}` is not documented"
                );
            }
        }
    }
}

#[test]
fn the_worst_comes_first_and_then_the_order_of_the_registry() {
    let place = |f: &Finding| {
        let code = Code::from_name(&f.code);
        Code::ALL.iter().position(|c| Some(*c) == code)
    };
    for scene in scenes() {
        let found = scene.found();
        assert!(found.is_sorted_by_key(|f| (std::cmp::Reverse(f.severity), place(f))));
    }
}

#[test]
fn names_are_unique_and_found_again() {
    for code in Code::ALL {
        assert_eq!(Code::from_name(code.name()), Some(*code));
        // The name as a type says the same as the name in records.
        let plain = code.name().replace('_', "");
        assert_eq!(format!("{code:?}").to_lowercase(), plain);
    }
    assert_eq!(Code::from_name("of_a_later_version"), None);
}

#[test]
fn a_code_of_a_later_version_is_read() {
    let line = r#"{"code":"of_a_later_version","severity":"info","message":"A.","evidence":{}}"#;
    let finding: Finding = serde_json::from_str(line).unwrap();
    assert_eq!(finding.code, "of_a_later_version");
    assert_eq!(serde_json::to_string(&finding).unwrap(), line);
}

/// A rule says nothing of what was not seen.
#[test]
fn without_an_observation_its_rules_are_silent() {
    for scene in scenes() {
        let input = crate::findings::FindingsInput {
            seen: None,
            run: &scene.fixture.run,
            flows: &scene.fixture.flows,
            own: None,
            workers: crate::testkit::packed(&scene.fixture.workers),
        };
        let first = |f: &Finding| Code::from_name(&f.code) < Some(Code::CaptureLossy);
        assert!(!findings(&input).iter().any(first));
    }
}

#[test]
fn every_code_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/findings/tests");
    let texts: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for code in Code::ALL {
        let quoted = format!("\"{code}\"");
        let tested = texts.iter().any(|text| text.contains(&quoted));
        assert!(tested, "no test in src/findings/tests names {quoted}");
    }
}
