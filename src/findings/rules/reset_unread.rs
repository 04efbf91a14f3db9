//! `reset_unread`: one side ended connections with RST although data had come that it
//! may not have read.

use crate::findings::FindingsInput;
use crate::findings::evidence::{count_of, is_lossy};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{FlowRecord, Severity, Side};
use crate::wording::reset_unread;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Connections were reset, and data may not have been read",
        severities: &[Severity::Info],
        means: "This side sent RST on connections on which data of the other side had come. Where a \
             program closes a socket, or ends, while data waits in it that was not read, the kernel \
             sends RST in place of FIN (RFC 2525, 2.17); it also does so for SO_LINGER with a time \
             of 0, for connect(2) with AF_UNSPEC, which disconnects a socket, for data that comes after the socket was closed, and for a FIN that comes when the \
             socket is gone, as where the kernel has no room for more of them in TIME-WAIT \
             (net.ipv4.tcp_max_tw_buckets). The other side then gets ECONNRESET, and what it had not read yet may be lost to it.",
        look_at: "The frames before the RST: which data was the last to come, and had this side sent \
             FIN before?",
        to_do: "Let this side read until the end of the stream (recv(2) returns 0) before it closes \
             the socket, and wait for threads that still read before the program ends.",
        filter: Some("tcp.port == {port} && tcp.flags.reset == 1"),
        evidence: &[
            ("side", "`client` or `server`: who sent the RST"),
            ("flows", "how many flows"),
            (
                "after_close",
                "those on which the data came after this side had sent FIN",
            ),
            (
                "after_fin",
                "those on which this side had sent FIN after the data, and before the RST",
            ),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    if is_lossy(input) {
        return Vec::new();
    }
    let sides = [Side::Client, Side::Server].into_iter();
    sides.filter_map(|side| of_side(input, side)).collect()
}

fn of_side(input: &FindingsInput<'_>, side: Side) -> Option<Conclusion> {
    let resets = || input.flows.iter().filter(|flow| resets(flow, side));
    let flows = count_of(resets());
    let late = count_of(resets().filter(|flow| has_closed(flow, side)));
    let after_fin = count_of(resets().filter(|flow| sent_fin_later(flow, side)));
    let unread = flows.saturating_sub(late).saturating_sub(after_fin);
    let peer = match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    };
    let mut said = Vec::new();
    said.extend((late > 0).then(|| reset_unread::late(side, late, peer)));
    said.extend((unread > 0).then(|| reset_unread::unread(side, unread, peer)));
    said.extend((after_fin > 0).then(|| reset_unread::after_fin(side, after_fin, peer)));
    (flows > 0).then(|| {
        says(said)
            .with("side", side.to_string())
            .with("flows", flows)
            .with("after_close", late)
            .with("after_fin", after_fin)
    })
}

/// Whether a side sent RST on an established connection on which data of the other
/// side had come. In Zeek's history the server's letters are small ones, and each
/// stands where it was first seen.
fn resets(flow: &FlowRecord, side: Side) -> bool {
    let (reset, data, others_data) = match side {
        Side::Client => ('R', 'd', flow.server_payload_bytes),
        Side::Server => ('r', 'D', flow.client_payload_bytes),
    };
    let (reset, data) = (flow.history.find(reset), flow.history.find(data));
    flow.is_established() && others_data > 0 && data < reset && data.is_some()
}

/// Whether it had sent FIN before the first data came.
fn has_closed(flow: &FlowRecord, side: Side) -> bool {
    let (fin, data) = match side {
        Side::Client => ('F', 'd'),
        Side::Server => ('f', 'D'),
    };
    let (fin, data) = (flow.history.find(fin), flow.history.find(data));
    fin.is_some() && fin < data
}

/// Whether it sent FIN after that, and then RST: it did not close with data unread, for
/// which the kernel sends RST in place of FIN; or it had sent FIN by shutdown(2) before. The
/// frames do not tell which.
fn sent_fin_later(flow: &FlowRecord, side: Side) -> bool {
    let (fin, reset) = match side {
        Side::Client => ('F', 'R'),
        Side::Server => ('f', 'r'),
    };
    let (fin, reset) = (flow.history.find(fin), flow.history.find(reset));
    fin.is_some() && fin < reset && !has_closed(flow, side)
}
