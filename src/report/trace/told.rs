//! The events of a flow: its slices begin and end, and arrows lead from one to another.

use std::io;

use super::sink::{Arrow, Detail, Event, Name, Sink, Track, Value, What};
use super::slices::Slice;
use crate::model::{Close, Exchange, FlowRecord, Outcome, Side, Timestamp, WorkerRecord};
use crate::report::join::Joined;
use crate::text::escape::printable;

/// A story under way.
pub(super) struct Told<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) zero: Timestamp,
    /// The next track's number.
    next: u32,
    /// For each thread the number of its first track; its lanes follow.
    pub(super) base: Vec<u32>,
    arrows: u64,
}

impl<'a> Told<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, zero: Timestamp) -> Self {
        Self {
            sink,
            zero,
            next: 0,
            base: Vec::new(),
            arrows: 0,
        }
    }
}

impl Told<'_> {
    /// A time as the trace has it.
    pub(super) fn at(&self, time: Timestamp) -> u64 {
        // Of a saved run times may be anything: two of them can be 584 years apart.
        time.as_nanos().abs_diff(self.zero.as_nanos())
    }

    /// A further track.
    pub(super) fn new_track(&mut self, track: Track<'_>) -> io::Result<u32> {
        let id = self.next;
        self.next += 1;
        self.sink.track(id, track)?;
        Ok(id)
    }

    fn event(
        &mut self,
        slice: &Slice,
        at: Timestamp,
        what: What<'_>,
        arrow: Option<Arrow>,
        details: &[Detail<'_>],
    ) -> io::Result<()> {
        let first = self.base.get(slice.thread as usize).copied();
        self.sink.event(Event {
            track: first.unwrap_or_default() + slice.lane,
            at: self.at(at),
            what,
            arrow,
            details,
        })
    }

    fn begin(
        &mut self,
        slice: &Slice,
        arrow: Option<Arrow>,
        details: &[Detail<'_>],
    ) -> io::Result<()> {
        let what = What::Begin(slice.name, self.at(slice.to));
        self.event(slice, slice.from, what, arrow, details)
    }

    fn end(&mut self, slice: &Slice) -> io::Result<()> {
        self.event(slice, slice.to, What::End, None, &[])
    }

    /// A flow's slices and arrows. Where times are equal the order of writing decides:
    /// causes come before effects.
    pub(super) fn flow(
        &mut self,
        flow: &FlowRecord,
        slices: &[Slice],
        joined: &Joined<'_>,
        place: usize,
    ) -> io::Result<()> {
        let number = ("flow", Value::Number(flow.flow.0));
        let serve = slices.iter().find(|s| s.name == Name::Serve);
        let mut exchanges = flow.exchanges.iter();
        for slice in slices {
            match slice.name {
                Name::Connect | Name::NotEstablished => {
                    self.connect(flow, slice, joined.client[place])?;
                }
                Name::Serve => {
                    let how = flow.server_owner.map_or("", |o| o.provenance.name());
                    self.begin(slice, None, &[number, ("provenance", Value::Text(how))])?;
                    // Its end comes after what happens meanwhile.
                    continue;
                }
                Name::Accept => {
                    let ready = flow.handshake.and_then(|h| h.ack_ns);
                    let waited = ready.map(|ready| slice.to.since(ready).get());
                    let waited = waited.and_then(|ns| u64::try_from(ns).ok());
                    let waited = waited.map(|ns| ("in_queue_ns", Value::Number(ns)));
                    let details: Vec<_> = [number].into_iter().chain(waited).collect();
                    self.begin(slice, None, &details)?;
                }
                Name::Close => {
                    if let Some(serve) = serve {
                        self.end(serve)?;
                    }
                    self.close(flow, slice)?;
                }
                _ => {
                    if let Some(exchange) = exchanges.next() {
                        // The slice is of the thread that served the first one.
                        let its = flow.server_owner.and_then(|o| o.serve_tid);
                        let same = exchange.serve_tid.is_none_or(|tid| Some(tid) == its);
                        let serve = serve.filter(|_| same);
                        self.exchange(exchange, number, slice, serve)?;
                    }
                }
            }
            self.end(slice)?;
        }
        // Where nobody closed it.
        match serve {
            Some(serve) if slices.iter().all(|s| s.name != Name::Close) => self.end(serve),
            _ => Ok(()),
        }
    }

    fn connect(
        &mut self,
        flow: &FlowRecord,
        slice: &Slice,
        line: Option<&WorkerRecord>,
    ) -> io::Result<()> {
        let (client, server) = (flow.client.to_string(), flow.server.to_string());
        let history = printable(&flow.history);
        let mut details = vec![
            ("flow", Value::Number(flow.flow.0)),
            ("client", Value::Text(&client)),
            ("server", Value::Text(&server)),
            ("state", Value::Text(flow.state.name())),
            ("history", Value::Text(&history)),
        ];
        if let Some(handshake) = flow.handshake.filter(|h| h.syn_count > 1) {
            details.push(("syns", Value::Number(handshake.syn_count.into())));
        }
        if let Some(owner) = &flow.client_owner {
            details.push(("worker", Value::Number(owner.worker.0.into())));
            details.push(("provenance", Value::Text(owner.provenance.name())));
        }
        if let Some(outcome) = line.and_then(|l| l.outcome) {
            details.push(("outcome", Value::Text(outcome.name())));
        }
        self.begin(slice, None, &details)
    }

    fn exchange(
        &mut self,
        exchange: &Exchange,
        number: Detail<'_>,
        slice: &Slice,
        serve: Option<&Slice>,
    ) -> io::Result<()> {
        let answer = exchange.answer.map(|a| a.to_string());
        let problem = exchange.problem.as_deref().map(printable);
        let mut details = vec![number];
        details.extend(answer.as_deref().map(|a| ("answer", Value::Text(a))));
        details.extend(exchange.valid.map(|v| ("valid", Value::Truth(v))));
        details.extend(problem.as_deref().map(|p| ("problem", Value::Text(p))));
        // Nobody has a request that came after the server's end was closed.
        let serve = serve.filter(|serve| exchange.request_ns <= serve.to);
        let Some(serve) = serve else {
            return self.begin(slice, None, &details);
        };
        self.arrows += 1;
        self.begin(slice, Some(Arrow::From(self.arrows)), &details)?;
        // The thread may take it long after it has come.
        let taken = exchange.request_ns.max(serve.from);
        let arrow = Some(Arrow::To(self.arrows));
        self.event(serve, taken, What::Mark(Name::Request), arrow, &[number])?;
        let Some(answered) = exchange.response_ns else {
            return Ok(());
        };
        self.arrows += 1;
        let (from, to) = (Arrow::From(self.arrows), Arrow::To(self.arrows));
        let mark = What::Mark(Name::Answer);
        self.event(serve, answered, mark, Some(from), &[number])?;
        self.event(slice, answered, mark, Some(to), &[number])
    }

    fn close(&mut self, flow: &FlowRecord, slice: &Slice) -> io::Result<()> {
        let side = if flow.client_closed_ns == Some(slice.from) {
            Side::Client
        } else {
            Side::Server
        };
        let how = match flow.close {
            Close::Open => "one side only",
            close => close.name(),
        };
        let details = [
            ("flow", Value::Number(flow.flow.0)),
            ("by", Value::Text(side.name())),
            ("how", Value::Text(how)),
        ];
        self.begin(slice, None, &details)
    }

    /// A line that tells of no flow.
    pub(super) fn line(&mut self, line: &WorkerRecord, slices: &[Slice]) -> io::Result<()> {
        let detail = line.detail.as_deref().map(printable);
        let mut details = Vec::new();
        details.extend(line.worker.map(|w| ("worker", Value::Number(w.0.into()))));
        let outcome = line.outcome.map(Outcome::name);
        details.extend(outcome.map(|o| ("outcome", Value::Text(o))));
        details.extend(detail.as_deref().map(|d| ("detail", Value::Text(d))));
        for slice in slices {
            self.begin(slice, None, &details)?;
            self.end(slice)?;
        }
        Ok(())
    }
}
