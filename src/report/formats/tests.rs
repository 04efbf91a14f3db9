//! What holds for every format of the registry.

use crate::report::{FlowOf, Format, RunView, Style, write_run};
use crate::testkit::Fixture;

fn text(fixture: &Fixture, format: Format) -> String {
    let view = RunView {
        run: &fixture.run,
        flows: &fixture.flows,
        workers: crate::testkit::packed(&fixture.workers),
    };
    let mut out = Vec::new();
    write_run(view, format, Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// `--help` lists them; clap ends each with what it needs.
#[test]
fn every_format_says_what_it_is() {
    for format in Format::ALL {
        assert!(!format.help().is_empty() && !format.help().ends_with('.'));
        assert!(!text(&Fixture::normal(3), format).is_empty());
        assert!(!(format.is_for_people() && format.writes_flows()));
        assert_eq!(format.to_string(), format.name());
    }
    let helps: std::collections::BTreeSet<&str> = Format::ALL.iter().map(|f| f.help()).collect();
    assert_eq!(helps.len(), Format::ALL.len(), "each its own");
    let people = Format::ALL.map(|f| (f, f.is_for_people()));
    assert!(people.contains(&(Format::Table, true)));
    assert!(people.contains(&(Format::Markdown, true)));
    assert!(people.contains(&(Format::Jsonl, false)));
    assert!(Format::Jsonl.writes_flows() && Format::Csv.writes_flows());
    assert!(!Format::Json.writes_flows(), "one value for all");
}

/// `analyze` writes flows as they come; `run` has them all.
#[test]
fn flows_one_by_one_are_the_flows_at_once() {
    let fixture = Fixture::troubled(20);
    for format in Format::ALL.into_iter().filter(|f| f.writes_flows()) {
        let mut out = Vec::new();
        let mut writer = format.flow_writer(&mut out, false).unwrap().unwrap();
        for flow in &fixture.flows {
            writer.flow(FlowOf { file: None, flow }).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text(&fixture, format));
    }
}
