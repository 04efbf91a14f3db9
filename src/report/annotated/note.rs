//! What is written on a frame.

use std::fmt::Write;

use crate::model::{Endpoint, Exchange, FlowRecord, Pid, Segment, ServerOwner, TcpFlags, Tid};

/// What the frames of a flow have in common.
pub(super) struct FlowNote<'a> {
    client: Endpoint,
    exchanges: &'a [Exchange],
    /// `flow=…`, and who stands at the client's end.
    words: String,
    /// The same of the server's end.
    server: String,
    owner: Option<&'a ServerOwner>,
    /// Whether its exchanges were served by several threads.
    several: bool,
    /// The process and thread at the client's end, and at the server's.
    senders: [Option<(Pid, Tid)>; 2],
}

/// Who stands at the server's end.
fn server_words(owner: &ServerOwner, serving: Option<(Pid, Tid)>) -> String {
    let mut words = String::from(" server=");
    let serve = serving.map(|s| s.1);
    for (what, tid) in [("accept", owner.accept_tid), ("serve", serve)] {
        if let Some(tid) = tid {
            let _ = write!(words, "{what}:{tid},");
        }
    }
    let pid = serving.map_or(owner.pid, |s| s.0);
    let _ = write!(words, "pid:{pid}");
    words
}

impl<'a> FlowNote<'a> {
    pub fn of(flow: &'a FlowRecord) -> Self {
        let mut words = format!("flow={}", flow.flow);
        if let Some(owner) = &flow.client_owner {
            let _ = write!(
                words,
                " client=worker:{},pid:{},tid:{}",
                owner.worker, owner.pid, owner.tid
            );
        }
        let owner = flow.server_owner.as_ref();
        let serving = owner.and_then(|o| Some((o.pid, o.serve_tid?)));
        let by_another = |e: &Exchange| served(e).is_some_and(|by| Some(by) != serving);
        Self {
            client: flow.client,
            exchanges: &flow.exchanges,
            words,
            server: owner.map_or_else(String::new, |o| server_words(o, serving)),
            owner,
            several: flow.exchanges.iter().any(by_another),
            senders: [flow.client_owner.map(|o| (o.pid, o.tid)), serving],
        }
    }

    /// Whose the end of the connection is that sent a segment. That the kernel
    /// sends many of them by itself (SYN-ACKs, acknowledgements) changes nothing
    /// of that.
    pub fn sender(&self, segment: &Segment<'_>) -> Option<(Pid, Tid)> {
        if segment.source == self.client {
            return self.senders[0];
        }
        self.serving(segment).or(self.senders[1])
    }

    /// Who served the exchange that a segment belongs to, where that is not the same of
    /// all: the one whose request was the last to come or, of what the server sends,
    /// the one whose answer is not over.
    fn serving(&self, segment: &Segment<'_>) -> Option<(Pid, Tid)> {
        if !self.several {
            return None;
        }
        let all = self.exchanges;
        let at = if segment.source == self.client {
            let come = all.partition_point(|e| e.request_ns <= segment.time);
            come.checked_sub(1)?
        } else {
            let over = |e: &Exchange| e.response_ns.is_some_and(|r| r < segment.time);
            all.partition_point(over).min(all.len().checked_sub(1)?)
        };
        served(all.get(at)?)
    }

    /// Writes the comment of a segment.
    pub fn write(&self, segment: &Segment<'_>, comment: &mut String) {
        comment.push_str(&self.words);
        match (self.owner, self.serving(segment)) {
            (Some(owner), Some(by)) => comment.push_str(&server_words(owner, Some(by))),
            _ => comment.push_str(&self.server),
        }
        comment.push_str(" what=");
        let start = comment.len();
        let mut add = |word: &str| {
            if comment.len() > start {
                comment.push('+');
            }
            comment.push_str(word);
        };
        let flags = segment.flags;
        match (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK)) {
            (true, false) => add("SYN"),
            (true, true) => add("SYN-ACK"),
            (false, _) => {}
        }
        if segment.payload_len > 0 {
            add(self.payload(segment));
        }
        if flags.has(TcpFlags::FIN) {
            add("FIN");
        }
        if flags.has(TcpFlags::RST) {
            add("RST");
        }
        if comment.len() == start {
            comment.push_str(if flags.has(TcpFlags::ACK) {
                "ACK"
            } else {
                "none"
            });
        }
    }

    /// What a payload is, by the exchanges of the flow: the first frame of a
    /// request, the last one of an answer, or other data.
    fn payload(&self, segment: &Segment<'_>) -> &'static str {
        if segment.source == self.client {
            // Requests are listed in the order of their times.
            let at = self
                .exchanges
                .partition_point(|e| e.request_ns < segment.time);
            return match self.exchanges.get(at) {
                Some(e) if e.request_ns == segment.time => name(e, "TIME-request", "request"),
                _ => "data",
            };
        }
        let at = self
            .exchanges
            .partition_point(|e| e.response_ns.is_some_and(|r| r < segment.time));
        match self.exchanges.get(at) {
            Some(e) if e.response_ns == Some(segment.time) => name(e, "TIME-answer", "answer"),
            _ => "data",
        }
    }
}

/// Who served an exchange, where that is known.
fn served(exchange: &Exchange) -> Option<(Pid, Tid)> {
    exchange.serve_pid.zip(exchange.serve_tid)
}

/// Of the TIME protocol, or of another.
fn name(exchange: &Exchange, time: &'static str, other: &'static str) -> &'static str {
    if exchange.valid.is_some() {
        time
    } else {
        other
    }
}
