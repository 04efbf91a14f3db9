//! A real comparison, as it is told.

use crate::lang::Lang;
use crate::model::{CompareRecord, Finding, Severity, TOO_FEW_REPEATS};
use crate::report::{Format, Style, write_compare, write_compare_json};

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
fn on_a_terminal_in_indonesian() {
    for width in [120, 80] {
        let style = Style {
            width,
            lang: Lang::Id,
            ..Style::default()
        };
        let mut out = Vec::new();
        write_compare(&record(), Format::Table, style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let wide = |line: &&str| crate::report::layout::width(line) > width;
        assert_eq!(text.lines().find(wide), None);
        insta::assert_snapshot!(format!("table_{width}_id"), text);
    }
}

#[test]
fn runs_with_networks_of_their_own_are_told() {
    let mut record = record();
    let says = "each run in a network of its own";
    for format in [Format::Table, Format::Markdown] {
        record.plan.isolated = false;
        assert!(!written(&record, format, 200).contains(says));
        record.plan.isolated = true;
        assert!(written(&record, format, 200).contains(says));
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

/// Spreadsheets and scripts know the columns by name and place.
#[test]
fn csv_has_its_header_without_rows() {
    let mut record = record();
    record.rows.clear();
    assert_eq!(
        written(&record, Format::Csv, 80),
        "name,strategy,client_command,server_model,server,requests,repeats,\
         duration_median_ns,duration_min_ns,duration_max_ns,ratio_to_fastest,\
         client_threads_before,client_threads_peak,client_threads_after,\
         client_processes_before,client_processes_peak,client_processes_after,\
         server_threads_before,server_threads_peak,server_threads_after,\
         server_processes_before,server_processes_peak,server_processes_after,\
         system_threads_before,system_threads_peak,system_threads_after,\
         peak_open_flows,handshake_p50_ns,handshake_p95_ns,handshake_p99_ns,\
         exchange_p50_ns,exchange_p95_ns,exchange_p99_ns,syn_retransmissions,\
         failed,client_cpu_ns,server_cpu_ns,\
         client_largest_process_memory_bytes,\
         server_largest_process_memory_bytes\n"
    );
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
    record.differences = vec![pair.clone(); 18];
    let table = |record: &CompareRecord| {
        let text = written(record, Format::Table, 100);
        let of = text.split("\nDifferences\n").nth(1).unwrap();
        let lines = of.lines().take_while(|l| !l.is_empty());
        lines.collect::<Vec<_>>().join(" ")
    };
    let said = table(&record);
    assert!(
        said.starts_with("None of the 18 pairs differs significantly. Mann"),
        "{said}"
    );
    let few = Finding::new(TOO_FEW_REPEATS, Severity::Info, "").with("repeats_needed", 6);
    record.findings.push(few);
    record.plan.repeat = 2;
    let said = table(&record);
    let never = "With 2 runs each, no difference can be significant, however large it is: use --repeat 6 or more.";
    assert!(said.contains(never), "{said}");
    record.findings.clear();
    pair.real = true;
    record.differences[3] = pair.clone();
    let said = table(&record);
    let one = "1 of 18 pairs differs significantly; no significant difference: 17.";
    assert!(said.contains(one), "{said}");
    record.differences = vec![pair; 18];
    assert!(table(&record).contains("All 18 pairs differ significantly."));
}

/// Less work takes less time: that is not to look like a victory.
#[test]
fn what_failed_does_not_win_unmarked() {
    let mut record = record();
    record.rows[3].failed = Some(25);
    record.rows[3].ratio_to_fastest = Some(0.2);
    let text = written(&record, Format::Table, 80);
    for said in [
        "! 0.20",
        "! incomplete: requests failed or were",
        "neither ranked nor compared",
        "Not compared, as requests failed or were not made: async@100. Mann",
    ] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(said), "{said} in {text}");
    }
    // The only pair of its size is in no table, also where an earlier version tested it.
    let tested = |text: &str| {
        let after = text.split("\nDifferences\n").nth(1).unwrap();
        let lines = after.lines().take_while(|l| !l.is_empty());
        lines
            .filter(|l| l.contains("significant") && l.contains('×'))
            .count()
    };
    assert_eq!(
        (
            tested(&text),
            tested(&written(&self::record(), Format::Table, 80))
        ),
        (1, 2)
    );
    // Nor does who made no connection at all.
    record.rows[3].failed = Some(0);
    record.rows[3].peak_open_flows = Some(0);
    let text = written(&record, Format::Table, 80);
    assert!(text.contains("made: async@100."), "{text}");
    assert!(!written(&self::record(), Format::Table, 80).contains('!'));
}

#[test]
fn which_run_is_in_the_middle_is_said_of_an_even_number() {
    let mut record = record();
    for row in &mut record.rows {
        row.durations_ns.truncate(4);
    }
    let text = written(&record, Format::Table, 100);
    assert!(text.contains("the faster of the two middle runs"), "{text}");
}

/// What one process held must not be taken for what all of them did.
#[test]
fn memory_of_many_processes_is_not_taken_for_their_sum() {
    let mut record = record();
    let census = record.rows[2].census.as_mut().unwrap();
    census.client.processes.peak = Some(95);
    for width in [100, 80] {
        let text = written(&record, Format::Table, width);
        let titles = |l: &&str| l.contains(" mem") && l.contains(" CPU");
        let mut headers = text.lines().filter(titles).peekable();
        assert!(headers.peek().is_some());
        assert!(headers.all(|l| l.contains("largest")), "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(
            words
                .join(" ")
                .contains("thread@100 had 95 client processes at the same time"),
            "{text}"
        );
    }
    let csv = written(&record, Format::Csv, 80);
    assert!(csv.contains(",client_largest_process_memory_bytes,"));
}
