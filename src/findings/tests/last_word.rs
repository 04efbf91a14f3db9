//! A client's last word, told apart from a request that nobody answered.

use crate::model::{FlowRecord, Nanos};
use crate::testkit::Fixture;

/// A flow of a protocol that nobody here knows: an answered request, then a word.
fn spoken(history: &str, closes_after_ms: i64) -> FlowRecord {
    let mut flow = Fixture::normal(1).flows[0].clone();
    for exchange in &mut flow.exchanges {
        exchange.valid = None;
    }
    let mut word = flow.exchanges[0].clone();
    word.response_ns = None;
    let closes = Nanos::new(closes_after_ms * 1_000_000);
    flow.client_closed_ns = Some(word.request_ns.plus(closes));
    flow.exchanges.push(word);
    history.clone_into(&mut flow.history);
    flow
}

#[test]
fn who_closes_at_once_has_said_a_last_word() {
    let flow = spoken("ShADadFf", 1);
    assert!(flow.has_last_word() && !flow.is_unanswered());
    // Closing is an answer to one, too.
    let flow = spoken("ShADadfF", 500);
    assert!(flow.has_last_word() && !flow.is_unanswered());
}

#[test]
fn who_waits_or_speaks_time_wants_an_answer() {
    let waits = spoken("ShADadFf", 500);
    assert!(!waits.has_last_word() && waits.is_unanswered());
    let mut time = spoken("ShADadFf", 1);
    time.exchanges[0].valid = Some(true);
    assert!(!time.has_last_word());
    let mut answered = spoken("ShADadFf", 1);
    answered.exchanges.pop();
    assert!(!answered.has_last_word() && !answered.is_unanswered());
    let mut more = spoken("ShADadFf", 1);
    more.exchanges_omitted = 1;
    assert!(!more.has_last_word());
}
