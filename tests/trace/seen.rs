//! What a run of commands left, held against what the programs in it said.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::common::Ran;
use super::own::{Connection, Own, Task, connections};

/// Whether the server's first receive and send are calls that are traced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    Seen,
    /// Plain read(2) and write(2), and no `--trace-rw`.
    Unseen,
    /// The same, by a process that is alone with its connections: the wire tells.
    ByTheWire,
}

/// What a run left, and what the programs in it said.
pub struct Seen {
    pub ran: Ran,
    pub client: Own,
    pub server: Own,
}

impl Seen {
    pub fn of(ran: Ran) -> Self {
        let log = |name: &str| {
            let bytes = fs::read(ran.out.join(name)).unwrap_or_default();
            Own::read(&String::from_utf8_lossy(&bytes))
        };
        let (client, server) = (log("client.log"), log("server.log"));
        // Where two observers watched (`THREADTAP_TEST_OBSERVE=both`), they tell the same.
        let record = fs::read_to_string(ran.out.join("run.json")).unwrap_or_default();
        assert!(!record.contains("\"observers_differ\""), "{record}");
        Self {
            ran,
            client,
            server,
        }
    }

    #[track_caller]
    pub fn exits(mut self, status: i32) -> Self {
        let failed = (&self.client.failed, &self.server.failed);
        assert_eq!(self.ran.status, Some(status), "{failed:?} {:?}", self.ran);
        self.ran = self.ran.exits(status);
        self
    }

    pub fn record(&self) -> Value {
        self.ran.record()
    }

    /// The flows, with their connections.
    pub fn flows(&self) -> Vec<(Connection, Value)> {
        let flows = self.ran.flows();
        let numbers = flows.iter().map(|flow| flow["flow"].as_u64().unwrap());
        assert!(numbers.is_sorted(), "as they began");
        let ports = flows.iter().map(|flow| flow["client"]["port"].as_u64());
        let each: Vec<Connection> = connections(ports.map(Option::unwrap)).collect();
        each.into_iter().zip(flows).collect()
    }

    /// The client did what it does alone, and everything that the record says
    /// of it is what it says itself.
    #[track_caller]
    pub fn client_agrees(&self) {
        assert_eq!(self.client.failed, Vec::<Value>::new(), "the client's word");
        let record = self.record();
        census_agrees(&record["census"]["client"], &self.client);
        let program = &record["programs"]["client"];
        assert_eq!(program["pid"], self.client.end()["pid"], "{program}");
        assert_eq!(program["exit_code"], 0, "{program}");
        assert!(program["signal"].is_null(), "{program}");
        let connected = self.client_owners_agree();
        let n = connected.len() as u64;
        assert_eq!(record["correlation"]["flows"], n);
        assert_eq!(record["correlation"]["client_owned"], n);
        assert_eq!(record["requests"]["on_wire"], n);
        let attempts = self.client.total("attempts").unwrap_or(n);
        assert_eq!(record["requests"]["attempted"], attempts);
        assert!(record["requests"]["submitted"].is_null());
    }

    /// Every connection that the client made has its thread for owner.
    #[track_caller]
    pub fn client_owners_agree(&self) -> BTreeMap<Connection, Task> {
        let connected = self.client.by_connection("connected");
        let owners: BTreeMap<Connection, Task> = self
            .flows()
            .iter()
            .filter_map(|(connection, flow)| {
                let owner = &flow["client_owner"];
                if owner.is_object() {
                    assert!(is_traced(owner), "{flow}");
                }
                Some((
                    *connection,
                    (owner["pid"].as_u64()?, owner["tid"].as_u64()?),
                ))
            })
            .collect();
        assert_eq!(owners, connected, "who made which connection");
        connected
    }

