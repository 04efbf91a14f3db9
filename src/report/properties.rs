//! What no report may ever do, whatever it is about: be too wide, let a
//! control byte out, break its own table.

use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::handout::tests::{of as handout, tables_are_even};
use super::layout::width;
use super::tests::{table, table_in, text, troubled};
use super::{Format, Style};
use crate::findings::{FindingsInput, findings};
use crate::lang::Lang;
use crate::model::{Close, Finding, Outcome, Pid, Severity, Strategy, Tid, Timestamp, WorkerId};
use crate::testkit::Fixture;

prop_compose! {
    /// A run with anything at all in the places that others fill.
    fn anything()(
        texts in prop::collection::vec(prop_oneof![any::<String>(), "[\\x00-\\x1f\\x7f-\\x9f=|]{0,9}", "時{1,99}"], 6),
        numbers in prop::collection::vec(prop_oneof![any::<u64>(), 0_u64..100_000], 6),
        ip in prop::option::of(any::<u128>()),
        captured in any::<bool>(),
        trouble in any::<bool>(),
        strategy in prop::option::of(prop::sample::select(vec![Strategy::Thread, Strategy::Pool, Strategy::Async])),
    ) -> Fixture {
        let mut fixture = if trouble { troubled(12) } else { Fixture::normal(12) };
        if let Some(bits) = ip {
            fixture = fixture.ipv6(Ipv6Addr::from_bits(bits));
        }
        let small = |at: usize| u32::try_from(numbers[at] % (1 << 32)).unwrap();
        for flow in fixture.flows.iter_mut().take(3) {
            flow.client_frames = numbers[0];
            flow.close = Close::Open;
            flow.history.clone_from(&texts[0]);
            for exchange in &mut flow.exchanges {
                exchange.problem = Some(texts[1].as_str().into());
                exchange.request_ns = Timestamp::from_nanos(numbers[1].cast_signed());
            }
            if let Some(owner) = &mut flow.server_owner {
                owner.serve_tid = Some(Tid(small(2)));
                owner.pid = Pid(small(3));
            }
            if let Some(owner) = &mut flow.client_owner {
                owner.worker = WorkerId(small(3));
            }
        }
        fixture.workers[0].detail = Some(texts[2].clone());
        fixture.workers[0].outcome = Some(Outcome::Other);
        let run = &mut fixture.run;
        run.plan.target.clone_from(&texts[3]);
        run.plan.strategy = strategy;
        run.plan.client_command = Some(texts.clone());
        run.requests.failed.insert(texts[4].clone(), numbers[4]);
        run.requests.attempted = Some(numbers[5]);
        run.census.client.threads.peak = Some(numbers[4]);
        run.started.clone_from(&texts[5]);
        run.environment.kernel.clone_from(&texts[0]);
        run.tool.version.clone_from(&texts[1]);
        run.observer.tracer_stops = Some(numbers[2]);
        if let Some(capture) = &mut run.capture {
            capture.interface.clone_from(&texts[2]);
            capture.frames = numbers[3];
            capture.dropped_by_interface = Some(numbers[4]);
        }
        run.findings = findings(&FindingsInput {
            seen: None,
            run,
            flows: &fixture.flows,
            own: None,
            workers: crate::testkit::packed(&fixture.workers),
        });
        run.findings
            .push(Finding::new(&texts[3], Severity::Warning, &texts[2]));
        if captured { fixture } else { fixture.without_capture() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_line_is_too_wide_and_no_control_byte_goes_out(fixture in anything(), columns in 40_usize..=200) {
        for lang in Lang::ALL {
            let text = table_in(*lang, &fixture, columns);
            for line in text.lines() {
                prop_assert!(width(line) <= columns, "{} > {columns}: {line:?}", width(line));
            }
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour(fixture in anything(), columns in 80_usize..=200) {
        let style = Style { width: columns, colour: true, ..Style::default() };
        let painted = text(&fixture, Format::Table, style);
        let mut plain = String::new();
        for (at, part) in painted.split("\u{1b}[").enumerate() {
            let part = if at == 0 { part } else { part.split_once('m').unwrap().1 };
            plain.push_str(part);
        }
        prop_assert_eq!(plain, table(&fixture, columns));
    }

    #[test]
    fn markdown_keeps_its_columns(fixture in anything(), lang in prop::sample::select(Lang::ALL)) {
        let text = text(&fixture, Format::Markdown, Style { lang, ..Style::default() });
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        let mut expected = None;
        for line in text.lines() {
            let escaped = line.replace("\\\\", "").replace("\\|", "");
            let pipes = escaped.matches('|').count();
            if !escaped.starts_with('|') {
                expected = None;
            } else if let Some(expected) = expected {
                prop_assert_eq!(pipes, expected, "{}", line);
            } else {
                expected = Some(pipes);
            }
        }
    }

    #[test]
    fn a_handout_keeps_its_columns_and_nothing_acts(fixture in anything()) {
        for lang in Lang::ALL {
            let text = handout(&fixture, *lang);
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
            tables_are_even(&text);
        }
    }

    /// Figures go missing one by one, as they do in records: the report leaves them out.
    #[test]
    fn a_handout_makes_no_figure_of_what_is_missing(
        trouble in any::<bool>(),
        captured in any::<bool>(),
        missing in prop::collection::vec(any::<bool>(), 400),
    ) {
        let fixture = if trouble { troubled(12) } else { Fixture::normal(12) };
        let mut fixture = if captured { fixture } else { fixture.without_capture() };
        // No figure is 0, so that a 0 in the report is made of nothing.
        let (from, mut lost) = (serde_json::to_string(&fixture.run).unwrap(), missing.into_iter());
        let from = from.replace(":0,", ":7,").replace(":0}", ":7}");
        let mut record: serde_json::Value = serde_json::from_str(&from).unwrap();
        lose(&mut record, &mut lost);
        fixture.run = serde_json::from_value(record).unwrap();
        fixture.flows.iter_mut().for_each(|flow| flow.flow.0 += 1);
        for flow in fixture.flows.iter_mut().step_by(2) {
            (flow.handshake, flow.client_owner, flow.server_owner) = (None, None, None);
        }
        for lang in Lang::ALL {
            let text = handout(&fixture, *lang);
            tables_are_even(&text);
            for made in [" 0 ", " 0.", "0 ns", "null"] {
                let line = text.lines().find(|line| !line.starts_with('|') && line.contains(made));
                prop_assert!(line.is_none(), "{:?}", line);
            }
        }
    }

    #[test]
    fn csv_reads_back_with_every_row_whole(fixture in anything()) {
        let text = text(&fixture, Format::Csv, Style::default());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().len();
        let mut rows = 0;
        for row in reader.records() {
            let row = row.unwrap();
            prop_assert_eq!(row.len(), columns);
            rows += 1;
            for cell in &row {
                let formula = cell.starts_with(['=', '+', '@'])
                    || (cell.starts_with('-') && cell.parse::<i64>().is_err());
                prop_assert!(!formula, "{cell}");
            }
        }
        prop_assert_eq!(rows, fixture.flows.len());
    }
}

/// Sets figures to null, where the record may be without them.
fn lose(value: &mut serde_json::Value, lost: &mut impl Iterator<Item = bool>) {
    use crate::model::RunRecord;
    let mut paths = Vec::new();
    leaves(value, "", &mut paths);
    for path in paths {
        if lost.next() == Some(true)
            && let Some(leaf) = value.pointer_mut(&path)
        {
            let before = leaf.take();
            if serde_json::from_value::<RunRecord>(value.clone()).is_err() {
                *value.pointer_mut(&path).unwrap() = before;
            }
        }
    }
}

/// The paths of all figures and texts.
fn leaves(value: &serde_json::Value, path: &str, all: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                leaves(value, &format!("{path}/{key}"), all);
            }
        }
        serde_json::Value::Array(_) | serde_json::Value::Null => {}
        _ => all.push(path.to_owned()),
    }
}
