//! The trace as Perfetto's protobuf: a `Trace` of `TracePacket`s. The numbers of the
//! fields are those of Perfetto's `protos/perfetto/trace`.

use std::io::{self, Write};

use strum::VariantArray;

use super::protobuf::Message;
use super::sink::{Arrow, DETAILS, Detail, Event, Name, Sink, Track, Value, What};
use crate::model::Timestamp;

/// `Trace`
mod trace {
    pub const PACKET: u64 = 1;
}

/// `TracePacket`
mod packet {
    pub const CLOCK_SNAPSHOT: u64 = 6;
    pub const TIMESTAMP: u64 = 8;
    pub const SEQUENCE_ID: u64 = 10;
    pub const TRACK_EVENT: u64 = 11;
    pub const INTERNED_DATA: u64 = 12;
    pub const SEQUENCE_FLAGS: u64 = 13;
    pub const TRACK_DESCRIPTOR: u64 = 60;

    /// Of the flags: all that was interned before is forgotten.
    pub const STATE_CLEARED: u64 = 1;
    /// Of the flags: what was interned is needed.
    pub const NEEDS_STATE: u64 = 2;
}

/// `ClockSnapshot`, its `Clock`, and the clocks' numbers
mod clock {
    pub const CLOCKS: u64 = 1;
    pub const PRIMARY: u64 = 2;
    pub const ID: u64 = 1;
    pub const TIMESTAMP: u64 = 2;
    pub const REALTIME: u64 = 1;
    /// The one that packets are timed by where nothing else is said.
    pub const BOOTTIME: u64 = 6;
}

/// `InternedData`, and its entries
mod interned {
    pub const EVENT_NAMES: u64 = 2;
    pub const DETAIL_NAMES: u64 = 3;
    pub const IID: u64 = 1;
    pub const NAME: u64 = 2;
}

/// `TrackDescriptor`, `ProcessDescriptor`, `ThreadDescriptor`, `CounterDescriptor`
mod track {
    pub const UUID: u64 = 1;
    pub const NAME: u64 = 2;
    pub const PROCESS: u64 = 3;
    pub const THREAD: u64 = 4;
    pub const PARENT: u64 = 5;
    pub const COUNTER: u64 = 8;
    pub const PROCESS_PID: u64 = 1;
    pub const PROCESS_NAME: u64 = 6;
    pub const THREAD_PID: u64 = 1;
    pub const THREAD_TID: u64 = 2;
    pub const THREAD_NAME: u64 = 5;
    pub const COUNTER_UNIT: u64 = 3;
    pub const UNIT_COUNT: u64 = 2;
}

/// `TrackEvent`
mod event {
    pub const DETAILS: u64 = 4;
    pub const TYPE: u64 = 9;
    pub const NAME_IID: u64 = 10;
    pub const TRACK: u64 = 11;
    pub const NAME: u64 = 23;
    pub const COUNTER_VALUE: u64 = 30;
    pub const FLOWS: u64 = 47;
    pub const ENDING_FLOWS: u64 = 48;

    pub const BEGIN: u64 = 1;
    pub const END: u64 = 2;
    pub const INSTANT: u64 = 3;
    pub const COUNTER: u64 = 4;
}

/// `DebugAnnotation`
mod detail {
    pub const NAME_IID: u64 = 1;
    pub const TRUTH: u64 = 2;
    pub const NUMBER: u64 = 3;
    pub const TEXT: u64 = 6;
}

/// All packets are of one sequence.
const SEQUENCE: u64 = 1;

/// The number 0 is the trace's own track.
fn uuid(track: u32) -> u64 {
    u64::from(track) + 1
}

/// A number by which a text of ours is known, from 1.
fn iid(place: Option<usize>) -> u64 {
    place.map_or(0, |place| place as u64 + 1)
}

/// Writes packets.
#[derive(Debug)]
pub(super) struct Perfetto<W> {
    out: W,
    buffer: Message,
}

impl<W: Write> Perfetto<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            buffer: Message::default(),
        }
    }

    fn packet(&mut self, build: impl FnOnce(&mut Message)) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.message(trace::PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, SEQUENCE);
            build(packet);
        });
        self.out.write_all(self.buffer.bytes())
    }

    fn timed(&mut self, at: u64, build: impl FnOnce(&mut Message)) -> io::Result<()> {
        self.packet(|packet| {
            packet.number(packet::TIMESTAMP, at);
            packet.number(packet::SEQUENCE_FLAGS, packet::NEEDS_STATE);
            packet.message(packet::TRACK_EVENT, build);
        })
    }
}

