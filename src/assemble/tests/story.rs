//! Runs as they are told: a line for each thing that happened.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::assemble::{Assembled, assemble};
use crate::model::observation::*;
use crate::model::*;

pub const TARGET: &str = "127.0.0.1:45000";

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

pub fn ms(ms: i64) -> Nanos {
    Nanos::new(ms * 1_000_000)
}

/// The address of a client on this port.
pub fn port(port: u16) -> Endpoint {
    SocketAddr::from(([127, 0, 0, 1], port)).into()
}

/// What was seen, and what the wire shows.
pub struct Story {
    pub seen: Observation,
    pub flows: Vec<FlowRecord>,
}

/// A client that was asked for so many requests.
pub fn asked(strategy: Strategy, requests: u64) -> AskedClient {
    AskedClient::BuiltIn {
        strategy,
        requests,
        workers: Some(2),
        join: true,
        gate: false,
        max_in_flight: None,
        rate: None,
        duration_ns: None,
        timeout_ns: ms(5000),
    }
}

/// A task or request that was taken by worker `n`: process 10, thread 100 + n.
pub fn note(n: u32, port_number: u16, from: i64, to: i64) -> RequestNote {
    RequestNote {
        number: u64::from(n),
        taken_by: Some((WorkerId(n), Pid(10), Tid(100 + n))),
        started: Some(at(from)),
        connect: Some(at(from)),
        connected: Some(at(from + 1)),
        ended: Some(at(to)),
        client: Some(port(port_number)),
        outcome: Outcome::Valid,
        errno: 0,
        got: None,
    }
}

impl Story {
    /// A run that has just begun, with a capture.
    pub fn of(client: AskedClient, server: AskedServer) -> Self {
        let header = Header {
            schema: SCHEMA_OBSERVATION.to_owned(),
            tool: Tool {
                name: "threadtap".to_owned(),
                version: "9.9.9".to_owned(),
            },
            started: "2026-01-02T03:04:05.678+07:00".to_owned(),
            clock: "CLOCK_REALTIME".to_owned(),
            environment: Environment {
                kernel: "Linux 6.18".to_owned(),
                cpus: 2,
                memory_bytes: Some(1 << 33),
                limits: BTreeMap::new(),
            },
            asked: Asked {
                isolated: false,
                client,
                server,
                capture: Some(AskedCapture {
                    interface: "lo".to_owned(),
                    snaplen: 262_144,
                }),
                read_write: false,
                client_exchanges: false,
                programs: AskedPrograms::default(),
                flows: FlowChoice::default(),
                time_limit_ns: None,
            },
        };
        let mut story = Self {
            seen: Observation::new(header),
            flows: Vec::new(),
        };
        story.seen.add(Fact::Target(TARGET.to_owned()));
        story
    }

    /// The built-in client and the built-in server, from 0 ms on.
    pub fn built_in(strategy: Strategy, requests: u64) -> Self {
        let embedded = AskedServer::Embedded {
            model: ServerModel::Thread,
        };
        let mut story = Self::of(asked(strategy, requests), embedded);
        story.begins(Side::Server, ObserverName::Ledger, 20, -5);
        story.begins(Side::Client, ObserverName::Ledger, 10, 0);
        story
    }

    /// A traced pair of programs: client 10, server 20.
    pub fn traced_pair() -> Self {
        let client = AskedClient::Program { requests: None };
        let mut story = Self::of(client, AskedServer::Program);
        story.begins(Side::Server, ObserverName::Ptrace, 20, -5);
        story.did(Side::Server, 20, 20, -5, first());
        story.begins(Side::Client, ObserverName::Ptrace, 10, 0);
        story.did(Side::Client, 10, 10, 0, first());
        story
    }

    pub fn begins(&mut self, side: Side, observer: ObserverName, root: u32, when: i64) {
        let command = match observer {
            ObserverName::Ledger => None,
            _ => Some(vec![format!("./{side}")]),
        };
        self.seen.add(Fact::Started {
            side,
            started: Box::new(SideStarted {
                observer,
                provenance: observer.provenance(),
                command,
                root: Pid(root),
                at: at(when),
            }),
        });
    }

    /// A task of a side did something.
    pub fn did(&mut self, side: Side, pid: u32, tid: u32, when: i64, what: Change) {
        let event = Event {
            at: at(when),
            pid: Pid(pid),
            tid: Tid(tid),
            what,
        };
        self.seen.add(Fact::Event { side, event });
    }

    /// A thread of a traced client connects from this port.
    pub fn connects(&mut self, tid: u32, port_number: u16, when: i64, errno: i32) {
        let connected = Change::Connected {
            socket: Some(SocketId(u64::from(port_number))),
            target: port(45000),
            from: at(when),
            local: Some(port(port_number)),
            errno: Some(errno),
        };
        self.did(Side::Client, 10, tid, when, connected);
    }

    /// A thread of a traced server accepts a client's connection at a port of
    /// its own, and another one receives from it.
    pub fn accepts(&mut self, tids: [u32; 2], peer: u16, local: u16, when: i64) {
        let socket = SocketId(u64::from(peer) << 20 | u64::from(local));
        let accepted = Change::Accepted {
            socket,
            peer: port(peer),
            local: Some(port(local)),
        };
        self.did(Side::Server, 20, tids[0], when, accepted);
        let received = Change::Received {
            socket,
            result: None,
            byte: None,
        };
        self.did(Side::Server, 20, tids[1], when + 1, received);
    }

