//! A log costs so many bytes an exchange, whatever it is written on.

use super::*;
use crate::model::observation::{ConnectionNote, RequestNote, TaskNote};
use crate::model::{Exit, Outcome, WorkerId};

/// Numbers that look like measured ones, and are always the same.
struct Chance(u64);

impl Chance {
    /// About `n`: half to one and a half of it.
    fn about(&mut self, n: i64) -> i64 {
        // Knuth's multiplier, MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let share = i64::try_from(self.0 >> 44).unwrap();
        n / 2 + n * share / (1 << 20)
    }

    /// A port of the ephemeral range.
    fn port(&mut self) -> u16 {
        u16::try_from(self.about(46_000).clamp(32_768, 60_999)).unwrap()
    }
}

const EXCHANGES: u32 = 10_000;

/// 2026, in nanoseconds.
const NOW: i64 = 1_790_000_000_123_456_789;

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

/// Bytes for each exchange, the header and what is said once included.
fn bytes_each(facts: &[Fact]) -> u64 {
    let log = packed(&some_header(), facts);
    assert_eq!(read(&log), facts);
    log.len() as u64 / u64::from(EXCHANGES)
}

/// Threads on both sides, 20,000 a second, with a machine's large thread ids.
fn built_in() -> Vec<Fact> {
    let mut chance = Chance(1);
    let mut facts = vec![Fact::Target("127.0.0.1:45000".to_owned())];
    let mut begun = NOW;
    let mut each = Vec::new();
    for n in 0..EXCHANGES {
        begun += chance.about(50_000);
        each.push((n, begun, chance.port()));
    }
    let pids = [Pid(2_345_678), Pid(2_345_670)];
    for (side, pid) in [Side::Client, Side::Server].into_iter().zip(pids) {
        facts.extend(each.iter().map(|(n, begun, _)| Fact::Task {
            side,
            task: TaskNote {
                process: false,
                ids: Some((pid, Tid(2_345_700 + 2 * n))),
                started: at(*begun),
                ended: Some(at(*begun + chance.about(800_000))),
            },
        }));
    }
    facts.extend(each.iter().map(|&(n, begun, port)| {
        let connect = begun + chance.about(20_000);
        let connected = connect + chance.about(120_000);
        Fact::Request(RequestNote {
            number: u64::from(n),
            taken_by: Some((WorkerId(n), pids[0], Tid(2_345_700 + 2 * n))),
            started: Some(at(begun)),
            connect: Some(at(connect)),
            connected: Some(at(connected)),
            ended: Some(at(connected + chance.about(500_000))),
            client: Some(local(port)),
            outcome: Outcome::Valid,
            errno: 0,
            got: None,
        })
    }));
    facts.extend(each.iter().map(|&(n, begun, port)| {
        let accepted = at(begun + 150_000);
        let served = begun + 150_000 + chance.about(100_000);
        Fact::Connection(ConnectionNote {
            client: local(port),
            accepted,
            accepted_by: (pids[1], Tid(pids[1].0)),
            served: Some(at(served)),
            served_by: Some((pids[1], Tid(2_345_700 + 2 * n))),
            closed: Some(at(served + chance.about(400_000))),
        })
    }));
    facts
}

/// Two Python programs with a thread for each connection, 2,000 a second.
fn traced_pair() -> Vec<Fact> {
    let mut chance = Chance(2);
    let mut facts = vec![Fact::Target("127.0.0.1:45000".to_owned())];
    let mut now = NOW;
    let tell = |facts: &mut Vec<Fact>, now: i64, side, tid: u32, what| {
        let pid = match side {
            Side::Client => Pid(2_345_678),
            Side::Server => Pid(2_345_670),
        };
        let event = Event {
            at: at(now),
            pid,
            tid: Tid(tid),
            what,
        };
        facts.push(Fact::Event { side, event });
    };
    for n in 0..EXCHANGES {
        let port = chance.port();
        let (client, server) = (2_345_700 + 2 * n, 2_345_701 + 2 * n);
        let (ours, theirs) = (u64::from(2 * n + 7), SocketId(u64::from(2 * n + 8)));
        let started = |pid| Change::Started {
            process: false,
            parent: Some(Pid(pid)),
        };
        let connected = Change::Connected {
            socket: Some(SocketId(ours)),
            target: local(45_000),
            from: at(now + 90_000),
            local: Some(local(port)),
            errno: Some(0),
        };
        let accepted = Change::Accepted {
            socket: theirs,
            peer: local(port),
            local: Some(local(45_000)),
        };
        let (c, s) = (Side::Client, Side::Server);
        for (side, tid, what) in [
            (c, client, started(2_345_678)),
            (c, client, connected),
            (s, 2_345_670, accepted),
            (s, server, started(2_345_670)),
            (
                s,
                server,
                Change::Received {
                    socket: theirs,
                    result: Some(8),
                    byte: None,
                },
            ),
            (
                s,
                server,
                Change::Sent {
                    socket: theirs,
                    from: Some(at(now)),
                },
            ),
            (c, client, Change::Ended(Exit::Code(0))),
            (s, server, Change::Ended(Exit::Code(0))),
        ] {
            now += chance.about(62_000);
            tell(&mut facts, now, side, tid, what);
        }
    }
    facts
}

#[test]
fn an_exchange_of_the_built_in_sides_takes_at_most_240_bytes() {
    let bytes = bytes_each(&built_in());
    println!("{bytes} bytes an exchange");
    assert!(bytes <= 240, "{bytes}");
}

#[test]
fn an_exchange_of_a_traced_pair_takes_at_most_240_bytes() {
    let bytes = bytes_each(&traced_pair());
    println!("{bytes} bytes an exchange");
    assert!(bytes <= 240, "{bytes}");
}
