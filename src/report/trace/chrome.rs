//! The trace in the Trace Event Format (JSON) of Chrome's tracing page.
//!
//! Slices are complete events (`X`), so that each holds its own duration; their arrows
//! are bound to them by number (`bind_id`). A thread's lane has a number beyond all
//! real ones, as the format knows threads only. Times are microseconds with three
//! decimals.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::sink::{Arrow, Event, Sink, Track, Value, What};
use crate::model::Timestamp;

/// Linux's `PID_MAX_LIMIT`: no thread has this number or a greater one.
const BEYOND: u32 = 1 << 22;

/// Where tracks that belong to no process stand.
const NOBODYS: u32 = 0;

/// The track's place in the format, by its id.
#[derive(Clone, Debug)]
struct Place {
    pid: u32,
    tid: u32,
    /// Of a counter, as JSON.
    name: String,
}

/// Writes events.
#[derive(Debug)]
pub(super) struct Chrome<W> {
    out: W,
    places: HashMap<u32, Place>,
    line: String,
    begun: bool,
}

impl<W: Write> Chrome<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            places: HashMap::new(),
            line: String::new(),
            begun: false,
        }
    }

    /// An event on a line of its own; `fields` are all but its braces.
    fn line(&mut self) -> io::Result<()> {
        let before: &[u8] = if self.begun { b",\n{" } else { b"\n{" };
        self.begun = true;
        self.out.write_all(before)?;
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        self.out.write_all(b"}")
    }

    fn named(&mut self, what: &str, place: &Place, name: &str) -> io::Result<()> {
        let Place { pid, tid, .. } = place;
        let name = json(name);
        let _ = write!(
            self.line,
            "\"ph\":\"M\",\"name\":\"{what}\",\"pid\":{pid},\"tid\":{tid},\"args\":{{\"name\":{name}}}"
        );
        self.line()
    }

    /// The place of a track.
    fn place(&self, track: u32) -> Place {
        let known = self.places.get(&track).cloned();
        known.unwrap_or(Place {
            pid: NOBODYS,
            tid: track.saturating_add(BEYOND),
            name: String::new(),
        })
    }
}

impl<W: Write> Sink for Chrome<W> {
    fn start(&mut self, zero: Timestamp) -> io::Result<()> {
        write!(
            self.out,
            "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"zero_ns\":\"{}\",\"clock\":\"CLOCK_REALTIME\"}},\"traceEvents\":[",
            zero.as_nanos()
        )?;
        let place = Place {
            pid: NOBODYS,
            tid: 0,
            name: String::new(),
        };
        self.named("process_name", &place, "run")
    }

    fn track(&mut self, id: u32, track: Track<'_>) -> io::Result<()> {
        let own = id.saturating_add(BEYOND);
        let (pid, tid, name) = match track {
            Track::Process { pid, name } => (pid.0, pid.0, name.to_owned()),
            Track::Thread { pid, tid, name, .. } => (pid.0, tid.0, format!("{name}, tid {tid}")),
            Track::Again { pid, name, .. } => (pid.0, own, name.to_owned()),
            Track::Other { name } => (NOBODYS, own, name.to_owned()),
            Track::Lane { pid, nth, name, .. } => {
                let pid = pid.map_or(NOBODYS, |pid| pid.0);
                (pid, own, format!("{name} ({})", nth + 1))
            }
            Track::Counter { name } => (NOBODYS, NOBODYS, name.to_owned()),
        };
        let place = Place {
            pid,
            tid,
            name: json(&name),
        };
        let what = match track {
            Track::Process { .. } => Some("process_name"),
            Track::Counter { .. } => None,
            _ => Some("thread_name"),
        };
        if let Some(what) = what {
            self.named(what, &place, &name)?;
        }
        self.places.insert(id, place);
        Ok(())
    }

    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        let (name, to) = match event.what {
            // The beginning has told of it.
            What::End => return Ok(()),
            What::Begin(name, to) => (name.text(), to),
            What::Mark(name) => (name.text(), event.at),
            What::Note(text) => (text, event.at),
        };
        let Place { pid, tid, .. } = self.place(event.track);
        let (name, at) = (json(name), micros(event.at));
        let long = micros(to.saturating_sub(event.at));
        // An instant can be no arrow's end.
        let _ = match (event.what, event.arrow) {
            (What::Note(_), _) => write!(self.line, "\"ph\":\"i\",\"s\":\"p\""),
            _ => write!(self.line, "\"ph\":\"X\",\"dur\":{long}"),
        };
        let _ = write!(
            self.line,
            ",\"name\":{name},\"cat\":\"threadtap\",\"pid\":{pid},\"tid\":{tid},\"ts\":{at}"
        );
        let _ = match event.arrow {
            Some(Arrow::From(n)) => write!(self.line, ",\"bind_id\":\"{n:#x}\",\"flow_out\":true"),
            Some(Arrow::To(n)) => write!(self.line, ",\"bind_id\":\"{n:#x}\",\"flow_in\":true"),
            None => Ok(()),
        };
        if !event.details.is_empty() {
            self.line.push_str(",\"args\":{");
            for (place, (name, value)) in event.details.iter().enumerate() {
                let comma = if place > 0 { "," } else { "" };
                let value = match *value {
                    Value::Number(n) => n.to_string(),
                    Value::Truth(truth) => truth.to_string(),
                    Value::Text(text) => json(text),
                };
                let _ = write!(self.line, "{comma}\"{name}\":{value}");
            }
            self.line.push('}');
        }
        self.line()
    }

    fn count(&mut self, track: u32, at: u64, value: u64) -> io::Result<()> {
        let Place { pid, name, .. } = self.place(track);
        let at = micros(at);
        let _ = write!(
            self.line,
            "\"ph\":\"C\",\"name\":{name},\"pid\":{pid},\"ts\":{at},\"args\":{{\"value\":{value}}}"
        );
        self.line()
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}

/// Microseconds, exact to the nanosecond.
fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}

/// A text as JSON writes it.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
