//! What the page calls things.

use crate::lang::Lang;
use crate::model::{ConnState, Provenance, RunRecord, Side};
use crate::report::join::tells_lives;
use crate::report::words::Say;

/// The page is in English.
pub(super) const ENGLISH: Say = Say::new(Lang::En);

/// What a state means: Zeek's documentation of `conn_state`, in our words.
pub(super) const fn meaning(state: ConnState) -> &'static str {
    match state {
        ConnState::S0 => "a SYN, and no reply",
        ConnState::S1 => "established, and still open at the end",
        ConnState::SF => "established and closed by both sides",
        ConnState::REJ => "refused: a RST answered the SYN",
        ConnState::S2 => "closed by the client only",
        ConnState::S3 => "closed by the server only",
        ConnState::RSTO => "established, reset by the client",
        ConnState::RSTR => "established, reset by the server",
        ConnState::RSTOS0 => "a SYN and a RST of the client, and no reply",
        ConnState::RSTRH => "a SYN-ACK and a RST of the server, and no SYN seen",
        ConnState::SH => "a SYN and a FIN of the client, and no reply",
        ConnState::SHR => "a SYN-ACK and a FIN of the server, and no SYN seen",
        ConnState::OTH => "no SYN seen: it began before the capture",
    }
}

/// How a count was obtained.
pub(super) const fn how(provenance: Option<Provenance>) -> &'static str {
    match provenance {
        Some(Provenance::Instrumented) => "exact: the built-in program noted every one",
        Some(Provenance::Traced) => "exact: ptrace(2) saw every one",
        Some(Provenance::Matched) => {
            "ptrace(2) told of the call; the socket was found by its inode (/proc/PID/fd)"
        }
        Some(Provenance::Captured) => "counted in the capture",
        Some(Provenance::Sampled) => {
            "read from proc(5) now and then: short-lived ones may be missing"
        }
        None => "not counted",
    }
}

/// What the three moments of a line of `workers.jsonl` are: its beginning, the
/// connection, its end.
pub(super) fn moments(run: &RunRecord, side: Side) -> [&'static str; 3] {
    match (side, tells_lives(run, side)) {
        (Side::Client, false) => ["request begun", "connect returned", "request done"],
        (Side::Client, true) => ["thread began", "connect returned", "thread ended"],
        (Side::Server, false) => ["first receive returned", "accept returned", "closed"],
        (Side::Server, true) => ["thread began", "accept returned", "thread ended"],
    }
}
