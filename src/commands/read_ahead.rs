//! Reading and decoding a capture in a second thread, ahead of its flows.
//!
//! One thread reads, decodes, and finds whose each segment is; the other has the flows
//! take them, and what becomes of the flows. Both halves cost about as much. Between them
//! go [`Steps`], which travel back to be filled again, so that memory stays as it is.

use std::cell::Cell;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::analysis::Front;
use crate::capfile::{CaptureReader, ReadError};
use crate::flow::{FlowIndex, Flows, Steps};
use crate::model::{FlowRecord, Nanos, Timestamp};

/// Batches on their way at a time.
const BATCHES: usize = 4;

/// Of a live input: with less than this at hand, what was read is handed over.
const FEW_BYTES: usize = 16 * 1024;

/// Of a live input: nothing came for so long.
const IDLE: Duration = Duration::from_secs(1);

/// What the reading half works on. The other one takes it when a live input is silent.
struct Ahead<'a> {
    front: &'a mut Front,
    index: &'a mut FlowIndex,
    /// What was not sent yet.
    steps: Steps,
}

/// Reads a capture to its end, and hands on the flows that have to make room, until
/// `take` says `false`. Of a `live` input they come as it is read: a flow that is closed
/// and then was silent for so long, by the capture's clock, and all that are closed
/// when nothing comes. Returns why the end came early if it did.
pub fn read_ahead<R: Read + Send>(
    reader: &mut CaptureReader<R>,
    live: Option<Nanos>,
    (front, index, flows): (&mut Front, &mut FlowIndex, &mut Flows),
    mut take: impl FnMut(FlowRecord) -> bool,
) -> Option<ReadError> {
    let (give_full, full) = sync_channel::<Steps>(BATCHES);
    let (give_empty, empty) = sync_channel::<Steps>(BATCHES + 1);
    let ahead = Mutex::new(Ahead {
        front,
        index,
        steps: Steps::default(),
    });
    let ahead = &ahead;
    thread::scope(|scope| {
        let read = scope.spawn(move || read(reader, live, ahead, &give_full, &empty));
        let wait = if live.is_some() { IDLE } else { Duration::MAX };
        let goes_on = Cell::new(true);
        let mut emit = |flow| goes_on.set(take(flow) && goes_on.get());
        loop {
            match full.recv_timeout(wait) {
                Ok(mut steps) => {
                    steps.take(flows, &mut emit);
                    // It fails when the reader is done: then nobody needs it.
                    let _ = give_empty.try_send(steps);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    // The reader waits for input. What it has said meanwhile comes first.
                    let mut ahead = locked(ahead);
                    let sent = full.try_iter();
                    sent.for_each(|mut steps| steps.take(flows, &mut emit));
                    let Ahead { index, steps, .. } = &mut *ahead;
                    steps.hand_on_closed(index, None);
                    steps.take(flows, &mut emit);
                }
            }
            if !goes_on.get() {
                break;
            }
        }
        drop(full);
        match read.join() {
            Ok(damage) => damage,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Up to when a closed flow has to have been silent, at this moment.
pub fn before(now: Timestamp, late: Nanos) -> Timestamp {
    now.plus(Nanos::new(-late.get()))
}

fn locked<'a, 'b>(ahead: &'a Mutex<Ahead<'b>>) -> MutexGuard<'a, Ahead<'b>> {
    ahead.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reading half: ends at the end of the capture, or when nobody takes any more.
fn read<R: Read>(
    reader: &mut CaptureReader<R>,
    live: Option<Nanos>,
    ahead: &Mutex<Ahead<'_>>,
    full: &SyncSender<Steps>,
    empty: &Receiver<Steps>,
) -> Option<ReadError> {
    let hand_over = |steps: &mut Steps| {
        let next = empty.try_recv().unwrap_or_default();
        match full.send(std::mem::replace(steps, next)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    // Held all the time, but for when a live input is waited for.
    let mut held = None;
    let damage = loop {
        let frame = match reader.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(e) => break Some(e),
        };
        let Ahead {
            front,
            index,
            steps,
        } = &mut **held.get_or_insert_with(|| locked(ahead));
        front.take(&frame, &mut |_, segment| steps.push(index, &segment));
        if let Some(late) = live {
            steps.hand_on_closed(index, Some(before(frame.time, late)));
        }
        let now = live.is_some() && reader.at_hand() < FEW_BYTES && !steps.is_empty();
        if (now || steps.is_full()) && hand_over(steps).is_break() {
            return None;
        }
        if live.is_some() {
            held = None;
        }
    };
    let _ = hand_over(&mut held.get_or_insert_with(|| locked(ahead)).steps);
    damage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analyzer;
    use crate::capfile::PcapWriter;
    use crate::flow::FlowConfig;
    use crate::model::{FlowId, Frame, LinkType};

    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;

    /// A capture of so many TCP frames, a second apart: of fifty ports in turn, each opens,
    /// says its number, and resets.
    fn capture(frames: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = PcapWriter::new(&mut bytes, LinkType::RAW, 0).unwrap();
        for n in 0..frames {
            let flags = [SYN, ACK, RST][(n / 50 % 3) as usize];
            let mut ip = vec![0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0, 0];
            ip.extend_from_slice(&[127, 0, 0, 1, 127, 0, 0, 1, 0x80]);
            ip.extend_from_slice(&[(n % 50) as u8, 0xaf, 0xc8]);
            ip.extend_from_slice(&(n / 50).to_be_bytes());
            ip.extend_from_slice(&[0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
            ip.extend_from_slice(&n.to_be_bytes());
            writer
                .write(&Frame {
                    time: Timestamp::from_nanos(i64::from(n) * 1_000_000_000),
                    link: LinkType::RAW,
                    wire_len: 44,
                    bytes: &ip,
                })
                .unwrap();
        }
        drop(writer);
        bytes
    }

    /// With room for so many flows.
    fn analyzer(max_flows: usize) -> Analyzer<'static> {
        let config = FlowConfig {
            max_flows,
            max_closed_flows: max_flows / 2,
            time_port: None,
        };
        Analyzer::new(config, None, None)
    }

    /// What is told of a capture: by two threads, or by one.
    fn told(bytes: &[u8], threads: usize) -> (Vec<FlowRecord>, u64, Option<u64>) {
        let mut reader = CaptureReader::open(bytes).unwrap();
        // Many have to make room.
        let (mut analyzer, mut flows) = (analyzer(40), Vec::new());
        let mut take = |flow| flows.push(flow);
        let damage = if threads == 2 {
            read_ahead(&mut reader, None, analyzer.halves().unwrap(), |flow| {
                take(flow);
                true
            })
        } else {
            loop {
                match reader.next() {
                    Ok(Some(frame)) => analyzer.frame(&frame, &mut take),
                    Ok(None) => break None,
                    Err(e) => break Some(e),
                }
            }
        };
        let timeline = analyzer.finish(&mut take);
        (flows, timeline.tcp_segments, damage.map(|e| e.frame))
    }

    #[test]
    fn two_threads_tell_what_one_does_in_the_same_order() {
        for frames in [0, 1, 1023, 1024, 1025, 10_000] {
            let bytes = capture(frames);
            let by_two = told(&bytes, 2);
            assert_eq!(by_two, told(&bytes, 1));
            assert_eq!((by_two.1, by_two.2), (frames.into(), None));
            assert_eq!(by_two.0.is_empty(), frames == 0);
        }
    }

    #[test]
    fn damage_comes_after_what_was_before_it() {
        let mut bytes = capture(3000);
        bytes.truncate(bytes.len() - 1);
        let by_two = told(&bytes, 2);
        assert_eq!(by_two, told(&bytes, 1));
        assert_eq!((by_two.1, by_two.2), (2999, Some(3000)));
    }

    #[test]
    fn who_has_enough_is_not_waited_for() {
        let bytes = capture(100_000);
        let mut reader = CaptureReader::open(&bytes[..]).unwrap();
        let mut analyzer = analyzer(40);
        let mut taken = 0;
        let halves = analyzer.halves().unwrap();
        let damage = read_ahead(&mut reader, None, halves, |_| {
            taken += 1;
            taken < 10
        });
        assert!(damage.is_none() && reader.frames() < 100_000);
        assert!(
            (10..2000).contains(&taken),
            "{taken}: the batch's are taken"
        );
    }

    /// A pipe of which one end is written when the test says so.
    #[test]
    fn a_live_input_is_told_as_it_comes_and_when_it_is_silent() {
        use std::io::Write;
        // Port 0 is closed by frame 100, port 1 by frame 101, six seconds before 107.
        let bytes = capture(152);
        let upto = |frames: usize| 24 + frames * 60;
        let (reads, mut writes) = std::io::pipe().unwrap();
        writes.write_all(&bytes[..upto(107)]).unwrap();
        let mut reader = CaptureReader::open(reads).unwrap();
        let mut analyzer = analyzer(1000);
        let mut told = Vec::new();
        let (mut writes, mut then) = (Some(writes), None);
        let halves = analyzer.halves().unwrap();
        let late = Nanos::new(5_000_000_000);
        let damage = read_ahead(&mut reader, Some(late), halves, |flow| {
            told.push(flow.flow);
            // Flows 0 and 1 were silent for long enough, 2 to 6 are told in the silence.
            if flow.flow == FlowId(6) && then.is_none() {
                then = Some(told.len());
                if let Some(mut writes) = writes.take() {
                    writes.write_all(&bytes[upto(107)..]).unwrap();
                }
            }
            true
        });
        assert!(damage.is_none());
        assert_eq!(then, Some(told.len().min(7)), "{told:?}");
        assert_eq!(told[..7], [0, 1, 2, 3, 4, 5, 6].map(FlowId));
        assert_eq!(analyzer.finish(&mut |_| {}).tcp_segments, 152);
    }
}
