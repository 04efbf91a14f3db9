use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::model::observation::arbitrary::{connection, request, task};
use crate::model::observation::{ConnectionNote, RequestNote};
use crate::model::{
    Endpoint, Nanos, Outcome, Pid, Provenance, ServerOwner, Side, Tid, Timestamp, ToldConnection,
    WorkerId, WorkerRecord,
};

/// Packed and unpacked, notes are what they were.
fn hold<T: Pack + PartialEq + fmt::Debug>(all: &[T]) -> Result<(), TestCaseError> {
    let packed: Packed<T> = all.iter().cloned().collect();
    prop_assert_eq!(packed.len(), all.len());
    prop_assert_eq!(packed.is_empty(), all.is_empty());
    prop_assert_eq!(packed.iter().len(), all.len());
    prop_assert_eq!(&packed.iter().collect::<Vec<_>>(), all);
    let mut again = Packed::default();
    again.extend(&packed);
    prop_assert_eq!(again, packed);
    Ok(())
}

/// A worker's line of a request, or of a connection where there is one.
fn worker(of: &RequestNote, side: Side) -> WorkerRecord {
    WorkerRecord {
        side,
        worker: of.taken_by.map(|t| t.0),
        request: of.connect.map(|_| of.number),
        pid: of.connected.and(of.taken_by).map(|t| t.1),
        tid: of.taken_by.map(|t| t.2),
        due_ns: of.connect,
        started_ns: of.started,
        ended_ns: of.ended,
        connected_ns: of.connected,
        client: of.client,
        outcome: of.started.map(|_| of.outcome),
        detail: of.got.as_deref().map(str::to_owned),
        told: of.started.map(|_| told(of)),
    }
}

/// Something that is told of its connection.
fn told(of: &RequestNote) -> ToldConnection {
    let span = |at: Option<Timestamp>| at.map(|at| Nanos::new(at.as_nanos()));
    let tid = of.taken_by.map(|t| t.2);
    ToldConnection {
        handshake_ns: span(of.connected),
        exchange_ns: span(of.ended),
        requests: of.connect.map(|_| of.number),
        answered: of.ended.map(|_| of.number),
        accepted_after_ns: span(of.connect),
        server_owner: of.taken_by.map(|(_, pid, _)| ServerOwner {
            pid,
            accept_tid: tid.filter(|_| of.connected.is_some()),
            serve_tid: tid.filter(|_| of.ended.is_some()),
            send_tid: tid.filter(|_| of.connect.is_some()),
            provenance: Provenance::ALL[usize::from(of.errno) % Provenance::ALL.len()],
        }),
    }
}

proptest! {
    #[test]
    fn requests_are_unpacked_as_they_were(all in vec(request(), 0..20)) {
        hold(&all)?;
    }

    #[test]
    fn connections_are_unpacked_as_they_were(all in vec(connection(), 0..20)) {
        hold(&all)?;
    }

    #[test]
    fn tasks_are_unpacked_as_they_were(all in vec(task(), 0..20)) {
        hold(&all)?;
    }

    #[test]
    fn workers_are_unpacked_as_they_were(all in vec((request(), any::<bool>()), 0..20)) {
        let side = |client| if client { Side::Client } else { Side::Server };
        hold(&all.iter().map(|(r, c)| worker(r, side(*c))).collect::<Vec<_>>())?;
    }

    #[test]
    fn numbers_are_read_as_they_were_written(n: u64, s: i64, a: u32, b: u32) {
        let mut bytes = Vec::new();
        let mut writer = Writer(&mut bytes);
        writer.number(n);
        writer.signed(s);
        writer.after(a, b);
        let mut reader = Reader(&bytes);
        prop_assert_eq!((reader.number(), reader.signed(), reader.after(a)), (n, s, b));
        prop_assert!(reader.0.is_empty());
        prop_assert_eq!(reader.number(), 0, "there is no more");
    }
}

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(1_700_000_000_000_000_000 + ns)
}

/// What an ordinary run notes of request `n`.
fn ordinary(n: u32) -> (RequestNote, ConnectionNote) {
    let start = i64::from(n) * 50_000;
    let port = 32_768 + u16::try_from(n % 28_000).unwrap();
    let client = Endpoint::new([127, 0, 0, 1].into(), port);
    let request = RequestNote {
        number: n.into(),
        taken_by: Some((WorkerId(n), Pid(100), Tid(200))),
        started: Some(at(start)),
        connect: Some(at(start + 2_000)),
        connected: Some(at(start + 31_000)),
        ended: Some(at(start + 1_250_000)),
        client: Some(client),
        outcome: Outcome::Valid,
        errno: 0,
        got: None,
    };
    let connection = ConnectionNote {
        client,
        accepted: at(start + 60_000),
        accepted_by: (Pid(101), Tid(101)),
        served: Some(at(start + 400_000)),
        served_by: Some((Pid(101), Tid(300 + n))),
        closed: Some(at(start + 900_000)),
    };
    (request, connection)
}

/// What notes take in memory is a promise to long runs.
#[test]
fn an_ordinary_note_takes_few_bytes() {
    const N: u32 = 20_000;
    let requests: Packed<RequestNote> = (0..N).map(|n| ordinary(n).0).collect();
    let connections: Packed<ConnectionNote> = (0..N).map(|n| ordinary(n).1).collect();
    let per = |bytes: usize| bytes / N as usize;
    assert!(per(requests.bytes()) <= 24, "{}", per(requests.bytes()));
    assert!(
        per(connections.bytes()) <= 24,
        "{}",
        per(connections.bytes())
    );
    // What grows is never twice as long as it has to be.
    assert!(requests.bytes.capacity() <= requests.bytes() * 5 / 4);
    assert!(requests.iter().eq((0..N).map(|n| ordinary(n).0)));
}
