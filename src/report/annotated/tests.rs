//! Written of the golden runs, and read again.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::*;
use crate::model::{FlowRecord, Frame, Pid, RunRecord, Tid, WorkerId};

struct Golden {
    folder: PathBuf,
    run: RunRecord,
    flows: Vec<FlowRecord>,
}

impl Golden {
    fn named(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures/golden-runs")
            .join(name);
        let text = |file| std::fs::read_to_string(folder.join(file)).unwrap();
        let flows = text("flows.jsonl");
        Self {
            run: serde_json::from_str(&text("run.json")).unwrap(),
            flows: flows
                .lines()
                .map(|l| serde_json::from_str(l).unwrap())
                .collect(),
            folder,
        }
    }

    fn capture(&self) -> CaptureReader<File> {
        CaptureReader::open(File::open(self.folder.join("capture.pcap")).unwrap()).unwrap()
    }

    fn annotated(&self) -> Vec<u8> {
        let view = RunView {
            run: &self.run,
            flows: &self.flows,
            workers: crate::testkit::packed(&[]),
        };
        let target: std::net::SocketAddr = self.run.plan.target.parse().unwrap();
        let mut out = Vec::new();
        let damage = write_annotated(view, target.port(), &mut self.capture(), &mut out).unwrap();
        assert!(damage.is_none());
        out
    }
}

/// The frames of a capture.
fn frames<R: Read>(mut reader: CaptureReader<R>) -> Vec<(Timestamp, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some(Frame {
        time,
        wire_len,
        bytes,
        ..
    }) = reader.next().unwrap()
    {
        frames.push((time, wire_len, bytes.to_vec()));
    }
    frames
}

/// How often a text stands in the file.
fn times(file: &[u8], text: &str) -> u64 {
    file.windows(text.len())
        .filter(|w| *w == text.as_bytes())
        .count() as u64
}

#[test]
fn the_frames_are_those_of_the_capture() {
    for name in [
        "thread",
        "pool-no-join",
        "process",
        "async",
        "python",
        "refused",
    ] {
        let golden = Golden::named(name);
        let out = golden.annotated();
        let reader = CaptureReader::open(&out[..]).unwrap();
        assert_eq!(frames(reader), frames(golden.capture()), "{name}");
    }
}

#[test]
fn every_frame_of_a_flow_names_its_owners() {
    for name in ["thread", "process", "python"] {
        let golden = Golden::named(name);
        let out = golden.annotated();
        for flow in &golden.flows {
            let all = flow.client_frames + flow.server_frames;
            let client = flow.client_owner.unwrap();
            let server = flow.server_owner.unwrap();
            let words = format!(
                "flow={} client=worker:{},pid:{},tid:{} server=accept:{},serve:{},pid:{} what=",
                flow.flow,
                client.worker,
                client.pid,
                client.tid,
                server.accept_tid.unwrap(),
                server.serve_tid.unwrap(),
                server.pid,
            );
            assert_eq!(times(&out, &words), all, "{name}: {words}");
        }
        let exchanges: u64 = golden.flows.iter().map(|f| f.exchanges.len() as u64).sum();
        assert_eq!(times(&out, "what=TIME-request"), exchanges);
        assert_eq!(times(&out, "what=TIME-answer"), exchanges);
        let flows = golden.flows.len() as u64;
        assert_eq!(times(&out, "what=SYN-ACK"), flows);
    }
}

/// What is not known is left out, and no other frame is written on.
#[test]
fn a_flow_without_owners_has_its_number() {
    let mut golden = Golden::named("thread");
    golden.flows.truncate(2);
    golden.flows[0].client_owner = None;
    golden.flows[1].server_owner = None;
    let out = golden.annotated();
    let of = |f: &FlowRecord| f.client_frames + f.server_frames;
    assert_eq!(times(&out, "flow=0 server=accept:"), of(&golden.flows[0]));
    assert_eq!(times(&out, "flow=1 client=worker:"), of(&golden.flows[1]));
    let both = golden.flows.iter().map(of).sum::<u64>();
    assert_eq!(times(&out, "flow="), both);
}

