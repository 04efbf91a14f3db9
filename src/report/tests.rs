//! What the formats look like, and what reads back.

use std::net::Ipv6Addr;

use insta::assert_snapshot;

use super::{
    Format, RunView, Style, write_flows_jsonl, write_run, write_run_json, write_workers_jsonl,
};
use crate::findings::{FindingsInput, findings};
use crate::lang::Lang;
use crate::model::{FlowRecord, Outcome, RunRecord, Tid, WorkerRecord};
use crate::testkit::Fixture;

fn view(fixture: &Fixture) -> RunView<'_> {
    RunView {
        run: &fixture.run,
        flows: &fixture.flows,
        workers: crate::testkit::packed(&fixture.workers),
    }
}

/// A run in which much went wrong, with what is concluded from it.
pub(super) fn troubled(n: u32) -> Fixture {
    let mut fixture = Fixture::troubled(n);
    fixture.run.findings = findings(&FindingsInput {
        seen: None,
        run: &fixture.run,
        flows: &fixture.flows,
        own: None,
        workers: crate::testkit::packed(&fixture.workers),
    });
    fixture
}

pub(super) fn text(fixture: &Fixture, format: Format, style: Style) -> String {
    let mut out = Vec::new();
    write_run(view(fixture), format, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn table(fixture: &Fixture, width: usize) -> String {
    table_in(Lang::En, fixture, width)
}

pub(super) fn table_in(lang: Lang, fixture: &Fixture, width: usize) -> String {
    let style = Style {
        width,
        lang,
        ..Style::default()
    };
    text(fixture, Format::Table, style)
}

/// Ten thousand workers over IPv6.
fn large_ipv6() -> Fixture {
    Fixture::normal(10_000).ipv6(Ipv6Addr::LOCALHOST)
}

#[test]
fn normal_in_80_columns() {
    assert_snapshot!(table(&Fixture::normal(1_000), 80));
}

#[test]
fn normal_in_120_columns() {
    assert_snapshot!(table(&Fixture::normal(1_000), 120));
}

#[test]
fn troubled_in_80_columns() {
    assert_snapshot!(table(&troubled(1_000), 80));
}

#[test]
fn troubled_in_120_columns() {
    assert_snapshot!(table(&troubled(1_000), 120));
}

#[test]
fn normal_in_indonesian() {
    assert_snapshot!(table_in(Lang::Id, &Fixture::normal(1_000), 80));
    assert_snapshot!(table_in(Lang::Id, &Fixture::normal(1_000), 120));
}

#[test]
fn troubled_in_indonesian() {
    assert_snapshot!(table_in(Lang::Id, &troubled(1_000), 80));
    assert_snapshot!(table_in(Lang::Id, &troubled(1_000), 120));
}

#[test]
fn programs_read_the_same_in_every_language() {
    let fixture = troubled(100);
    for format in Format::ALL {
        let in_lang = |lang| {
            let style = Style {
                lang,
                ..Style::default()
            };
            text(&fixture, format, style)
        };
        let same = in_lang(Lang::En) == in_lang(Lang::Id);
        assert_eq!(same, !format.is_for_people(), "{format}");
    }
}

#[test]
fn last_of_ten_thousand_over_ipv6_in_80_columns() {
    let mut fixture = large_ipv6();
    fixture.flows.drain(..9_990);
    fixture.flows[0].client.port = 54_321;
    assert_snapshot!(table(&fixture, 80));
}

#[test]
fn long_addresses_and_tids_in_80_columns() {
    let mut fixture = large_ipv6().ipv6("2001:db8:1234:5678:9abc:def0:1234:5678".parse().unwrap());
    for flow in &mut fixture.flows {
        if let Some(owner) = &mut flow.server_owner {
            owner.serve_tid = Some(Tid(4_194_000));
            owner.accept_tid = Some(Tid(4_193_000));
        }
    }
    assert_snapshot!(table(&fixture, 80));
}

#[test]
fn no_capture_in_80_columns() {
    let mut fixture = Fixture::normal(12);
    fixture.fail(3, Outcome::BadAnswer, Some("\u{1b}]0;owned\u{7}"));
    fixture.fail(5, Outcome::NotAttempted, None);
    let queued = &mut fixture.workers[5];
    (queued.worker, queued.pid, queued.tid, queued.client) = (None, None, None, None);
    (queued.started_ns, queued.ended_ns, queued.connected_ns) = (None, None, None);
    assert_snapshot!(table(&fixture.without_capture(), 80));
}

#[test]
fn colour_in_80_columns() {
    let style = Style {
        colour: true,
        rows: 3,
        ..Style::default()
    };
    let text = text(&troubled(1_000), Format::Table, style).replace('\u{1b}', "␛");
    assert_snapshot!(text);
}

#[test]
fn markdown_of_trouble() {
    assert_snapshot!(text(&troubled(1_000), Format::Markdown, Style::default()));
}

#[test]
fn csv_of_trouble() {
    let mut fixture = troubled(1_000);
    fixture.flows.truncate(6);
    fixture.flows[0].exchanges[0].problem = Some("=HYPERLINK(\"x\"), \"y\"".into());
    fixture.flows[3].handshake = None;
    assert_snapshot!(text(&fixture, Format::Csv, Style::default()));
}

/// Spreadsheets and scripts know the columns by name and place.
#[test]
fn csv_has_its_header_without_flows() {
    let csv = text(
        &Fixture::normal(1).without_capture(),
        Format::Csv,
        Style::default(),
    );
    assert_eq!(
        csv,
        "flow,client_ip,client_port,server_ip,server_port,first_ns,last_ns,\
         duration_ns,client_frames,server_frames,client_wire_bytes,\
         server_wire_bytes,client_payload_bytes,server_payload_bytes,\
         client_stream_bytes,server_stream_bytes,client_retransmissions,\
         server_retransmissions,client_out_of_order,server_out_of_order,\
         client_duplicate_acks,server_duplicate_acks,client_zero_windows,\
         server_zero_windows,initial_rtt_ns,state,history,syn_ns,syn_count,\
         handshake_ns,close,exchanges,request_ns,response_ns,exchange_ns,\
         answer,valid,problem,worker,client_pid,client_tid,client_provenance,\
         server_pid,accept_tid,serve_tid,server_provenance,incomplete,vni\n"
    );
}

#[test]
fn no_rows_wanted_and_nothing_seen() {
    let style = Style {
        rows: 0,
        ..Style::default()
    };
    let some = text(&Fixture::normal(2), Format::Table, style);
    assert!(some.contains("Interactions\n2 flows: flows.jsonl has all of them\n"));
    let none = text(&Fixture::normal(0), Format::Table, style);
    assert!(none.contains("Interactions\nno requests were seen\n"));
}

#[test]
fn what_is_absent_is_never_zero() {
    let mut fixture = Fixture::normal(1).without_capture();
    let requests = &mut fixture.run.requests;
    (requests.answered, requests.valid) = (None, None);
    let text = table(&fixture, 80);
    let row = text
        .lines()
        .skip_while(|line| !line.starts_with("submitted"))
        .nth(2);
    let cells: Vec<_> = row.unwrap().split_whitespace().collect();
    assert_eq!(cells, ["1", "1", "—", "—", "—", "—", "—"]);
}

#[test]
fn json_reads_back_as_what_it_was() {
    let fixture = troubled(1_000);
    let mut out = Vec::new();
    write_run_json(&fixture.run, &mut out).unwrap();
    assert!(out.ends_with(b"}\n"));
    let back: RunRecord = serde_json::from_slice(&out).unwrap();
    assert_eq!(back, fixture.run);
    assert_eq!(
        text(&fixture, Format::Json, Style::default()).as_bytes(),
        out
    );
}

#[test]
fn jsonl_reads_back_as_what_it_was() {
    let fixture = troubled(1_000);
    let (mut flows, mut workers) = (Vec::new(), Vec::new());
    write_flows_jsonl(&fixture.flows, &mut flows).unwrap();
    write_workers_jsonl(&fixture.workers, &mut workers).unwrap();
    assert_eq!(
        text(&fixture, Format::Jsonl, Style::default()).as_bytes(),
        flows
    );
    let flows: Vec<FlowRecord> = String::from_utf8(flows)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(flows, fixture.flows);
    let workers: Vec<WorkerRecord> = String::from_utf8(workers)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(workers, fixture.workers);
}

#[test]
fn a_closed_pipe_is_told_as_one() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let fixture = Fixture::normal(300);
    for format in Format::ALL {
        let result = write_run(view(&fixture), format, Style::default(), &mut Closed);
        let kind = result.unwrap_err().kind();
        assert_eq!(kind, std::io::ErrorKind::BrokenPipe, "{format}");
    }
}

/// Its capture's totals were never written; its frames were.
#[test]
fn a_run_that_was_killed_says_what_is_not_known() {
    let mut fixture = Fixture::normal(20);
    fixture.run.capture = None;
    let text = table(&fixture, 80);
    assert!(
        text.contains("its totals are not known: the run was killed"),
        "{text}"
    );
    assert!(
        text.contains("… and 10 more: raise --rows to see them"),
        "{text}"
    );
}

/// The command can be copied: it is whole in a line, and the program is called as it was
/// started.
#[test]
fn the_command_that_explains_is_called_as_it_was_started() {
    let fixture = troubled(12);
    let told = |program, width| {
        let style = Style {
            width,
            program,
            ..Style::default()
        };
        let text = text(&fixture, Format::Table, style);
        let (_, last) = text.rsplit_once("What they mean:").unwrap();
        last.to_owned()
    };
    assert_eq!(told("./threadtap", 80), " ./threadtap explain CODE\n");
    let long = "/home/ayu/lab/target/release/threadtap";
    assert_eq!(told(long, 60), format!("\n{long} explain CODE\n"));
}