    /// A built-in side created a thread.
    pub fn thread(&mut self, side: Side, tid: u32, from: i64, to: Option<i64>) {
        let pid = if side == Side::Client { 10 } else { 20 };
        let task = TaskNote {
            process: false,
            ids: Some((Pid(pid), Tid(tid))),
            started: at(from),
            ended: to.map(at),
        };
        self.seen.add(Fact::Task { side, task });
    }

    /// The built-in server took a connection by thread 20, and another served it.
    pub fn took(&mut self, peer: u16, serve: u32, when: i64) {
        self.seen.add(Fact::Connection(ConnectionNote {
            client: port(peer),
            accepted: at(when),
            accepted_by: (Pid(20), Tid(20)),
            served: Some(at(when)),
            served_by: Some((Pid(20), Tid(serve))),
            closed: Some(at(when + 1)),
        }));
    }

    /// A flow that began with a SYN and, with `answer`, had a valid answer then.
    pub fn flow(&mut self, client: u16, syn: i64, answer: Option<i64>) -> &mut FlowRecord {
        let number = self.flows.len() as u64;
        let last = at(answer.unwrap_or(syn));
        let exchanges: Vec<Exchange> = answer
            .map(|answer| Exchange {
                request_ns: at(syn + 1),
                request_seq: None,
                response_ns: Some(at(answer)),
                answer: TimeOfDay::new(0, 0, 0),
                valid: Some(true),
                problem: None,
                response_segments: None,
                response_coalesced: None,
                serve_pid: None,
                serve_tid: None,
            })
            .into_iter()
            .collect();
        let handshake = Handshake {
            syn_ns: at(syn),
            syn_ack_ns: answer.map(|_| at(syn)),
            ack_ns: answer.map(|_| at(syn + 1)),
            syn_count: 1,
        };
        let flow = serde_json::from_value(serde_json::json!({
            "flow": number, "client": port(client), "server": port(45000),
            "first_ns": at(syn), "last_ns": last, "client_frames": 5, "server_frames": 4,
            "client_wire_bytes": 0, "server_wire_bytes": 0, "client_payload_bytes": 0,
            "server_payload_bytes": 0, "client_stream_bytes": 0, "server_stream_bytes": 0,
            "client_retransmissions": 0, "server_retransmissions": 0,
            "state": if answer.is_some() { ConnState::SF } else { ConnState::REJ },
            "history": "S", "handshake": handshake,
            "close": if answer.is_some() { Close::Fin } else { Close::Rst },
            "exchanges": exchanges, "client_owner": null, "server_owner": null
        }));
        self.flows.push(flow.unwrap());
        self.flows.last_mut().unwrap()
    }

    /// A built-in side has told all that it noted.
    pub fn totals(&mut self, side: Side, totals: OwnTotals) {
        self.seen.add(Fact::Totals { side, totals });
    }

    /// A side ended by itself.
    pub fn ends(&mut self, side: Side, when: i64, exit: Exit) {
        self.end(side, when, exit, false);
    }

    /// A side ended because it was asked to.
    pub fn is_ended(&mut self, side: Side, when: i64, exit: Exit) {
        self.end(side, when, exit, true);
    }

    fn end(&mut self, side: Side, when: i64, exit: Exit, asked_to_end: bool) {
        self.seen.add(Fact::Ended {
            side,
            ended: SideEnded {
                at: at(when),
                exit: Some(exit),
                asked_to_end,
                asked_at: None,
                went_on: false,
                left_behind: 0,
            },
        });
    }

    pub fn cost(&mut self, side: Side, cpu: i64, observer: Option<ObserverCost>) {
        let cost = SideCost {
            cpu_ns: Some(ms(cpu)),
            peak_memory_bytes: Some(1 << 20),
        };
        self.seen.add(Fact::Cost {
            side,
            cost,
            observer,
        });
    }

    /// What the capture counted: nothing was lost.
    pub fn captured(&mut self) {
        self.seen.add(Fact::Wire(WireFacts {
            files: Vec::new(),
            link_type: "EN10MB".to_owned(),
            filter: "tcp port 45000".to_owned(),
            frames: 9 * self.flows.len() as u64,
            bytes: 600 * self.flows.len() as u64,
            dropped_by_kernel: Some(0),
            dropped_by_interface: Some(0),
            stop_reason: StopReason::Drained,
            cpu_ns: Some(ms(1)),
        }));
    }

    /// The run is over: the client ran from 0 to 100 ms, and the wire was at
    /// rest at 200 ms.
    pub fn over(&mut self, end: End) {
        self.seen.add(Fact::Leftovers(Leftovers::default()));
        self.seen.add(Fact::End {
            end,
            moments: Moments {
                client_started: at(0),
                client_ended: at(100),
                at_rest: at(200),
                over: at(300),
            },
        });
    }

    pub fn told(&self) -> Assembled {
        assemble(&self.seen, self.flows.clone())
    }
}

/// The first task of all.
pub fn first() -> Change {
    Change::Started {
        process: true,
        parent: None,
    }
}

/// One more thread of a process.
pub fn thread() -> Change {
    Change::Started {
        process: false,
        parent: None,
    }
}

/// What a built-in side says when all went well.
pub fn all_well() -> OwnTotals {
    OwnTotals {
        first: Some(at(0)),
        ready: Some(at(1)),
        after: Some(at(90)),
        ..OwnTotals::default()
    }
}
