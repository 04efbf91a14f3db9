//! The page as a whole: sizes, policy, hostile texts, what was not seen.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::columns::tests::read;
use super::data::MOST_FLOWS;
use super::*;
use crate::model::{Finding, Nanos, Outcome, Severity, Side, TimelinePoint, Timestamp};
use crate::testkit::Fixture;

/// The bytes of a page.
fn page(run: &Fixture) -> String {
    in_language(run, Lang::En)
}

fn in_language(run: &Fixture, lang: Lang) -> String {
    let view = RunView {
        run: &run.run,
        flows: &run.flows,
        workers: crate::testkit::packed(&run.workers),
    };
    let mut out = Vec::new();
    write_html(view, lang, &[], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What stands between two marks, of which there are one each.
pub(super) fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    assert_eq!(page.matches(from).count(), 1, "{from}");
    let rest = page.split_once(from).unwrap().1;
    rest.split_once(to).unwrap().0
}

pub(super) fn unpacked(page: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = between(page, "<template id=\"data\">", "</template>");
    let mut bytes = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let letters: Vec<u32> = four
            .iter()
            .filter_map(|b| LETTERS.iter().position(|l| l == b))
            .map(|at| u32::try_from(at).unwrap())
            .collect();
        let bits = letters.iter().fold(0, |bits, l| bits << 6 | l) << (6 * (4 - letters.len()));
        bytes.extend(&bits.to_be_bytes()[1..letters.len()]);
    }
    let mut all = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut all).unwrap();
    all
}

type Columns = std::collections::BTreeMap<String, Vec<Option<i64>>>;

/// The head and the tables of a page, read as the page's script reads them.
fn tables(page: &str) -> (Value, std::collections::BTreeMap<String, Columns>) {
    let bytes = unpacked(page);
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    let head: Value = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
    let mut rest = &bytes[4 + length..];
    let tables = head["tables"].as_array().unwrap().iter().map(|table| {
        let columns = read(&table[1], &mut rest).into_iter().collect();
        (table[0].as_str().unwrap().to_owned(), columns)
    });
    let tables = tables.collect();
    assert!(rest.is_empty());
    (head, tables)
}

/// Noise that is the same every time, below `most`.
fn jitter(of: u64, most: i64) -> i64 {
    let mixed = of.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    i64::try_from(mixed >> 33).unwrap() % most
}

/// A run whose times are as ragged as real ones, with lines of the server's threads
/// and a change of the counts for every thread.
fn ragged(n: u32) -> Fixture {
    let mut run = Fixture::normal(n);
    for (i, flow) in run.flows.iter_mut().enumerate() {
        let noise = |part: u64, most: i64| Nanos::new(jitter(i as u64 * 16 + part, most));
        let start = flow.first_ns.plus(noise(0, 30_000));
        let handshake = flow.handshake.as_mut().unwrap();
        (flow.first_ns, handshake.syn_ns) = (start, start);
        let syn_ack = start.plus(noise(1, 2_000));
        let ack = syn_ack.plus(noise(2, 3_000));
        (handshake.syn_ack_ns, handshake.ack_ns) = (Some(syn_ack), Some(ack));
        let exchange = &mut flow.exchanges[0];
        exchange.request_ns = ack.plus(noise(3, 20_000));
        let answer = exchange.request_ns.plus(noise(4, 8_000_000));
        exchange.response_ns = Some(answer);
        let closed = answer.plus(noise(5, 60_000));
        flow.client_closed_ns = Some(closed);
        flow.server_closed_ns = Some(closed.plus(noise(6, 60_000)));
        flow.last_ns = closed.plus(noise(7, 120_000));
        let worker = &mut run.workers[i];
        worker.started_ns = Some(start.plus(Nanos::new(-jitter(i as u64, 9_000))));
        worker.connected_ns = Some(ack.plus(noise(8, 5_000)));
        worker.ended_ns = Some(flow.last_ns.plus(noise(9, 20_000)));
        let mut line = worker.clone();
        let owner = flow.server_owner.unwrap();
        (line.side, line.pid, line.tid) = (Side::Server, Some(owner.pid), owner.serve_tid);
        line.connected_ns = Some(exchange.request_ns.plus(noise(10, 7_000_000)));
        line.started_ns = line.connected_ns.map(|t| t.plus(noise(11, 40_000)));
        line.ended_ns = Some(flow.last_ns.plus(noise(12, 30_000)));
        line.outcome = None;
        run.workers.push(line);
    }
    for census in [&mut run.run.census.client, &mut run.run.census.server] {
        let changes = run.flows.iter().enumerate();
        let point = |(i, f): (usize, &crate::model::FlowRecord)| {
            TimelinePoint(f.first_ns, 1 + (i as u64 * 7) % 90, 1)
        };
        census.timeline = changes.map(point).collect();
    }
    run.measure();
    run
}

