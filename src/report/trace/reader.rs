//! For tests only: reads a trace, and holds it to what its readers rely on.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use flate2::read::GzDecoder;

/// A field of a message: a number, or bytes.
#[derive(Clone, Debug, PartialEq)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Field {
    fn number(&self) -> u64 {
        match self {
            Self::Number(n) => *n,
            Self::Bytes(_) => panic!("a number: {self:?}"),
        }
    }

    fn message(&self) -> Message {
        match self {
            Self::Bytes(bytes) => message(bytes),
            Self::Number(_) => panic!("a message: {self:?}"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            Self::Number(_) => panic!("a text: {self:?}"),
        }
    }
}

type Message = BTreeMap<u64, Vec<Field>>;

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a varint ends");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

fn message(mut bytes: &[u8]) -> Message {
    let mut fields = Message::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let length = match tag & 7 {
            0 => {
                let value = Field::Number(varint(&mut bytes));
                fields.entry(tag >> 3).or_default().push(value);
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)).unwrap(),
            other => panic!("wire type {other}"),
        };
        let (value, rest) = bytes.split_at(length);
        bytes = rest;
        let value = match tag & 7 {
            1 => Field::Number(u64::from_le_bytes(value.try_into().unwrap())),
            _ => Field::Bytes(value.to_vec()),
        };
        fields.entry(tag >> 3).or_default().push(value);
    }
    fields
}

/// The one field of this number.
fn one(message: &Message, field: u64) -> Option<&Field> {
    let all = message.get(&field)?;
    assert_eq!(all.len(), 1, "field {field}");
    all.first()
}

/// A slice as a reader finds it: by name, on a track, from when to when; one without a
/// duration is among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Drawn {
    pub(super) name: String,
    pub(super) track: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) details: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The moment of time 0.
    pub(super) zero: i64,
    pub(super) slices: Vec<Drawn>,
    /// From and to which slice.
    pub(super) arrows: Vec<(usize, usize)>,
    pub(super) counters: BTreeMap<String, Vec<(u64, u64)>>,
    /// For each track the side and thread that it is of, and its name.
    pub(super) tracks: HashMap<u64, (String, Option<u64>, String)>,
}

/// Reads a trace as Perfetto's `trace_processor` does: first everything, then by time, and where
/// times are equal as it was written. A slice that ends is the one that began last on
/// its track.
pub(super) fn read(bytes: &[u8]) -> Reading {
    let mut all = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut all).unwrap();
    let mut texts = Texts::default();
    let mut told = Reading::default();
    let mut waiting = Vec::new();
    let packets = message(&all);
    assert!(packets.keys().eq([&1]));
    for packet in &packets[&1] {
        let packet = packet.message();
        assert_eq!(one(&packet, 10).unwrap().number(), 1);
        if let Some(snapshot) = one(&packet, 6) {
            told.zero = zero(&snapshot.message());
        }
        if let Some(interned) = one(&packet, 12) {
            assert_eq!(one(&packet, 13).unwrap().number(), 1);
            texts.intern(interned.message());
        }
        if let Some(track) = one(&packet, 60) {
            texts.track(&track.message(), &mut told);
        }
        if let Some(event) = one(&packet, 11) {
            assert_eq!(one(&packet, 13).unwrap().number(), 2);
            let at = one(&packet, 8).unwrap().number();
            waiting.push((at, event.message()));
        }
    }
    waiting.sort_by_key(|(at, _)| *at);
    let mut open: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut arrows: HashMap<u64, usize> = HashMap::new();
    for (at, event) in waiting {
        let track = one(&event, 11).unwrap().number();
        let kind = one(&event, 9).unwrap().number();
        if kind == 4 {
            let value = one(&event, 30).unwrap().number();
            let counter = texts.counters[&track].clone();
            told.counters.entry(counter).or_default().push((at, value));
            continue;
        }
        assert!(told.tracks.contains_key(&track));
        let open = open.entry(track).or_default();
        if kind == 2 {
            let begun = open.pop().expect("one that began");
            told.slices[begun].to = at;
            continue;
        }
        let place = told.slices.len();
        told.slices.push(texts.drawn(&event, track, at));
        if kind == 1 {
            assert!(open.is_empty(), "{:?} in another", told.slices[place]);
            open.push(place);
        } else {
            assert_eq!(kind, 3);
        }
        if let Some(arrow) = one(&event, 47) {
            assert_eq!(arrows.insert(arrow.number(), place), None);
        }
        if let Some(arrow) = one(&event, 48) {
            // One whose beginning comes later is drawn backwards, or not at all.
            let from = arrows.remove(&arrow.number()).expect("its beginning");
            told.arrows.push((from, place));
        }
    }
    assert!(open.values().all(Vec::is_empty), "a slice has no end");
    assert!(arrows.is_empty(), "an arrow has no end");
    told
}

