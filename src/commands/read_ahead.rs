//! Reading and decoding a capture in a second thread, ahead of the flow table.
//!
//! Both halves cost about as much, and neither needs the other's state.
//! Segments travel in batches, with their payload copied into the batch; the
//! batches travel back to be filled again, so that memory stays as it is.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::analysis::Front;
use crate::capfile::{CaptureReader, ReadError};
use crate::model::Segment;

/// Segments of a batch.
const SEGMENTS: usize = 1024;

/// Payload bytes of a batch, about.
const PAYLOAD_BYTES: usize = 256 * 1024;

/// Batches on their way at a time.
const BATCHES: usize = 4;

/// Of a live input: with less than this at hand, what was read is handed over.
const FEW_BYTES: usize = 16 * 1024;

/// Of a live input: nothing came for so long.
const IDLE: Duration = Duration::from_secs(1);

/// What there is to take.
pub enum Next<'a> {
    /// A segment, with its frame's number.
    Segment(u64, &'a Segment<'a>),
    /// The input is silent; only of one that is live.
    Idle,
}

/// Segments with their payload.
#[derive(Default)]
struct Batch {
    /// The frame's number, the segment without its payload, the payload's
    /// place.
    segments: Vec<(u64, Segment<'static>, usize, usize)>,
    payload: Vec<u8>,
}

impl Batch {
    fn clear(&mut self) {
        self.segments.clear();
        self.payload.clear();
    }

    #[inline]
    fn push(&mut self, frame: u64, segment: Segment<'_>) {
        let at = self.payload.len();
        self.payload.extend_from_slice(segment.payload);
        let length = segment.payload.len();
        let segment = Segment {
            payload: &[],
            time: segment.time,
            source: segment.source,
            destination: segment.destination,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            payload_len: segment.payload_len,
            wire_len: segment.wire_len,
            vni: segment.vni,
        };
        self.segments.push((frame, segment, at, length));
    }