#[test]
fn the_file_tells_who_captured_and_what_was_lost() {
    let golden = Golden::named("thread");
    let out = golden.annotated();
    let tool = format!("threadtap {}", golden.run.tool.version);
    for text in [
        &tool,
        golden.run.capture.as_ref().unwrap().filter.as_str(),
        "frames dropped by the kernel: 0, by the interface: 0",
        "strategy thread",
    ] {
        assert!(times(&out, text) > 0, "{text}");
    }
}

/// The process and thread of the sender, in the option that the draft has for them.
#[test]
fn the_sender_is_named_in_numbers() {
    let golden = Golden::named("thread");
    let out = golden.annotated();
    for flow in &golden.flows {
        let client = flow.client_owner.unwrap();
        let server = flow.server_owner.unwrap();
        for (pid, tid, frames) in [
            (client.pid, client.tid, flow.client_frames),
            (server.pid, server.serve_tid.unwrap(), flow.server_frames),
        ] {
            let mut option = vec![8, 0, 8, 0];
            option.extend_from_slice(&pid.0.to_le_bytes());
            option.extend_from_slice(&tid.0.to_le_bytes());
            let found = out.windows(option.len()).filter(|w| *w == option).count() as u64;
            assert_eq!(found, frames, "{pid} {tid}");
        }
    }
}

/// Where an exchange was served by another thread than the first, its frames name that one.
#[test]
fn a_frame_names_the_thread_that_served_its_exchange() {
    let mut golden = Golden::named("thread");
    let flow = &mut golden.flows[0];
    let asked = flow.exchanges[0].request_ns;
    flow.exchanges[0].serve_pid = Some(Pid(5_000_000));
    flow.exchanges[0].serve_tid = Some(Tid(6_000_000));
    let (from, server, number) = (flow.client, flow.server_frames, flow.flow);
    let (port, mut asking) = (flow.server.port, 0);
    let mut capture = golden.capture();
    frames_of_a_run(&mut capture, port, &mut |_, segment| {
        let ours = segment.filter(|(s, of)| *of == number && s.source == from);
        asking += u64::from(ours.is_some_and(|(s, _)| s.time >= asked));
        Ok::<_, io::Error>(())
    })
    .unwrap();
    let out = golden.annotated();
    assert!(asking > 0);
    assert_eq!(times(&out, "serve:6000000,pid:5000000 "), asking + server);
    let mut option = vec![8, 0, 8, 0];
    option.extend_from_slice(&5_000_000u32.to_le_bytes());
    option.extend_from_slice(&6_000_000u32.to_le_bytes());
    let found = out.windows(option.len()).filter(|w| *w == option).count() as u64;
    assert_eq!(found, server, "the client's frames are the client's");
}

#[test]
fn an_address_of_one_worker_has_a_name_and_others_have_none() {
    let mut golden = Golden::named("thread");
    let ip = |text: &str| text.parse::<std::net::IpAddr>().unwrap();
    for (n, flow) in golden.flows.iter_mut().enumerate() {
        // Two workers each from one address, one from an address of its own.
        flow.client.ip = ip(&format!("10.0.0.{}", n / 2 + 1));
        flow.server.ip = ip("10.0.1.1");
        flow.client_owner.as_mut().unwrap().worker = WorkerId(u32::try_from(n).unwrap());
    }
    golden.flows.truncate(3);
    let names_in = |golden: &Golden| {
        names::of(RunView {
            run: &golden.run,
            flows: &golden.flows,
            workers: crate::testkit::packed(&[]),
        })
    };
    let some = names_in(&golden);
    assert_eq!(
        some.iter()
            .map(|(ip, n)| (ip.to_string(), n.as_str()))
            .collect::<Vec<_>>(),
        [
            ("10.0.0.2".to_owned(), "worker-2"),
            ("10.0.1.1".to_owned(), "server"),
        ]
    );
    // Both sides at one address: a name would be wrong of half of the frames.
    golden.flows[2].server.ip = ip("10.0.0.2");
    assert!(!names_in(&golden).contains_key(&ip("10.0.0.2")));
}
