//! What is said of each word of the model.

use super::Say;
use crate::model::{ConnState, Provenance, RunRecord, Side};
use crate::report::join::tells_lives;
use crate::report::words;

impl Say {
    /// Tables, in the same language: the page calls a thing as they do.
    pub(in crate::report::html) const fn tables(self) -> words::Say {
        words::Say::new(self.lang)
    }

    /// What a state means: Zeek's documentation of `conn_state`, in our words.
    pub(in crate::report::html) const fn meaning(self, state: ConnState) -> &'static str {
        match state {
            ConnState::S0 => self.s0(),
            ConnState::S1 => self.s1(),
            ConnState::SF => self.sf(),
            ConnState::REJ => self.rej(),
            ConnState::S2 => self.s2(),
            ConnState::S3 => self.s3(),
            ConnState::RSTO => self.rsto(),
            ConnState::RSTR => self.rstr(),
            ConnState::RSTOS0 => self.rstos0(),
            ConnState::RSTRH => self.rstrh(),
            ConnState::SH => self.sh(),
            ConnState::SHR => self.shr(),
            ConnState::OTH => self.oth(),
        }
    }

    /// How a count was obtained.
    pub(in crate::report::html) const fn how(self, provenance: Option<Provenance>) -> &'static str {
        match provenance {
            Some(Provenance::Instrumented) => self.how_instrumented(),
            Some(Provenance::Traced) => self.how_traced(),
            Some(Provenance::Matched) => self.how_matched(),
            Some(Provenance::Captured) => self.how_captured(),
            Some(Provenance::Sampled) => self.how_sampled(),
            None => self.not_counted(),
        }
    }

    /// What the three moments of a line of `workers.jsonl` are: its beginning, the
    /// connection, its end.
    pub(in crate::report::html) fn moments(self, run: &RunRecord, side: Side) -> [&'static str; 3] {
        let (connect, accept) = (self.connect_returned(), self.accepted());
        match (side, tells_lives(run, side)) {
            (Side::Client, false) => [self.request_begun(), connect, self.request_done()],
            (Side::Client, true) => [self.thread_began(), connect, self.thread_ended()],
            (Side::Server, false) => [self.received(), accept, self.closed()],
            (Side::Server, true) => [self.thread_began(), accept, self.thread_ended()],
        }
    }
}