fn zero(snapshot: &Message) -> i64 {
    let clocks = snapshot[&1].iter().map(Field::message);
    let clocks: BTreeMap<u64, u64> = clocks
        .map(|c| (one(&c, 1).unwrap().number(), one(&c, 2).unwrap().number()))
        .collect();
    assert_eq!((clocks[&6], one(snapshot, 2).unwrap().number()), (0, 6));
    clocks[&1].cast_signed()
}

/// Texts that are told once, and known by numbers.
#[derive(Default)]
struct Texts {
    interned: HashMap<(u64, u64), String>,
    processes: HashMap<u64, String>,
    counters: HashMap<u64, String>,
}

impl Texts {
    fn intern(&mut self, interned: Message) {
        for (kind, entries) in interned {
            for entry in entries {
                let entry = entry.message();
                let iid = one(&entry, 1).unwrap().number();
                assert!(iid > 0);
                let name = one(&entry, 2).unwrap().text();
                assert_eq!(self.interned.insert((kind, iid), name), None);
            }
        }
    }

    fn track(&mut self, track: &Message, told: &mut Reading) {
        let id = one(track, 1).unwrap().number();
        assert!(id > 0);
        let parent = one(track, 5).map(Field::number);
        if let Some(process) = one(track, 3) {
            let process = process.message();
            let name = one(&process, 6).unwrap().text();
            self.processes.insert(id, name);
            return;
        }
        if let Some(thread) = one(track, 4) {
            let thread = thread.message();
            let tid = one(&thread, 2).unwrap().number();
            let name = one(&thread, 5).unwrap().text();
            let side = self.processes[&parent.unwrap()].clone();
            told.tracks.insert(id, (side, Some(tid), name));
            return;
        }
        let name = one(track, 2).unwrap().text();
        if one(track, 8).is_some() {
            self.counters.insert(id, name);
            return;
        }
        let of = match parent {
            // A thread whose number came again: none to a reader, but a track of its own.
            Some(parent) if self.processes.contains_key(&parent) => {
                let (of, _) = name.rsplit_once(", life ").unwrap();
                let (_, tid) = of.rsplit_once(", tid ").unwrap();
                let tid = Some(tid.parse().unwrap());
                (self.processes[&parent].clone(), tid, name.clone())
            }
            Some(parent) => told.tracks[&parent].clone(),
            None => (String::new(), None, name.clone()),
        };
        // A lane has the name of what it is a lane of.
        assert_eq!(of.2, name);
        assert_eq!(told.tracks.insert(id, of), None);
    }

    fn drawn(&self, event: &Message, track: u64, at: u64) -> Drawn {
        let name = match one(event, 10) {
            Some(iid) => self.interned[&(2, iid.number())].clone(),
            None => one(event, 23).unwrap().text(),
        };
        let details = event.get(&4).into_iter().flatten().map(|detail| {
            let detail = detail.message();
            let name = self.interned[&(3, one(&detail, 1).unwrap().number())].clone();
            let number = one(&detail, 3).or(one(&detail, 2)).map(Field::number);
            let value = number.map(|n| n.to_string());
            (
                name,
                value.unwrap_or_else(|| one(&detail, 6).unwrap().text()),
            )
        });
        Drawn {
            name,
            track,
            from: at,
            to: at,
            details: details.collect(),
        }
    }
}

impl Reading {
    /// The slices of a name: flow, thread, from, to, in the record's own time.
    pub(super) fn named(&self, name: &str) -> Vec<(u64, Option<u64>, i64, i64)> {
        let mut found: Vec<_> = self
            .slices
            .iter()
            .filter(|s| s.name == name)
            .map(|s| {
                let at = |t: u64| self.zero + t.cast_signed();
                let flow = s.details["flow"].parse().unwrap();
                (flow, self.tracks[&s.track].1, at(s.from), at(s.to))
            })
            .collect();
        found.sort_unstable();
        found
    }

    pub(super) fn side(&self, slice: usize) -> &str {
        &self.tracks[&self.slices[slice].track].0
    }
}
