//! Repeated SYNs, and acknowledgements of what was not captured: each line is what
//! tshark 4.0 says of the same conversation.

use crate::model::{Nanos, TcpFlags};

use super::testkit::{Spoken, client, flow, opened, server};

/// What the client sent again and out of order, after a handshake with a round trip
/// of 2 ms.
fn counts(then: impl IntoIterator<Item = Spoken>) -> (u64, u64) {
    let f = flow(&opened(then));
    (f.client_retransmissions, f.client_out_of_order)
}

#[test]
fn after_a_repeated_syn_what_lies_beyond_a_hole_is_new() {
    let (c, s) = (client(), server());
    let (hole, syn) = (c.says(111, 301, &[0; 10]).at_ms(10), c.syn(100).at_ms(11));
    let fill = c.says(101, 301, &[0; 10]).at_ms(12);
    let again = c.says(111, 301, &[0; 10]).at_ms(12);
    // The SYN itself was sent again; what fills the hole, and what follows, is new.
    assert_eq!(
        counts([hole.clone(), syn.clone(), fill.clone(), again]),
        (1, 0)
    );
    // Without the SYN the hole is filled late: out of order within the round trip.
    assert_eq!(counts([hole.clone(), fill.clone().at_ms(11)]), (0, 1));
    assert_eq!(counts([hole.clone(), fill.clone()]), (1, 0));
    // What was acknowledged beyond the hole is known to have been sent.
    let acked = s.ack(301, 121).at_ms(10);
    let all = c.says(101, 301, &[0; 30]).at_ms(12);
    assert_eq!(counts([hole, acked, syn.clone(), all]), (1, 1));
    // A reset far ahead is such a hole too.
    assert_eq!(counts([c.rst(1101).at_ms(10), syn, fill]), (1, 0));
    // A repeated SYN-ACK moves nothing.
    let f = flow(&opened([
        s.says(311, 101, &[0; 10]).at_ms(10),
        s.syn_ack(300, 101).at_ms(11),
        s.says(301, 101, &[0; 10]).at_ms(20),
    ]));
    assert_eq!((f.server_retransmissions, f.server_out_of_order), (1, 1));
}

#[test]
fn an_ack_of_unseen_data_stands_for_duplicate_acks() {
    let (c, s) = (client(), server());
    let start = [
        c.says(101, 301, &[0; 10]).at_ms(10),
        c.says(121, 301, &[0; 10]).at_ms(11),
        s.ack(301, 111).at_ms(11),
    ];
    let after = |then: &[Spoken]| counts(start.iter().chain(then).cloned());
    let fill = |ack| c.says(111, ack, &[0; 5]).at_ms(12);
    let beyond = c.ack(131, 351).at_ms(11);
    assert_eq!(after(&[fill(301)]), (0, 1));
    // The client has had bytes of the server that the capture has not: nor may it
    // have the server's duplicates.
    assert_eq!(after(&[fill(351)]), (1, 0));
    assert_eq!(after(&[beyond.clone(), fill(351)]), (1, 0));
    // Until the server is heard again: it asks for something else, or once more.
    let other = s.ack(301, 112).at_ms(11);
    let next = c.says(112, 301, &[0; 5]).at_ms(12);
    assert_eq!(after(&[beyond.clone(), other, next]), (0, 1));
    assert_eq!(
        after(&[beyond, s.ack(301, 111).at_ms(11), fill(301)]),
        (0, 1)
    );
}

#[test]
fn a_refusal_is_no_round_trip() {
    let (c, s) = (client(), server());
    let refused = s.rst(0).with(TcpFlags::ACK).at_ms(5);
    let rtt = |spoken: &[Spoken]| flow(spoken).initial_rtt_ns.map(|n| n.get() / 1_000_000);
    assert_eq!(rtt(&[c.syn(100).at_ms(0), refused.clone()]), None);
    let given_up = c.rst(101).with(TcpFlags::ACK).at_ms(9);
    let answer = s.syn_ack(300, 101).at_ms(5);
    assert_eq!(rtt(&[c.syn(100).at_ms(0), answer.clone(), given_up]), None);
    // An attempt that is made good later counts from its own SYN.
    let later = [
        c.syn(100).at_ms(0),
        refused,
        c.syn(100).at_ms(20),
        answer.at_ms(24),
        c.ack(101, 301).at_ms(27),
    ];
    assert_eq!(rtt(&later), Some(7));
    // Nor is one negative, where the capture's clock was set back.
    assert_eq!(rtt(&[c.syn(100).at_ms(9), c.ack(101, 301).at_ms(2)]), None);
}

#[test]
fn a_handshake_whose_syn_was_captured_last_has_no_duration() {
    let (c, s) = (client(), server());
    let f = flow(&[
        s.syn_ack(300, 101).at_ms(1),
        c.ack(101, 301).at_ms(2),
        c.syn(100).at_ms(3),
    ]);
    let handshake = f.handshake.unwrap();
    assert!(handshake.ack_ns.is_some());
    assert_eq!(handshake.duration(), None);
    let whole = flow(&opened([])).handshake.unwrap();
    assert_eq!(whole.duration(), Some(Nanos::new(2_000_000)));
}
