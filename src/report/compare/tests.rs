//! A real comparison, as it is told.

use super::{write_compare, write_compare_json};
use crate::model::CompareRecord;
use crate::report::{Format, Style};

fn record() -> CompareRecord {
    serde_json::from_str(include_str!("../../../tests/schemas/compare.json")).unwrap()
}

fn written(record: &CompareRecord, format: Format, width: usize) -> String {
    let style = Style {
        width,
        ..Style::default()
    };
    let mut out = Vec::new();
    write_compare(record, format, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn on_a_terminal() {
    for width in [100, 80, 60] {
        let text = written(&record(), Format::Table, width);
        let wide = |line: &&str| crate::report::layout::width(line) > width;
        assert_eq!(text.lines().find(wide), None);
        insta::assert_snapshot!(format!("table_{width}"), text);
    }
}

#[test]
fn as_markdown() {
    insta::assert_snapshot!(written(&record(), Format::Markdown, 80));
}

#[test]
fn as_csv() {
    insta::assert_snapshot!(written(&record(), Format::Csv, 80));
}

#[test]
fn json_is_the_record_and_lines_are_rows() {
    let record = record();
    let back: CompareRecord = serde_json::from_str(&written(&record, Format::Json, 80)).unwrap();
    assert_eq!(back, record);
    let lines = written(&record, Format::Jsonl, 80);
    assert_eq!(lines.lines().count(), record.rows.len());
    let mut whole = Vec::new();
    write_compare_json(&record, &mut whole).unwrap();
    assert!(whole.ends_with(b"}\n"));
}

#[test]
fn what_was_not_measured_is_not_zero() {
    let mut record = record();
    let row = &mut record.rows[0];
    row.repeats = 0;
    row.duration_ns = None;
    row.durations_ns.clear();
    row.ratio_to_fastest = None;
    row.census = None;
    row.latency = crate::model::Latencies::default();
    row.peak_open_flows = None;
    row.syn_retransmissions = None;
    row.failed = None;
    row.client_cpu_ns = None;
    row.server_peak_memory_bytes = None;
    record.rows.truncate(1);
    record.differences.clear();
    record.growth.clear();
    record.environment = None;
    insta::assert_snapshot!(written(&record, Format::Table, 100));
}

#[test]
fn many_pairs_are_told_where_they_differ() {
    let mut record = record();
    let mut pair = record.differences[0].clone();
    pair.real = false;
    record.differences = vec![pair.clone(); 19];
    pair.real = true;
    record.differences.push(pair);
    let text = written(&record, Format::Table, 100);
    assert!(
        text.contains("1 of 20 pairs differ; the other 19 cannot be told apart"),
        "{text}"
    );
}