impl<W: Write> Sink for Perfetto<W> {
    fn start(&mut self, zero: Timestamp) -> io::Result<()> {
        // The UI shows times from the first one on where they are small, and the time of
        // day where it knows this.
        if let Ok(zero) = u64::try_from(zero.as_nanos()) {
            self.packet(|packet| {
                packet.message(packet::CLOCK_SNAPSHOT, |snapshot| {
                    for (id, time) in [(clock::BOOTTIME, 0), (clock::REALTIME, zero)] {
                        snapshot.message(clock::CLOCKS, |clock| {
                            clock.number(clock::ID, id);
                            clock.number(clock::TIMESTAMP, time);
                        });
                    }
                    snapshot.number(clock::PRIMARY, clock::BOOTTIME);
                });
            })?;
        }
        self.packet(|packet| {
            packet.number(packet::SEQUENCE_FLAGS, packet::STATE_CLEARED);
            packet.message(packet::INTERNED_DATA, |interned| {
                let names = Name::VARIANTS.iter().map(|name| name.text());
                let of_events = names.map(|name| (interned::EVENT_NAMES, name));
                for (place, (field, name)) in of_events.enumerate() {
                    intern(interned, field, place, name);
                }
                for (place, name) in DETAILS.into_iter().enumerate() {
                    intern(interned, interned::DETAIL_NAMES, place, name);
                }
            });
        })
    }

    fn track(&mut self, id: u32, what: Track<'_>) -> io::Result<()> {
        self.packet(|packet| {
            packet.message(packet::TRACK_DESCRIPTOR, |descriptor| {
                descriptor.number(track::UUID, uuid(id));
                match what {
                    Track::Process { pid, name } => {
                        descriptor.message(track::PROCESS, |process| {
                            process.number(track::PROCESS_PID, pid.0.into());
                            process.text(track::PROCESS_NAME, name);
                        });
                    }
                    Track::Thread {
                        process,
                        pid,
                        tid,
                        name,
                    } => {
                        descriptor.number(track::PARENT, uuid(process));
                        descriptor.message(track::THREAD, |thread| {
                            thread.number(track::THREAD_PID, pid.0.into());
                            thread.number(track::THREAD_TID, tid.0.into());
                            thread.text(track::THREAD_NAME, name);
                        });
                    }
                    // To the trace processor a number is a thread: of one that came again
                    // all would stand on the first one's track.
                    Track::Again { process, name, .. } => {
                        descriptor.number(track::PARENT, uuid(process));
                        descriptor.text(track::NAME, name);
                    }
                    Track::Other { name } => descriptor.text(track::NAME, name),
                    Track::Lane { of, name, .. } => {
                        descriptor.number(track::PARENT, uuid(of));
                        descriptor.text(track::NAME, name);
                    }
                    Track::Counter { name } => {
                        descriptor.text(track::NAME, name);
                        descriptor.message(track::COUNTER, |counter| {
                            counter.number(track::COUNTER_UNIT, track::UNIT_COUNT);
                        });
                    }
                }
            });
        })
    }

    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        self.timed(event.at, |message| {
            let (kind, name) = match event.what {
                What::Begin(name, _) => (event::BEGIN, Some(name)),
                What::End => (event::END, None),
                What::Mark(name) => (event::INSTANT, Some(name)),
                What::Note(_) => (event::INSTANT, None),
            };
            message.number(event::TYPE, kind);
            message.number(event::TRACK, uuid(event.track));
            if let Some(name) = name {
                let place = Name::VARIANTS.iter().position(|known| *known == name);
                message.number(event::NAME_IID, iid(place));
            }
            if let What::Note(text) = event.what {
                message.text(event::NAME, text);
            }
            match event.arrow {
                Some(Arrow::From(number)) => message.fixed(event::FLOWS, number),
                Some(Arrow::To(number)) => message.fixed(event::ENDING_FLOWS, number),
                None => {}
            }
            for detail in event.details {
                message.message(event::DETAILS, |message| tell(message, detail));
            }
        })
    }

    fn count(&mut self, track: u32, at: u64, value: u64) -> io::Result<()> {
        self.timed(at, |message| {
            message.number(event::TYPE, event::COUNTER);
            message.number(event::TRACK, uuid(track));
            message.number(event::COUNTER_VALUE, value);
        })
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn intern(interned: &mut Message, field: u64, place: usize, name: &str) {
    interned.message(field, |entry| {
        entry.number(interned::IID, iid(Some(place)));
        entry.text(interned::NAME, name);
    });
}

fn tell(message: &mut Message, (name, value): &Detail<'_>) {
    let place = DETAILS.iter().position(|known| known == name);
    message.number(detail::NAME_IID, iid(place));
    match *value {
        Value::Number(number) => message.number(detail::NUMBER, number),
        Value::Truth(truth) => message.number(detail::TRUTH, truth.into()),
        Value::Text(text) => message.text(detail::TEXT, text),
    }
}