    /// Everything that the record says of the server is what it says itself.
    #[track_caller]
    pub fn server_agrees(&self, reads: Reads) {
        assert_eq!(self.server.failed, Vec::<Value>::new(), "the server's word");
        let record = self.record();
        if self.server.came_to_its_end() {
            census_agrees(&record["census"]["server"], &self.server);
            let program = &record["programs"]["server"];
            assert_eq!(program["pid"], self.server.end()["pid"], "{program}");
        }
        self.server_owners_agree(reads);
        let flows = &record["correlation"]["flows"];
        assert_eq!(&record["correlation"]["server_owned"], flows);
    }

    /// Who accepted, who first received and who first sent.
    #[track_caller]
    pub fn server_owners_agree(&self, reads: Reads) {
        // To programs in the kernel one call is like another.
        let reads = match self.record()["observer"]["server"].as_str() {
            Some("ebpf") => Reads::Seen,
            _ if reads == Reads::ByTheWire => match std::env::var("THREADTAP_TEST_OBSERVE") {
                // Beside another observer each event is told by its call.
                Ok(both) if both == "both" => Reads::Unseen,
                _ => Reads::Seen,
            },
            _ => reads,
        };
        let said = |kind| self.server.by_connection(kind);
        let (accepted, received, sent) = (said("accepted"), said("received"), said("sent"));
        for (connection, flow) in self.flows() {
            let owner = &flow["server_owner"];
            assert!(is_traced(owner), "{flow}");
            let tid = |map: &BTreeMap<Connection, Task>| map.get(&connection).map(|(_, tid)| *tid);
            assert_eq!(owner["accept_tid"].as_u64(), tid(&accepted), "{flow}");
            match reads {
                // Where nothing came, a thread may have waited for it or not.
                Reads::Seen => {
                    for (name, said) in [("serve_tid", &received), ("send_tid", &sent)] {
                        let wanted = tid(said);
                        let told = owner[name].as_u64();
                        assert!(wanted.is_none() || told == wanted, "{name} {flow}");
                    }
                }
                Reads::Unseen | Reads::ByTheWire => {
                    assert!(owner["serve_tid"].is_null(), "{flow}");
                    assert!(owner["send_tid"].is_null(), "{flow}");
                }
            }
        }
    }
}

/// Whether an owner is known by every call of the program.
fn is_traced(owner: &Value) -> bool {
    ["traced", "matched"]
        .map(Value::from)
        .contains(&owner["provenance"])
}

/// A side's census is what the program says of itself, as far as it says.
#[track_caller]
pub fn census_agrees(census: &Value, own: &Own) {
    assert_eq!(census["provenance"], "traced");
    let (threads, processes) = own.made();
    assert_eq!(census["processes"]["created"], processes, "processes");
    assert_eq!(census["threads"]["created"], threads + processes, "tasks");
    assert_eq!(census["threads"]["before"], 1);
    assert_eq!(census["processes"]["before"], 1);
    for kind in ["threads", "processes"] {
        for moment in ["peak", "after"] {
            if let Some(said) = own.total(&format!("{moment}_{kind}")) {
                assert_eq!(census[kind][moment], said, "{kind} {moment}");
            }
        }
        let peak = census[kind]["peak"].as_u64().unwrap();
        let created = census[kind]["created"].as_u64().unwrap();
        assert!((1..=created + 1).contains(&peak), "{census}");
    }
    timeline_agrees(census);
}

/// The timeline begins with `before`, and its heights have `peak` for highest.
#[track_caller]
fn timeline_agrees(census: &Value) {
    let points = census["timeline"].as_array().unwrap();
    let number = |point: &Value, at: usize| point[at].as_u64().unwrap();
    let times: Vec<u64> = points.iter().map(|p| number(p, 0)).collect();
    assert!(times.is_sorted(), "{times:?}");
    for (at, kind) in [(1, "threads"), (2, "processes")] {
        let highest = points.iter().map(|p| number(p, at)).max();
        assert_eq!(census[kind]["peak"].as_u64(), highest, "{kind}");
    }
}
