//! Lines of `workers.jsonl`, packed.

use super::Pack;
use super::bytes::{Reader, Writer, flags, has};
use super::notes::outcome;
use crate::model::{
    Nanos, Pid, Provenance, ServerOwner, Side, Tid, Timestamp, ToldConnection, WorkerId,
    WorkerRecord,
};

impl WorkerRecord {
    /// What the next line is told from: worker, request, ids, a moment.
    fn bases(before: Option<&Self>) -> (u32, u64, [u32; 2], i64) {
        let at = before.and_then(|b| b.started_ns.or(b.connected_ns));
        (
            before.and_then(|b| b.worker).map_or(0, |w| w.0),
            before
                .and_then(|b| b.request)
                .map_or(0, |r| r.wrapping_add(1)),
            [
                before.and_then(|b| b.pid).map_or(0, |p| p.0),
                before.and_then(|b| b.tid).map_or(0, |t| t.0),
            ],
            at.map_or(0, Timestamp::as_nanos),
        )
    }
}

impl Pack for WorkerRecord {
    fn pack(&self, before: Option<&Self>, to: &mut Writer<'_>) {
        let (worker, request, [pid, tid], mut base) = Self::bases(before);
        to.number(flags(&[
            self.side == Side::Server,
            self.worker.is_some(),
            self.request.is_some(),
            self.pid.is_some(),
            self.tid.is_some(),
            self.outcome.is_some(),
            self.client.is_some(),
            self.started_ns.is_some(),
            self.connected_ns.is_some(),
            self.ended_ns.is_some(),
            self.detail.is_some(),
            self.told.is_some(),
            self.due_ns.is_some(),
        ]));
        if let Some(own) = self.worker {
            to.after(worker, own.0);
        }
        if let Some(own) = self.request {
            to.signed(own.wrapping_sub(request).cast_signed());
        }
        if let Some(own) = self.pid {
            to.after(pid, own.0);
        }
        if let Some(own) = self.tid {
            to.after(tid, own.0);
        }
        if let Some(own) = self.outcome {
            to.byte(own as u8);
        }
        if let Some(own) = self.client {
            to.endpoint(before.and_then(|b| b.client), own);
        }
        for at in [
            self.started_ns,
            self.connected_ns,
            self.ended_ns,
            self.due_ns,
        ] {
            to.time(&mut base, at);
        }
        if let Some(own) = &self.detail {
            to.text(own);
        }
        if let Some(own) = &self.told {
            told(own, to);
        }
    }

    fn unpack(before: Option<&Self>, from: &mut Reader<'_>) -> Self {
        let (worker, request, [pid, tid], mut base) = Self::bases(before);
        let flags = from.number();
        let is_server = has(flags, 0);
        Self {
            side: if is_server {
                Side::Server
            } else {
                Side::Client
            },
            worker: has(flags, 1).then(|| WorkerId(from.after(worker))),
            request: has(flags, 2).then(|| request.wrapping_add(from.signed().cast_unsigned())),
            pid: has(flags, 3).then(|| Pid(from.after(pid))),
            tid: has(flags, 4).then(|| Tid(from.after(tid))),
            outcome: has(flags, 5).then(|| outcome(from.byte())),
            client: has(flags, 6).then(|| from.endpoint(before.and_then(|b| b.client))),
            started_ns: from.time(&mut base, has(flags, 7)),
            connected_ns: from.time(&mut base, has(flags, 8)),
            ended_ns: from.time(&mut base, has(flags, 9)),
            due_ns: from.time(&mut base, has(flags, 12)),
            detail: has(flags, 10).then(|| from.text().to_owned()),
            told: has(flags, 11).then(|| read_told(from)),
        }
    }
}

fn told(told: &ToldConnection, to: &mut Writer<'_>) {
    let owner = told.server_owner;
    let tids = owner.map(|o| [o.accept_tid, o.serve_tid, o.send_tid]);
    let has_tid = |place: usize| tids.is_some_and(|tids| tids[place].is_some());
    to.number(flags(&[
        told.handshake_ns.is_some(),
        told.exchange_ns.is_some(),
        told.accepted_after_ns.is_some(),
        told.requests.is_some(),
        told.answered.is_some(),
        owner.is_some(),
        has_tid(0),
        has_tid(1),
        has_tid(2),
    ]));
    let spans = [told.handshake_ns, told.exchange_ns, told.accepted_after_ns];
    for own in spans.into_iter().flatten() {
        to.signed(own.get());
    }
    for own in [told.requests, told.answered].into_iter().flatten() {
        to.number(own);
    }
    if let Some(owner) = owner {
        to.byte(owner.provenance as u8);
        to.number(u64::from(owner.pid.0));
        for tid in tids.into_iter().flatten().flatten() {
            to.after(owner.pid.0, tid.0);
        }
    }
}

fn read_told(from: &mut Reader<'_>) -> ToldConnection {
    let flags = from.number();
    let span = |from: &mut Reader<'_>, bit| has(flags, bit).then(|| Nanos::new(from.signed()));
    let count = |from: &mut Reader<'_>, bit| has(flags, bit).then(|| from.number());
    let [handshake_ns, exchange_ns, accepted_after_ns] = [0, 1, 2].map(|bit| span(from, bit));
    let [requests, answered] = [3, 4].map(|bit| count(from, bit));
    let server_owner = has(flags, 5).then(|| {
        let provenance = from.byte();
        let pid = u32::try_from(from.number()).unwrap_or_default();
        let [accept_tid, serve_tid, send_tid] =
            [6, 7, 8].map(|bit| has(flags, bit).then(|| Tid(from.after(pid))));
        ServerOwner {
            pid: Pid(pid),
            accept_tid,
            serve_tid,
            send_tid,
            provenance: Provenance::ALL
                .get(usize::from(provenance))
                .copied()
                .unwrap_or(Provenance::Sampled),
        }
    });
    ToldConnection {
        handshake_ns,
        exchange_ns,
        requests,
        answered,
        accepted_after_ns,
        server_owner,
    }
}
