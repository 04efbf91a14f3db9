//! What `analyze` prints of the flows of captures.

use super::*;
use crate::analysis::AnalysisSummary;
use crate::analysis::{FileSummary, Tally};
use crate::lang::Lang;
use crate::model::FlowRecord;
use crate::report::{Format, Style, write_analysis};
use crate::testkit::Fixture;

const EN: Say = Say::new(Lang::En);

fn file(name: &str) -> FileSummary {
    FileSummary {
        name: name.to_owned(),
        format: Some("pcap".to_owned()),
        frames: 40,
        damage: None,
    }
}

fn summary(flows: &[FlowRecord], files: &[&str], merged: bool) -> AnalysisSummary {
    let mut tally = Tally::default();
    for flow in flows {
        tally.flow(flow);
    }
    tally.summary(files.iter().map(|f| file(f)).collect(), merged, None)
}

/// As a page, with so many rows of flows at most.
fn page(
    summary: &AnalysisSummary,
    flows: &[FlowOf<'_>],
    sorted: Option<SortKey>,
    rows: usize,
) -> String {
    let view = AnalysisView {
        summary,
        flows,
        hidden: 0,
        sorted,
    };
    let style = Style {
        rows,
        ..Style::default()
    };
    let mut out = Vec::new();
    write_analysis(view, Format::Markdown, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The cells of the flows' table: each row by the names of the columns.
fn cells(page: &str) -> Vec<Vec<(String, String)>> {
    let of = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let table = page.split("## Flows").nth(1).unwrap();
    let mut lines = table.lines().filter(|line| line.starts_with('|'));
    let names = of(lines.next().unwrap());
    let rows = table.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| names.iter().cloned().zip(of(line)).collect())
        .collect()
}

/// One flow's cell in a column; `None` where there is no such column.
fn cell(flow: &FlowRecord, sorted: Option<SortKey>, column: &str) -> Option<String> {
    let flows = [FlowOf { file: None, flow }];
    let all = summary(std::slice::from_ref(flow), &["a.pcap"], false);
    let rows = cells(&page(&all, &flows, sorted, 10));
    let mut row = rows[0].iter();
    row.find_map(|(name, cell)| (name == column).then(|| cell.clone()))
}

#[test]
fn a_capture_is_called_by_its_name_and_several_are_counted() {
    let head = |files: &[&str], merged| {
        let page = page(&summary(&[], files, merged), &[], None, 10);
        page.split("## ").next().unwrap().to_owned()
    };
    let one = head(&["a.pcap"], true);
    assert!(one.starts_with("# a.pcap\n"), "{one}");
    assert!(!one.contains("timeline"), "one is always one: {one}");
    let two = head(&["a.pcap", "b.pcap"], true);
    assert!(two.starts_with("# 2 captures\n"), "{two}");
    assert!(two.contains(", as one timeline"), "{two}");
    assert!(!head(&["a.pcap", "b.pcap"], false).contains("timeline"));
}

#[test]
fn a_filter_tells_how_much_of_all_is_told() {
    let Fixture { flows, .. } = Fixture::normal(2);
    let mut all = summary(&flows, &["a.pcap", "b.pcap"], false);
    let before = page(&all, &[], None, 10);
    assert!(!before.contains(" of 80 frames") && !before.contains("only flows"));
    all.filter = Some("port 1".to_owned());
    all.frames = 20;
    let told = page(&all, &[], None, 10);
    assert!(told.contains("20 of 80 frames"), "{told}");
    let fact = "only flows with a frame that matches: port 1";
    assert!(told.contains(fact), "{told}");
}

#[test]
fn rows_that_are_not_shown_are_counted() {
    let Fixture { flows, .. } = Fixture::troubled(12);
    let all = summary(&flows, &["a.pcap"], false);
    let of: Vec<FlowOf<'_>> = flows
        .iter()
        .map(|flow| FlowOf { file: None, flow })
        .collect();
    let ten = page(&all, &of, None, 10);
    assert_eq!(cells(&ten).len(), 10);
    assert!(ten.contains("… and 2 more: -\\-rows 0"), "{ten}");
    let twelve = page(&all, &of, None, 12);
    assert_eq!(cells(&twelve).len(), 12);
    assert!(!twelve.contains(" more: "), "{twelve}");
    assert!(!twelve.contains("no TCP flows"));
    let none = page(&summary(&[], &["a.pcap"], false), &[], None, 10);
    assert!(none.contains("no TCP flows"), "{none}");
    assert!(!none.contains(" more: "), "{none}");
}

#[test]
fn where_there_are_several_files_each_flow_has_its_own() {
    let Fixture { flows, .. } = Fixture::normal(2);
    let of = [
        FlowOf {
            file: Some("a.pcap"),
            flow: &flows[0],
        },
        FlowOf {
            file: Some("b.pcap"),
            flow: &flows[1],
        },
    ];
    let all = summary(&flows, &["a.pcap", "b.pcap"], false);
    let rows = cells(&page(&all, &of, None, 10));
    let files: Vec<&str> = rows.iter().map(|row| row[0].1.as_str()).collect();
    assert_eq!(
        (rows[0][0].0.as_str(), files),
        ("file", vec!["a.pcap", "b.pcap"])
    );
    assert_eq!(cell(&flows[0], None, "file"), None);
}

#[test]
fn what_flows_are_sorted_by_is_shown() {
    let mut flow = Fixture::normal(1).flows.remove(0);
    let mut slow = flow.exchanges[0].clone();
    slow.response_ns = Some(slow.request_ns.plus(crate::model::Nanos::new(250_000)));
    flow.exchanges.push(slow);
    let bytes = Some(SortKey::Bytes);
    assert_eq!(cell(&flow, bytes, "bytes").as_deref(), Some("696"));
    assert_eq!(cell(&flow, bytes, "slowest"), None);
    let exchange = Some(SortKey::Exchange);
    assert_eq!(cell(&flow, exchange, "slowest").as_deref(), Some("250 µs"));
    assert_eq!(cell(&flow, exchange, "bytes"), None);
    assert_eq!(cell(&flow, None, "bytes"), None);
    // In a narrow table, too.
    let last = |sorted| columns_of(EN, sorted).last().unwrap().keep;
    assert_eq!(last(Some(SortKey::Duration)), Keep::Whole);
    assert_eq!(last(Some(SortKey::Bytes)), Keep::IfRoom);
    assert_eq!(last(None), Keep::IfRoom);
}

#[test]
fn a_row_has_the_sums_of_both_sides() {
    let mut flow = Fixture::normal(1).flows.remove(0);
    assert_eq!(cell(&flow, None, "frames").as_deref(), Some("10"));
    assert_eq!(cell(&flow, None, "payload").as_deref(), Some("20"));
    let tone =
        |flow: &FlowRecord| flow_row(EN, &FlowOf { file: None, flow }, false, None).cells[9].tone;
    assert_eq!(cell(&flow, None, "retrans.").as_deref(), Some("0"));
    assert_eq!(tone(&flow), Tone::Plain);
    (flow.client_retransmissions, flow.server_retransmissions) = (1, 2);
    assert_eq!(cell(&flow, None, "retrans.").as_deref(), Some("3"));
    assert_eq!(tone(&flow), Tone::Warning);
    flow.exchanges_omitted = 4;
    assert_eq!(cell(&flow, None, "exchanges").as_deref(), Some("5"));
}

/// Of another protocol it is not known what is wrong.
#[test]
fn only_of_time_it_is_said_what_went_wrong() {
    let note = |flow: &FlowRecord| {
        let row = flow_row(EN, &FlowOf { file: None, flow }, false, None);
        row.note.map(|note| note.text)
    };
    let mut fixture = Fixture::normal(3);
    assert_eq!(note(&fixture.flows[0]), None);
    fixture.unanswered(1);
    assert_eq!(note(&fixture.flows[1]).as_deref(), Some("no answer"));
    fixture.flows[1].exchanges[0].valid = None;
    assert_eq!(note(&fixture.flows[1]), None);
    fixture.refused(2);
    let refused = note(&fixture.flows[2]);
    assert_eq!(refused.as_deref(), Some("connection refused"));
}

#[test]
fn what_was_cut_off_or_cut_short_is_told_where_it_was() {
    let Fixture { flows, .. } = Fixture::normal(1);
    let mut all = summary(&flows, &["a.pcap", "b.pcap"], false);
    let well = page(&all, &[], None, 10);
    assert!(!well.contains("--max-flows") && !well.contains("Not read completely"));
    all.evicted = 2;
    all.files[1].damage = Some("it ends within a frame".to_owned());
    let told = page(&all, &[], None, 10);
    assert!(told.contains("2 flows reported while still open"), "{told}");
    let damage = told.split("## Not read completely").nth(1).unwrap();
    assert!(damage.contains("b.pcap: it ends within a frame"), "{told}");
    assert!(!damage.contains("a.pcap"), "{told}");
}
