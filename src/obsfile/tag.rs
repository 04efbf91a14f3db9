//! The first item of a packed line: which fact it is, and of which side. The
//! client's tags are small letters, the server's the same in capitals.

use crate::model::Side;
use crate::model::observation::Counted;

/// Which fact a packed line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Started,
    Found,
    Executed,
    Named,
    ExitBegun,
    Ended,
    ThreadExiting,
    Listening,
    Connected,
    ConnectedElsewhere,
    Accepted,
    Received,
    Sent,
    Settled,
    Closed,
    Deferred,
    Disconnected,
    CalledPtrace,
    LookRefused,
    SetUpRing,
    Supervised,
    StrictRefused,
    /// A built-in side's note of a task.
    Task,
    /// The client's note of a request, the server's of a connection.
    Note,
    Sample,
}

/// Every kind with its letter, as a client's fact has it.
pub(super) const KINDS: [(Kind, u8); 25] = [
    (Kind::Started, b's'),
    (Kind::Found, b'f'),
    (Kind::Executed, b'e'),
    (Kind::Named, b'n'),
    (Kind::ExitBegun, b'b'),
    (Kind::Ended, b'x'),
    (Kind::ThreadExiting, b't'),
    (Kind::Listening, b'l'),
    (Kind::Connected, b'c'),
    (Kind::ConnectedElsewhere, b'h'),
    (Kind::Accepted, b'a'),
    (Kind::Received, b'r'),
    (Kind::Sent, b'w'),
    (Kind::Settled, b'i'),
    (Kind::Closed, b'j'),
    (Kind::Deferred, b'd'),
    (Kind::Disconnected, b'y'),
    (Kind::CalledPtrace, b'p'),
    (Kind::LookRefused, b'u'),
    (Kind::SetUpRing, b'o'),
    (Kind::Supervised, b'v'),
    (Kind::StrictRefused, b'g'),
    (Kind::Task, b'k'),
    (Kind::Note, b'q'),
    (Kind::Sample, b'm'),
];

/// The tag of a sample of the whole system.
pub(super) const SYSTEM: u8 = b'z';

impl Kind {
    /// Its letter.
    pub fn letter(self, side: Side) -> u8 {
        let letter = KINDS.iter().find(|(kind, _)| *kind == self);
        let letter = letter.map_or(b'?', |(_, letter)| *letter);
        match side {
            Side::Client => letter,
            Side::Server => letter.to_ascii_uppercase(),
        }
    }

    /// What a tag stands for.
    pub fn of(tag: &str) -> Option<(Self, Side)> {
        let [letter] = *tag.as_bytes() else {
            return None;
        };
        let side = if letter.is_ascii_uppercase() {
            Side::Server
        } else {
            Side::Client
        };
        let small = letter.to_ascii_lowercase();
        let kind = KINDS.iter().find(|(_, letter)| *letter == small)?;
        Some((kind.0, side))
    }
}

/// The tag of a sample.
pub(super) fn of_sample(of: Counted) -> u8 {
    match of {
        Counted::Client => Kind::Sample.letter(Side::Client),
        Counted::Server => Kind::Sample.letter(Side::Server),
        Counted::System => SYSTEM,
    }
}
