//! What the built-in sides noted, packed.

use super::Pack;
use super::bytes::{Reader, Writer, flags, has};
use crate::model::observation::{ConnectionNote, RequestNote, TaskNote};
use crate::model::{Outcome, Pid, Tid, Timestamp, WorkerId};

type Ids = (Pid, Tid);

fn base(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_nanos)
}

impl Writer<'_> {
    pub(super) fn ids(&mut self, before: Ids, (pid, tid): Ids) {
        self.after(before.0.0, pid.0);
        self.after(before.1.0, tid.0);
    }
}

impl Reader<'_> {
    pub(super) fn ids(&mut self, before: Ids) -> Ids {
        let pid = self.after(before.0.0);
        (Pid(pid), Tid(self.after(before.1.0)))
    }
}

pub(super) fn outcome(place: u8) -> Outcome {
    let all = Outcome::ALL;
    all.get(usize::from(place))
        .copied()
        .unwrap_or(Outcome::Other)
}

impl RequestNote {
    /// What the next note is told from: number, worker and ids, a moment.
    fn bases(before: Option<&Self>) -> (u64, (WorkerId, Pid, Tid), i64) {
        let by = before.and_then(|b| b.taken_by);
        (
            before.map_or(0, |b| b.number.wrapping_add(1)),
            by.unwrap_or((WorkerId(0), Pid(0), Tid(0))),
            base(before.and_then(|b| b.started)),
        )
    }
}

impl Pack for RequestNote {
    fn pack(&self, before: Option<&Self>, to: &mut Writer<'_>) {
        let (number, by, mut base) = Self::bases(before);
        to.number(flags(&[
            self.taken_by.is_some(),
            self.started.is_some(),
            self.connect.is_some(),
            self.connected.is_some(),
            self.ended.is_some(),
            self.client.is_some(),
            self.errno != 0,
            self.got.is_some(),
        ]));
        to.byte(self.outcome as u8);
        to.signed(self.number.wrapping_sub(number).cast_signed());
        for at in [self.started, self.connect, self.connected, self.ended] {
            to.time(&mut base, at);
        }
        if let Some((worker, pid, tid)) = self.taken_by {
            to.after(by.0.0, worker.0);
            to.ids((by.1, by.2), (pid, tid));
        }
        if let Some(client) = self.client {
            to.endpoint(before.and_then(|b| b.client), client);
        }
        if self.errno != 0 {
            to.number(self.errno.into());
        }
        if let Some(got) = &self.got {
            to.text(got);
        }
    }

    fn unpack(before: Option<&Self>, from: &mut Reader<'_>) -> Self {
        let (number, by, mut base) = Self::bases(before);
        let flags = from.number();
        let outcome = outcome(from.byte());
        let number = number.wrapping_add(from.signed().cast_unsigned());
        let [started, connect, connected, ended] =
            [1, 2, 3, 4].map(|bit| from.time(&mut base, has(flags, bit)));
        let taken_by = has(flags, 0).then(|| {
            let worker = WorkerId(from.after(by.0.0));
            let (pid, tid) = from.ids((by.1, by.2));
            (worker, pid, tid)
        });
        let client = has(flags, 5).then(|| from.endpoint(before.and_then(|b| b.client)));
        let errno = if has(flags, 6) { from.number() } else { 0 };
        Self {
            number,
            taken_by,
            started,
            connect,
            connected,
            ended,
            client,
            outcome,
            errno: u16::try_from(errno).unwrap_or(0),
            got: has(flags, 7).then(|| from.text().into()),
        }
    }
}

impl ConnectionNote {
    fn bases(before: Option<&Self>) -> (Ids, i64) {
        (
            before.map_or((Pid(0), Tid(0)), |b| b.accepted_by),
            base(before.map(|b| b.accepted)),
        )
    }
}

impl Pack for ConnectionNote {
    fn pack(&self, before: Option<&Self>, to: &mut Writer<'_>) {
        let (by, mut base) = Self::bases(before);
        to.number(flags(&[
            self.served.is_some(),
            self.served_by.is_some(),
            self.closed.is_some(),
        ]));
        to.endpoint(before.map(|b| b.client), self.client);
        for at in [Some(self.accepted), self.served, self.closed] {
            to.time(&mut base, at);
        }
        to.ids(by, self.accepted_by);
        if let Some(served_by) = self.served_by {
            to.ids(self.accepted_by, served_by);
        }
    }

    fn unpack(before: Option<&Self>, from: &mut Reader<'_>) -> Self {
        let (by, mut base) = Self::bases(before);
        let flags = from.number();
        let client = from.endpoint(before.map(|b| b.client));
        let accepted = from.time(&mut base, true).unwrap_or_default();
        let served = from.time(&mut base, has(flags, 0));
        let closed = from.time(&mut base, has(flags, 2));
        let accepted_by = from.ids(by);
        Self {
            client,
            accepted,
            accepted_by,
            served,
            served_by: has(flags, 1).then(|| from.ids(accepted_by)),
            closed,
        }
    }
}

impl TaskNote {
    fn bases(before: Option<&Self>) -> (Ids, i64) {
        (
            before.and_then(|b| b.ids).unwrap_or((Pid(0), Tid(0))),
            base(before.map(|b| b.started)),
        )
    }
}

impl Pack for TaskNote {
    fn pack(&self, before: Option<&Self>, to: &mut Writer<'_>) {
        let (ids, mut base) = Self::bases(before);
        to.number(flags(&[
            self.process,
            self.ids.is_some(),
            self.ended.is_some(),
        ]));
        to.time(&mut base, Some(self.started));
        to.time(&mut base, self.ended);
        if let Some(own) = self.ids {
            to.ids(ids, own);
        }
    }

    fn unpack(before: Option<&Self>, from: &mut Reader<'_>) -> Self {
        let (ids, mut base) = Self::bases(before);
        let flags = from.number();
        let started = from.time(&mut base, true).unwrap_or_default();
        let ended = from.time(&mut base, has(flags, 2));
        Self {
            process: has(flags, 0),
            ids: has(flags, 1).then(|| from.ids(ids)),
            started,
            ended,
        }
    }
}