#[test]
fn findings_are_told_in_the_language_of_the_reader() {
    let mut run = Fixture::normal(2);
    let said = vec![crate::wording::left_behind::idle(1_234)];
    let known = crate::wording::finding("left_behind", Severity::Info, said);
    let old = Finding::new("old", Severity::Info, "As it was.");
    run.run.findings = vec![known, old];
    let told_page = in_language(&run, Lang::Id);
    let told = "<span lang=\"id\">Proses pertama klien berakhir dan meninggalkan 1.234 proses";
    assert!(told_page.contains(told), "{told_page:.9000}");
    assert!(told_page.contains("<span lang=\"en\">As it was.</span>"));
    assert!(page(&run).contains("left 1,234 idle processes"));
}

#[test]
fn a_thousand_flows_are_a_small_page() {
    let page = page(&ragged(1_000));
    assert!(page.len() < 300_000, "{}", page.len());
    let (head, tables) = tables(&page);
    assert_eq!((&head["unit_ns"], &head["every"]), (&1.into(), &1.into()));
    assert_eq!(tables["flows"]["flow"].len(), 1_000);
    assert_eq!(tables["client"]["at"].len(), 1_000);
}

#[test]
fn a_hundred_thousand_flows_are_whole() {
    let run = ragged(100_000);
    let page = page(&run);
    assert!(page.len() < 2_500_000, "{}", page.len());
    let (head, tables) = tables(&page);
    assert_eq!((&head["unit_ns"], &head["every"]), (&100.into(), &1.into()));
    let flows = &tables["flows"];
    let zero = run.workers[0].started_ns.unwrap();
    for i in [0, 77, 99_999] {
        let flow = &run.flows[i];
        let at = |t: Timestamp| Some(t.since(zero).get().div_euclid(100));
        assert_eq!(flows["flow"][i], Some(i64::try_from(i).unwrap()));
        assert_eq!(
            flows["response"][i],
            at(flow.exchanges[0].response_ns.unwrap())
        );
        assert_eq!(flows["last"][i], at(flow.last_ns));
        assert!(flows["s_accepted"][i].is_some() && flows["c_ended"][i].is_some());
    }
}

/// As of a client with thousands of threads, whose flows wait for seconds: no time is near
/// another one.
#[test]
fn what_does_not_pack_is_told_in_coarser_times() {
    let mut run = ragged(100_000);
    for (i, flow) in run.flows.iter_mut().enumerate() {
        let late = |part: u64| Nanos::new(jitter(i as u64 * 8 + part, 400_000_000));
        let answer = flow.exchanges[0].response_ns.unwrap().plus(late(0));
        flow.exchanges[0].response_ns = Some(answer);
        flow.client_closed_ns = Some(answer.plus(late(1)));
        flow.server_closed_ns = Some(answer.plus(late(2)));
        flow.last_ns = answer.plus(Nanos::new(400_000_000));
    }
    let page = page(&run);
    assert!(page.len() < 2_500_000, "{}", page.len());
    let (head, tables) = tables(&page);
    assert_eq!(head["every"], 1);
    let unit = head["unit_ns"].as_i64().unwrap();
    assert!([1_000, 10_000].contains(&unit), "{unit}");
    let zero = run.workers[0].started_ns.unwrap();
    let at = run.flows[99_999].last_ns.since(zero).get().div_euclid(unit);
    assert_eq!(tables["flows"]["last"][99_999], Some(at));
}

