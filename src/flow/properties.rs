//! What must hold whatever comes in.

use proptest::collection::vec;
use proptest::prelude::*;

use super::FlowConfig;
use super::testkit::{Spoken, client, client_at, flow, flows_with, opened, server};
use crate::model::{Exchange, TcpFlags};

/// A stream cut at the given places, each piece at its sequence number.
fn pieces(bytes: &[u8], cuts: &[usize]) -> Vec<(u32, Vec<u8>)> {
    let mut at: Vec<usize> = cuts.iter().map(|c| c % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2)
        .filter(|w| w[0] < w[1])
        .map(|w| (u32::try_from(w[0]).unwrap(), bytes[w[0]..w[1]].to_vec()))
        .collect()
}

const ASKED: &[u8] = b"TIME\r\nTIME\r\nTIME\r\n";
const ANSWERED: &[u8] = b"JAM 10:20:30\r\nBAD\r\nJAM 10:20:32\r\n";

/// Pieces in some order, some of them twice.
fn disordered(n: usize) -> impl Strategy<Value = (Vec<usize>, Vec<prop::sample::Index>)> {
    (
        vec(0usize..64, 0..n),
        vec(any::<prop::sample::Index>(), 0..n * 2),
    )
}

fn said(
    from_client: bool,
    bytes: &[u8],
    (cuts, order): &(Vec<usize>, Vec<prop::sample::Index>),
) -> Vec<Spoken> {
    let pieces = pieces(bytes, cuts);
    let mut sequence: Vec<usize> = order.iter().map(|i| i.index(pieces.len())).collect();
    sequence.extend((0..pieces.len()).rev());
    sequence
        .into_iter()
        .map(|i| {
            let (at, text) = &pieces[i];
            if from_client {
                client().says(101 + at, 301, text)
            } else {
                server().says(301 + at, 101 + u32::try_from(ASKED.len()).unwrap(), text)
            }
        })
        .collect()
}

fn told(exchanges: &[Exchange]) -> Vec<(Option<String>, Option<bool>, Option<String>)> {
    exchanges
        .iter()
        .map(|e| {
            (
                e.answer.map(|a| a.to_string()),
                e.valid,
                e.problem.clone().map(String::from),
            )
        })
        .collect()
}

fn any_segment() -> impl Strategy<Value = Spoken> {
    (
        (0u16..4, any::<bool>(), any::<u8>()),
        (any::<u8>(), any::<u8>(), any::<bool>()),
        prop_oneof![
            vec(any::<u8>(), 0..40),
            Just(b"TIME\r\n".to_vec()),
            Just(b"JAM 10:20:30\r\n".to_vec())
        ],
        (0usize..8, any::<bool>(), -5i64..50),
    )
        .prop_map(
            |((port, back, flags), (seq, ack, far), payload, (cut, closed, ms))| {
                let speaker = client_at(port);
                let speaker = if back { speaker.other() } else { speaker };
                let base = if far { u32::MAX - 90 } else { 0 };
                let kept = payload.len().saturating_sub(cut);
                let s = speaker
                    .send(
                        TcpFlags(flags & 0x3f),
                        base.wrapping_add(seq.into()),
                        base.wrapping_add(ack.into()),
                        &payload,
                    )
                    .cut_to(kept)
                    .at_ms(ms);
                if closed { s.window(0) } else { s }
            },
        )
}

proptest! {
    #[test]
    fn exchanges_do_not_depend_on_how_the_stream_was_sent(
        asked in disordered(6),
        answered in disordered(12),
    ) {
        let mut spoken = opened(said(true, ASKED, &asked));
        spoken.extend(said(false, ANSWERED, &answered));
        let f = flow(&spoken);
        let whole = flow(&opened([
            client().says(101, 301, ASKED),
            server().says(301, 119, ANSWERED),
        ]));
        prop_assert_eq!(told(&f.exchanges), told(&whole.exchanges));
        prop_assert_eq!(f.client_stream_bytes, Some(ASKED.len() as u64));
        prop_assert_eq!(f.server_stream_bytes, Some(ANSWERED.len() as u64));
    }

    #[test]
    fn stream_bytes_are_distinct_bytes(
        parts in vec((0u32..200, 1u32..30), 1..40),
        base in any::<u32>(),
    ) {
        let mut seen = std::collections::HashSet::new();
        let spoken: Vec<_> = parts
            .iter()
            .map(|&(at, len)| {
                seen.extend(at..at + len);
                client().says(base.wrapping_add(at), 1, &vec![b'x'; len as usize])
            })
            .collect();
        prop_assert_eq!(flow(&spoken).client_stream_bytes, Some(seen.len() as u64));
    }

    #[test]
    fn nothing_is_lost_and_nothing_panics(
        spoken in vec(any_segment(), 0..200),
        max_flows in 1usize..6,
        max_closed_flows in 0usize..4,
    ) {
        let config = FlowConfig { max_flows, max_closed_flows, time_port: None };
        let (all, counts) = flows_with(config, &spoken);
        let frames: u64 = all.iter().map(|f| f.client_frames + f.server_frames).sum();
        prop_assert_eq!(frames, spoken.len() as u64);
        prop_assert_eq!(counts.seen, all.len() as u64);
        prop_assert!(counts.closed <= counts.seen && counts.with_syn <= counts.seen);
        prop_assert!(counts.with_syn_closed <= counts.closed.min(counts.with_syn));
        for f in &all {
            prop_assert!(f.client_stream_bytes <= Some(f.client_payload_bytes));
            prop_assert!(f.server_stream_bytes <= Some(f.server_payload_bytes));
            for e in &f.exchanges {
                let text = e.problem.as_deref().unwrap_or_default();
                prop_assert!(text.len() < 250 && text.bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }
    }
}
