//! The page of several runs: what stands in it, what is drawn, hostile names.

use super::*;
use crate::model::{Exchange, Finding, Severity};
use crate::report::html::tests::{between, unpacked};
use crate::testkit::{Fixture, packed};
use serde_json::Value;

fn beside<'a>(name: &'a str, run: &'a Fixture) -> Beside<'a> {
    Beside {
        name,
        view: RunView {
            run: &run.run,
            flows: &run.flows,
            workers: packed(&run.workers),
        },
        whole: true,
        page: None,
        stands_for: None,
    }
}

fn written(several: &Several<'_>, lang: Lang) -> String {
    let mut out = Vec::new();
    write_several(several, lang, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn drawn(page: &str) -> Value {
    serde_json::from_slice(&unpacked(page)).unwrap()
}

fn compared() -> CompareRecord {
    serde_json::from_str(include_str!("../../../../tests/schemas/compare.json")).unwrap()
}

#[test]
fn runs_stand_beside_each_other_with_their_figures() {
    let (few, many) = (Fixture::normal(3), Fixture::troubled(12));
    let mut runs = vec![beside("few", &few), beside("many", &many)];
    runs[1].page = Some("many/report.html".to_owned());
    let several = Several {
        runs,
        ..Several::default()
    };
    let page = written(&several, Lang::En);
    assert!(page.contains("<title>Runs side by side &#8211; threadtap</title>"));
    assert!(
        page.contains("<th scope=\"row\">few</th><td>3 of 3</td>"),
        "{page:.6000}"
    );
    assert!(page.contains("<a href=\"many/report.html\">many</a>"));
    let data = drawn(&page);
    let members = data["members"].as_array().unwrap();
    assert_eq!(members.len(), 2);
    for (member, run) in members.iter().zip([&few, &many]) {
        // Each chart has what the tables count.
        let latency = &run.run.latency;
        let count = |q: Option<crate::model::Quantiles>| q.map_or(0, |q| q.count);
        assert_eq!(member["handshake"]["count"], count(latency.handshake));
        let exchanges = run.flows.iter().flat_map(|f| &f.exchanges);
        let answered = exchanges.filter_map(Exchange::duration).count();
        assert_eq!(member["answer"]["count"], answered);
        let greatest = latency.exchange.unwrap().max_ns.get();
        let points = member["answer"]["at_most_ns"].as_array().unwrap();
        assert_eq!(points.last().unwrap(), greatest);
        let census = &run.run.census.client;
        let most = member["client"]["threads"].as_array().unwrap();
        let most = most.iter().filter_map(Value::as_u64).max();
        assert_eq!(most, census.timeline.iter().map(|p| p.1).max());
    }
    let in_indonesian = written(&several, Lang::Id);
    assert!(in_indonesian.contains("<html lang=\"id\">"));
    assert!(in_indonesian.contains("<td>3 dari 3</td>"));
}

/// A comparison's rows, with a run where one is there and from the record alone else.
#[test]
fn methods_of_a_comparison_have_a_run_or_the_record() {
    let record = compared();
    let run = Fixture::normal(4);
    let first = record.rows[0].name.clone();
    let mut of_first = beside("thread-2", &run);
    of_first.stands_for = Some((0, &first));
    let several = Several {
        runs: vec![of_first],
        compared: vec![("cmp", &record)],
        ..Several::default()
    };
    let page = written(&several, Lang::En);
    let data = drawn(&page);
    let members = data["members"].as_array().unwrap();
    assert_eq!(members.len(), record.rows.len());
    assert_eq!(members[0]["name"], *first);
    assert_eq!(members[0]["answer"]["count"], 4);
    // Without its run, the counts are the record's and nobody knows the distribution.
    assert_eq!(members[1]["answer"]["count"], 0);
    let timeline = &record.rows[1].census.as_ref().unwrap().client.timeline;
    let points = members[1]["client"]["at_ns"].as_array().unwrap();
    assert_eq!(points.len(), timeline.len());
    let missing = page.matches("its run is not there").count();
    assert_eq!(missing, record.rows.len() - 1);
    assert!(page.contains("<h2>Comparison cmp</h2>"));
}

#[test]
fn of_too_many_the_first_are_drawn_and_all_are_told() {
    let run = Fixture::normal(1);
    let names: Vec<String> = (0..30).map(|n| format!("run-{n}")).collect();
    let several = Several {
        runs: names.iter().map(|name| beside(name, &run)).collect(),
        ..Several::default()
    };
    let page = written(&several, Lang::En);
    let data = drawn(&page);
    assert_eq!(data["members"].as_array().unwrap().len(), MOST_DRAWN);
    assert_eq!(data["left_out"], 30 - MOST_DRAWN);
    assert!(page.contains("<th scope=\"row\">run-29</th>"));
}

#[test]
fn names_from_outside_are_texts_and_the_policy_names_this_script() {
    const EVIL: &str =
        "</template><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{data}}\u{1b}";
    let mut run = Fixture::normal(2).without_capture();
    run.run.plan.client_command = Some(vec![EVIL.to_owned()]);
    run.run.findings = vec![Finding::new(EVIL, Severity::Error, EVIL)];
    let mut record = compared();
    record.rows[0].name = EVIL.to_owned();
    let mut beside = beside(EVIL, &run);
    beside.page = Some(EVIL.to_owned());
    let several = Several {
        runs: vec![beside],
        compared: vec![(EVIL, &record)],
        ..Several::default()
    };
    let page = written(&several, Lang::Id);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<img").count(), 0);
    assert_eq!(page.matches("<template").count(), 2);
    assert!(!page.contains('\u{1b}'));
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    let script = pack::source(between(&page, "<script>", "</script>"));
    let style = pack::source(between(&page, "<style>", "</style>"));
    assert!(
        policy.contains(&script) && policy.contains(&style),
        "{policy}"
    );
    // Nothing was captured: no distribution, and no 0.
    let data = drawn(&page);
    assert_eq!(data["members"][0]["answer"]["count"], 0);
}
