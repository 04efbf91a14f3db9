//! Flows, and the lines of `workers.jsonl`, as columns.

use super::clock::Clock;
use super::columns::{Base, Table};
use super::texts::Texts;
use super::words::Say;
use crate::model::{Exchange, FlowRecord, Handshake, Outcome, Provenance, Timestamp, WorkerRecord};
use crate::report::problem;

/// Records as rows of a table.
struct Rows<'a, R> {
    table: Table,
    records: &'a [R],
    clock: Clock,
}

impl<R> Rows<'_, R> {
    fn number<N: TryInto<i64>>(
        &mut self,
        name: &'static str,
        base: Base,
        of: impl Fn(&R) -> Option<N>,
    ) {
        let values = self.records.iter();
        self.table
            .column(name, base, values.map(|r| of(r)?.try_into().ok()));
    }

    fn time(&mut self, name: &'static str, of: impl Fn(&R) -> Option<Timestamp>) {
        let times = self.records.iter().map(of);
        let clock = self.clock;
        self.table
            .times(name, times.map(|t| t.map(|t| clock.at(t))));
    }

    fn text<T: AsRef<str>>(
        &mut self,
        name: &'static str,
        texts: &mut Texts,
        mut of: impl FnMut(&R) -> Option<T>,
    ) {
        let values = self.records.iter();
        let numbers = values.map(|r| texts.number(of(r)?.as_ref()));
        self.table.column(name, Base::Zero, numbers);
    }

    /// A word of our own.
    fn word(
        &mut self,
        name: &'static str,
        texts: &mut Texts,
        of: impl Fn(&R) -> Option<&'static str>,
    ) {
        let values = self.records.iter();
        let numbers = values.map(|r| texts.own(of(r)?));
        self.table.column(name, Base::Zero, numbers);
    }
}

/// A flow with the lines that tell of it.
struct Told<'a> {
    flow: &'a FlowRecord,
    client: Option<&'a WorkerRecord>,
    server: Option<&'a WorkerRecord>,
}

impl Told<'_> {
    fn first(&self) -> Option<&Exchange> {
        self.flow.exchanges.first()
    }

    fn handshake<T>(&self, of: impl Fn(&Handshake) -> Option<T>) -> Option<T> {
        self.flow.handshake.as_ref().and_then(of)
    }

    fn failed(&self, say: Say) -> bool {
        match self.client.and_then(|w| w.outcome) {
            Some(outcome) => outcome != Outcome::Valid,
            None => problem::on_the_wire(say.tables(), self.flow).is_some(),
        }
    }
}

/// The table of flows.
pub(super) fn flows(
    flows: &[&FlowRecord],
    client: &[Option<&WorkerRecord>],
    server: &[Option<&WorkerRecord>],
    clock: Clock,
    texts: &mut Texts,
) -> Table {
    use Base::Previous;
    let lines = client.iter().zip(server);
    let told: Vec<Told<'_>> = flows
        .iter()
        .zip(lines)
        .map(|(flow, (client, server))| Told {
            flow,
            client: *client,
            server: *server,
        })
        .collect();
    let mut rows = Rows {
        table: Table::new(told.len()),
        records: &told,
        clock,
    };
    rows.number("flow", Previous, |t| Some(t.flow.flow.0));
    rows.text("client_ip", texts, |t| Some(t.flow.client.ip.to_string()));
    rows.number("client_port", Previous, |t| Some(t.flow.client.port));
    rows.text("server", texts, |t| Some(t.flow.server.to_string()));

    moments(&mut rows);
    wire(&mut rows, texts);
    owners(&mut rows, texts);
    rows.table
}

/// All times, in the order of an ordinary flow, so that each finds one that is near.
fn moments(rows: &mut Rows<'_, Told<'_>>) {
    rows.time("first", |t| Some(t.flow.first_ns));
    rows.time("syn", |t| t.handshake(|h| Some(h.syn_ns)));
    rows.time("syn_ack", |t| t.handshake(|h| h.syn_ack_ns));
    rows.time("ack", |t| t.handshake(|h| h.ack_ns));
    rows.time("c_started", |t| t.client?.started_ns);
    rows.time("c_connected", |t| t.client?.connected_ns);
    rows.time("request", |t| t.first().map(|e| e.request_ns));
    rows.time("s_accepted", |t| t.server?.connected_ns);
    rows.time("s_started", |t| t.server?.started_ns);
    rows.time("response", |t| t.first()?.response_ns);
    rows.time("client_closed", |t| t.flow.client_closed_ns);
    rows.time("server_closed", |t| t.flow.server_closed_ns);
    rows.time("last", |t| Some(t.flow.last_ns));
    rows.time("c_ended", |t| t.client?.ended_ns);
    rows.time("s_ended", |t| t.server?.ended_ns);
}