#[test]
fn of_more_flows_a_sample_is_shown_and_said() {
    let n = u32::try_from(MOST_FLOWS).unwrap() + 1;
    let (head, tables) = tables(&page(&Fixture::normal(n)));
    assert_eq!((&head["every"], &head["flows"]), (&2.into(), &n.into()));
    let numbers = &tables["flows"]["flow"];
    assert_eq!((numbers.len(), numbers[1]), (MOST_FLOWS / 2 + 1, Some(2)));
    // Each with its own line.
    assert!(tables["flows"]["c_started"].iter().all(Option::is_some));
    assert_eq!(tables["others"]["side"].len(), 0);
}

/// Everything that is in the records of a flow comes back, and nothing that is not.
#[test]
fn the_columns_are_the_records() {
    let run = Fixture::troubled(12);
    let (head, tables) = tables(&page(&run));
    let flows = &tables["flows"];
    let zero = run.workers[0].started_ns.unwrap();
    let at = |t: Option<Timestamp>| t.map(|t| t.since(zero).get());
    let text = |n: Option<i64>| head["texts"][usize::try_from(n?).unwrap()].as_str();
    for (i, flow) in run.flows.iter().enumerate() {
        let handshake = flow.handshake.unwrap();
        let first = flow.exchanges.first();
        assert_eq!(flows["first"][i], at(Some(flow.first_ns)), "{i}");
        assert_eq!(flows["syn_ack"][i], at(handshake.syn_ack_ns), "{i}");
        assert_eq!(flows["ack"][i], at(handshake.ack_ns), "{i}");
        assert_eq!(
            flows["response"][i],
            at(first.and_then(|e| e.response_ns)),
            "{i}"
        );
        assert_eq!(flows["server_closed"][i], None);
        assert_eq!(text(flows["state"][i]), Some(flow.state.name()));
        let worker = flow.client_owner.map(|o| i64::from(o.worker.0));
        assert_eq!(flows["worker"][i], worker);
        let serving = flow.server_owner.and_then(|o| o.serve_tid);
        assert_eq!(flows["serve_tid"][i], serving.map(|t| i64::from(t.0)));
        let outcome = run.workers[i].outcome.filter(|_| worker.is_some());
        assert_eq!(text(flows["outcome"][i]), outcome.map(Outcome::name));
        let failed = [1, 2, 4].contains(&i);
        assert_eq!(flows["failed"][i], Some(failed.into()), "{i}");
    }
    assert_eq!(text(flows["problem"][2]), Some("connection refused"));
    assert_eq!(tables["exchanges"]["row"], [Some(7)]);
    // The line of the flow whose owner is not known.
    assert_eq!(tables["others"]["tid"], [Some(41_006)]);
    assert_eq!(tables["server"]["at"], []);
}

#[test]
fn the_policy_names_this_script_and_this_style_and_nothing_else() {
    let page = page(&Fixture::normal(2));
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    let hash = |text: &str| pack::source(text);
    let script = hash(between(&page, "<script>", "</script>"));
    let style = hash(between(&page, "<style>", "</style>"));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'"
        )
    );
    for part in PAGE.split("{{").skip(1) {
        let part = part.split("}}").next().unwrap();
        assert!(!page.contains(&format!("{{{{{part}}}}}")), "{part}");
    }
    for outside in ["http:", "https:", " src=", "@import", "url("] {
        let found = page.matches(outside).count();
        let allowed = page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(
            found,
            if outside == "http:" { allowed } else { 0 },
            "{outside}"
        );
    }
}

