//! `unanswered_flows`: requests that the wire shows, and no answer to them.

use crate::findings::FindingsInput;
use crate::findings::evidence::{count_of, is_lossy, len};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Close, FlowRecord, Severity};
use crate::wording::unanswered_flows;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Requests on the wire were not answered",
        severities: &[Severity::Warning],
        means: "The capture shows a request on these flows and no answer after it. The \
             server did not answer, the connection broke, or the capture ended before the \
             answer came. A client's last word that wants no answer is none of these \
             (QUIT, PostgreSQL's Terminate, HTTP/2's GOAWAY): after it the client closes \
             at once, or the server closes a connection on which it has answered before.",
        look_at: "One of the flows in capture.pcap: the last frame shows which side stopped. \
             Its number is in the message.",
        to_do: "If the server had received the request (its kernel acknowledged it) and was \
             silent, look at the thread that served the flow, and in server.log.",
        filter: Some("tcp.dstport == {port} && tcp.len > 0"),
        evidence: &[
            ("flows", "how many flows"),
            ("first", "the numbers of the first ten"),
        ],
    },
    judge: Judge::Once(judge),
};

/// How many flow numbers are named.
const NAMED: usize = 10;

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    if is_lossy(input) {
        return None;
    }
    // Where the watch was over before the connection, the answer may come yet.
    let goes_on = |flow: &FlowRecord| input.run.plan.watched && flow.close == Close::Open;
    let unanswered = || {
        let flows = input.own_flows();
        flows.filter(|flow| flow.is_unanswered() && !goes_on(flow))
    };
    let flows = count_of(unanswered());
    if flows == 0 {
        return None;
    }
    let named: Vec<u64> = unanswered().take(NAMED).map(|f| f.flow.0).collect();
    let numbers: Vec<String> = named.iter().map(u64::to_string).collect();
    let sentence = unanswered_flows::silent(flows, &numbers, flows > len(&named));
    Some(says(sentence).with("flows", flows).with("first", named))
}