/// What the wire shows.
fn wire(rows: &mut Rows<'_, Told<'_>>, texts: &mut Texts) {
    use Base::Zero;
    let say = texts.say;
    rows.number("syn_count", Zero, |t| t.handshake(|h| Some(h.syn_count)));
    rows.number("exchanges", Zero, |t| t.flow.requests());
    rows.number("exchanges_seen", Zero, |t| Some(t.flow.requests_seen()));
    rows.text("incomplete", texts, |t| {
        let reasons = t
            .flow
            .incomplete
            .iter()
            .map(|why| say.lang.incomplete(*why));
        let reasons: Vec<&str> = reasons.collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    });
    rows.text("answer", texts, |t| {
        t.first()?.answer.map(|a| a.to_string())
    });
    rows.number("valid", Zero, |t| t.first()?.valid);
    rows.word("state", texts, |t| Some(t.flow.state.name()));
    rows.word("close", texts, |t| Some(say.tables().close(t.flow.close)));
    rows.text("history", texts, |t| Some(&t.flow.history));
    rows.number("client_frames", Zero, |t| Some(t.flow.client_frames));
    rows.number("server_frames", Zero, |t| Some(t.flow.server_frames));
    rows.number("client_bytes", Zero, |t| t.flow.client_stream_bytes);
    rows.number("server_bytes", Zero, |t| t.flow.server_stream_bytes);
    rows.number("resent", Zero, |t| {
        let (client, server) = (t.flow.client_retransmissions, t.flow.server_retransmissions);
        Some(client.saturating_add(server))
    });
}

/// Who made it, who served it, and what became of it.
fn owners(rows: &mut Rows<'_, Told<'_>>, texts: &mut Texts) {
    use Base::{Column, Previous, Zero};
    let say = texts.say;
    rows.number("worker", Previous, |t| {
        t.flow.client_owner.map(|o| o.worker.0)
    });
    rows.number("client_pid", Previous, |t| {
        t.flow.client_owner.map(|o| o.pid.0)
    });
    rows.number("client_tid", Previous, |t| {
        t.flow.client_owner.map(|o| o.tid.0)
    });
    rows.word("client_how", texts, |t| {
        t.flow.client_owner.map(|o| Provenance::name(o.provenance))
    });
    rows.number("server_pid", Previous, |t| {
        t.flow.server_owner.map(|o| o.pid.0)
    });
    rows.number("accept_tid", Previous, |t| {
        Some(t.flow.server_owner?.accept_tid?.0)
    });
    rows.number("serve_tid", Previous, |t| {
        Some(t.flow.server_owner?.serve_tid?.0)
    });
    rows.number("send_tid", Column("serve_tid"), |t| {
        Some(t.flow.server_owner?.send_tid?.0)
    });
    rows.word("server_how", texts, |t| {
        t.flow.server_owner.map(|o| Provenance::name(o.provenance))
    });
    rows.word("outcome", texts, |t| t.client?.outcome.map(Outcome::name));
    rows.number("failed", Zero, |t| Some(t.failed(say)));
    rows.text("problem", texts, |t| {
        problem::of_flow(say.tables(), t.flow, t.client)
    });
}

/// The requests after the first of each of these flows.
pub(super) fn exchanges(flows: &[&FlowRecord], clock: Clock, texts: &mut Texts) -> Table {
    let more: Vec<(usize, &Exchange)> = flows
        .iter()
        .enumerate()
        .flat_map(|(row, flow)| flow.exchanges.iter().skip(1).map(move |e| (row, e)))
        .collect();
    let mut rows = Rows {
        table: Table::new(more.len()),
        records: &more,
        clock,
    };
    rows.number("row", Base::Previous, |(row, _)| Some(*row));
    rows.time("request", |(_, e)| Some(e.request_ns));
    rows.time("response", |(_, e)| e.response_ns);
    rows.text("answer", texts, |(_, e)| e.answer.map(|a| a.to_string()));
    rows.number("valid", Base::Zero, |(_, e)| e.valid);
    let lang = texts.say.lang;
    rows.text("problem", texts, |(_, e)| {
        e.problem.as_deref().map(|problem| lang.kept(problem))
    });
    rows.table
}

/// Lines that tell of no flow.
pub(super) fn others(lines: &[&WorkerRecord], clock: Clock, texts: &mut Texts) -> Table {
    use Base::{Previous, Zero};
    let say = texts.say;
    let mut rows = Rows {
        table: Table::new(lines.len()),
        records: lines,
        clock,
    };
    rows.word("side", texts, |w| Some(w.side.name()));
    rows.number("worker", Previous, |w| w.worker.map(|w| w.0));
    rows.number("request_number", Previous, |w| w.request);
    rows.number("pid", Previous, |w| w.pid.map(|p| p.0));
    rows.number("tid", Previous, |w| w.tid.map(|t| t.0));
    rows.time("started", |w| w.started_ns);
    rows.time("connected", |w| w.connected_ns);
    rows.time("ended", |w| w.ended_ns);
    rows.text("client", texts, |w| w.client.map(|c| c.to_string()));
    rows.word("outcome", texts, |w| w.outcome.map(Outcome::name));
    rows.number("failed", Zero, |w| w.outcome.map(|o| o != Outcome::Valid));
    rows.text("problem", texts, |w| problem::of_worker(say.tables(), w));
    rows.table
}
