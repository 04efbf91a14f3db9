//! What is written on a frame.

use std::fmt::Write;

use crate::model::{Endpoint, Exchange, FlowRecord, Pid, Segment, TcpFlags, Tid};

/// What the frames of a flow have in common.
pub(super) struct FlowNote<'a> {
    client: Endpoint,
    exchanges: &'a [Exchange],
    /// `flow=…`, and who stands at both ends.
    words: String,
    /// The process and thread at the client's end, and at the server's.
    senders: [Option<(Pid, Tid)>; 2],
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
        if let Some(owner) = &flow.server_owner {
            words.push_str(" server=");
            for (what, tid) in [("accept", owner.accept_tid), ("serve", owner.serve_tid)] {
                if let Some(tid) = tid {
                    let _ = write!(words, "{what}:{tid},");
                }
            }
            let _ = write!(words, "pid:{}", owner.pid);
        }
        Self {
            client: flow.client,
            exchanges: &flow.exchanges,
            words,
            senders: [
                flow.client_owner.map(|o| (o.pid, o.tid)),
                flow.server_owner.and_then(|o| Some((o.pid, o.serve_tid?))),
            ],
        }
    }

    /// Whose the end of the connection is that sent a segment. That the kernel
    /// sends many of them by itself (SYN-ACKs, acknowledgements) changes nothing
    /// of that.
    pub fn sender(&self, segment: &Segment<'_>) -> Option<(Pid, Tid)> {
        self.senders[usize::from(segment.source != self.client)]
    }

    /// Writes the comment of a segment.
    pub fn write(&self, segment: &Segment<'_>, comment: &mut String) {
        comment.push_str(&self.words);
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

/// Of the TIME protocol, or of another.
fn name(exchange: &Exchange, time: &'static str, other: &'static str) -> &'static str {
    if exchange.valid.is_some() {
        time
    } else {
        other
    }
}