/// Texts go into `textContent` only.
#[test]
fn the_script_makes_no_markup_and_runs_no_text() {
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ] {
        assert!(!SCRIPT.contains(way), "{way}");
    }
    // Or it would not be what it is without its indentation.
    let whole = |line: &str| line.matches('`').count().is_multiple_of(2);
    assert!(SCRIPT.lines().all(whole));
    assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
}

#[test]
fn no_text_from_outside_is_markup() {
    const EVIL: &str = "</template></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{data}}\u{1b}[2J\u{202e}";
    let mut run = Fixture::troubled(8);
    run.bad_answer(4, EVIL);
    run.flows[5].history = EVIL.to_owned();
    let record = &mut run.run;
    record.started = EVIL.to_owned();
    record.environment.kernel = EVIL.to_owned();
    record.environment.limits.insert(EVIL.to_owned(), None);
    record.plan.client_command = Some(vec![EVIL.to_owned()]);
    record.plan.server_command = Some(vec![EVIL.to_owned()]);
    record.plan.target = EVIL.to_owned();
    record.tool.version = EVIL.to_owned();
    record.capture.as_mut().unwrap().filter = EVIL.to_owned();
    record.requests.failed.insert(EVIL.to_owned(), 3);
    let finding = Finding::new(EVIL, Severity::Error, EVIL);
    record.findings = vec![finding.with(EVIL, EVIL)];
    let view = RunView {
        run: &run.run,
        flows: &run.flows,
        workers: crate::testkit::packed(&run.workers),
    };
    let mut out = Vec::new();
    write_html(view, Lang::Id, &[EVIL.to_owned()], &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert_eq!(page.matches("<img").count(), 0);
    assert_eq!(page.matches("<template").count(), 2);
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
    assert!(page.matches("&lt;img src=x").count() >= 10);
    let (head, _) = tables(&page);
    assert!(head["texts"].as_array().unwrap().iter().all(|t| {
        let text = t.as_str().unwrap();
        !text.contains(['\u{1b}', '\u{202e}'])
    }));
}

#[test]
fn what_was_not_seen_is_a_dash() {
    let mut run = Fixture::normal(3).without_capture();
    run.run.census.server = crate::model::SideCensus::absent();
    let page = page(&run);
    let server = between(&page, "<h2>Server</h2>", "</div>");
    assert!(
        server.contains("not known") && !server.contains('0'),
        "{server}"
    );
    assert_eq!(server.matches("&#8212;").count(), 8);
    let wire = between(&page, "<h2>Wire</h2>", "</div>\n</section>");
    assert!(
        wire.matches("&#8212;").count() == 6 && !wire.contains("<dd>0"),
        "{wire}"
    );
    let (head, tables) = tables(&page);
    assert_eq!(head["captured"], false);
    assert_eq!(tables["others"]["side"].len(), 3);
}

#[test]
fn a_run_of_nothing_is_a_page() {
    let mut run = Fixture::normal(0).without_capture();
    run.run.census.client = crate::model::SideCensus::absent();
    run.run.census.server = crate::model::SideCensus::absent();
    let (head, tables) = tables(&page(&run));
    assert_eq!((&head["flows"], tables.len()), (&0.into(), 5));
}

/// A capture may hold any time at all.
#[test]
fn times_at_the_ends_of_time_are_no_trouble() {
    let mut run = Fixture::normal(3);
    run.flows[0].first_ns = Timestamp::from_nanos(i64::MIN);
    run.flows[1].last_ns = Timestamp::from_nanos(i64::MAX);
    run.workers[2].ended_ns = Some(Timestamp::from_nanos(i64::MAX));
    let (_, tables) = tables(&page(&run));
    assert_eq!(tables["flows"]["first"][0], Some(0));
    assert_eq!(tables["flows"]["last"][1], Some(i64::MAX));
}