    fn is_full(&self) -> bool {
        self.segments.len() >= SEGMENTS || self.payload.len() >= PAYLOAD_BYTES
    }
}

/// Reads a capture to its end and gives every segment to `take`, until that says
/// `false`. `front` decodes. Of a live input they come as they are read, and its silence is told.
/// Returns what was counted, and why the end came early if it did.
pub fn read_ahead<R: Read + Send>(
    reader: &mut CaptureReader<R>,
    live: bool,
    front: Front,
    mut take: impl FnMut(Next<'_>) -> bool,
) -> (Front, Option<ReadError>) {
    let (give_full, full) = sync_channel::<Batch>(BATCHES);
    let (give_empty, empty) = sync_channel::<Batch>(BATCHES + 1);
    thread::scope(|scope| {
        let ahead = scope.spawn(move || read(reader, live, front, &give_full, &empty));
        let wait = if live { IDLE } else { Duration::MAX };
        'taking: loop {
            let mut batch = match full.recv_timeout(wait) {
                Ok(batch) => batch,
                Err(RecvTimeoutError::Timeout) if take(Next::Idle) => continue,
                Err(_) => break,
            };
            for (frame, segment, at, length) in &batch.segments {
                // Most carry nothing, and need not be copied.
                let goes_on = if *length == 0 {
                    take(Next::Segment(*frame, segment))
                } else {
                    let segment = Segment {
                        payload: &batch.payload[*at..*at + *length],
                        ..*segment
                    };
                    take(Next::Segment(*frame, &segment))
                };
                if !goes_on {
                    break 'taking;
                }
            }
            batch.clear();
            // It fails when the reader is done: then nobody needs it.
            let _ = give_empty.try_send(batch);
        }
        drop(full);
        match ahead.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The reading half: ends at the end of the capture, or when nobody takes any more.
fn read<R: Read>(
    reader: &mut CaptureReader<R>,
    live: bool,
    mut front: Front,
    full: &SyncSender<Batch>,
    empty: &Receiver<Batch>,
) -> (Front, Option<ReadError>) {
    let mut batch = Batch::default();
    let hand_over = |batch: &mut Batch| {
        let next = empty.try_recv().unwrap_or_default();
        match full.send(std::mem::replace(batch, next)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let damage = loop {
        match reader.next() {
            Ok(Some(frame)) => {
                front.take(&frame, &mut |number, segment| batch.push(number, segment));
                let now = live && reader.at_hand() < FEW_BYTES && !batch.segments.is_empty();
                if (now || batch.is_full()) && hand_over(&mut batch).is_break() {
                    break None;
                }
            }
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    let _ = hand_over(&mut batch);
    (front, damage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capfile::PcapWriter;
    use crate::model::{Frame, LinkType, Timestamp};

    /// A capture of so many TCP frames, each with its number as payload.
    fn capture(frames: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = PcapWriter::new(&mut bytes, LinkType::RAW, 0).unwrap();
        for n in 0..frames {
            let mut ip = vec![0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0, 0];
            ip.extend_from_slice(&[127, 0, 0, 1, 127, 0, 0, 1, 0x80, 1, 0xaf, 0xc8]);
            ip.extend_from_slice(&n.to_be_bytes());
            ip.extend_from_slice(&[0, 0, 0, 0, 0x50, 0x10, 1, 0, 0, 0, 0, 0]);
            ip.extend_from_slice(&n.to_be_bytes());
            writer
                .write(&Frame {
                    time: Timestamp::from_nanos(i64::from(n)),
                    link: LinkType::RAW,
                    wire_len: 44,
                    bytes: &ip,
                })
                .unwrap();
        }
        drop(writer);
        bytes
    }

    #[test]
    fn every_segment_comes_in_its_order_with_its_payload() {
        for frames in [0, 1, 1023, 1024, 1025, 10_000] {
            let bytes = capture(frames);
            let mut reader = CaptureReader::open(&bytes[..]).unwrap();
            let mut next = 0u32;
            let (front, damage) = read_ahead(&mut reader, false, Front::default(), |told| {
                let Next::Segment(frame, segment) = told else {
                    panic!("a file is never silent");
                };
                assert_eq!(frame, u64::from(next) + 1);
                assert_eq!(segment.payload, next.to_be_bytes());
                next += 1;
                true
            });
            assert_eq!((next, front.frames()), (frames, u64::from(frames)));
            assert!(damage.is_none());
        }
    }

    #[test]
    fn damage_comes_after_what_was_before_it() {
        let mut bytes = capture(3000);
        bytes.truncate(bytes.len() - 1);
        let mut reader = CaptureReader::open(&bytes[..]).unwrap();
        let mut taken = 0;
        let (_, damage) = read_ahead(&mut reader, false, Front::default(), |_| {
            taken += 1;
            true
        });
        assert_eq!((taken, damage.unwrap().frame), (2999, 3000));
    }

    #[test]
    fn who_has_enough_is_not_waited_for() {
        let bytes = capture(100_000);
        let mut reader = CaptureReader::open(&bytes[..]).unwrap();
        let mut taken = 0;
        let _ = read_ahead(&mut reader, false, Front::default(), |_| {
            taken += 1;
            taken < 10
        });
        assert_eq!(taken, 10);
    }

    /// A pipe of which one end is written when the test says so.
    #[test]
    fn a_live_input_is_told_as_it_comes_and_when_it_is_silent() {
        use std::io::Write;
        let bytes = capture(3);
        let (reads, mut writes) = std::io::pipe().unwrap();
        writes.write_all(&bytes[..24 + 2 * 60]).unwrap();
        let mut reader = CaptureReader::open(reads).unwrap();
        let (mut told, mut idle) = (Vec::new(), 0);
        let mut writes = Some(writes);
        let (front, damage) = read_ahead(&mut reader, true, Front::default(), |next| {
            match next {
                Next::Segment(frame, _) => told.push(frame),
                Next::Idle => {
                    assert_eq!(told, [1, 2]);
                    idle += 1;
                    if let Some(mut writes) = writes.take() {
                        writes.write_all(&bytes[24 + 2 * 60..]).unwrap();
                    }
                }
            }
            true
        });
        assert_eq!((front.frames(), told.len(), idle), (3, 3, 1));
        assert!(damage.is_none());
    }
}
