//! The log of a run: each fact is written to `observation.jsonl` as it comes, and
//! gathered for the record.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use crate::model::observation::{Fact, Header, Observation};
use crate::model::{Change, Pid};
use crate::obsfile::ObservationWriter;

/// How often what was written is handed to the system, so that a run that is
/// killed leaves what it had seen.
const HAND_ON_EVERY: Duration = Duration::from_millis(100);

/// The file's name.
pub const FILE: &str = "observation.jsonl";

type Out = ObservationWriter<BufWriter<Box<dyn Write + Send>>>;

/// The log.
pub struct Log {
    observation: Observation,
    out: Result<Out, io::Error>,
    handed_on: Duration,
}

impl Log {
    /// Begins it with its header. A file that cannot be written is told at the
    /// end: the run is made all the same.
    pub fn begin(header: Header, file: io::Result<Box<dyn Write + Send>>) -> Self {
        let first = Fact::Header(Box::new(header.clone()));
        let mut log = Self {
            observation: Observation::new(header),
            out: file.map(|file| ObservationWriter::new(BufWriter::with_capacity(1 << 16, file))),
            handed_on: Duration::ZERO,
        };
        log.write(|out| out.write(&first).and_then(|()| out.flush()));
        log
    }

    /// The processes whose ends an observer has told.
    pub fn ended(&self) -> HashSet<Pid> {
        let sides = [&self.observation.client, &self.observation.server];
        let events = sides.into_iter().flat_map(|side| &side.events);
        events
            .filter(|e| matches!(e.what, Change::Ended(_)) && e.pid.0 == e.tid.0)
            .map(|e| e.pid)
            .collect()
    }

    /// One more fact.
    pub fn put(&mut self, fact: Fact) {
        self.write(|out| out.write(&fact));
        // Without it nobody can tell which frames of the capture are the run's, and a run
        // may be killed at once.
        if matches!(fact, Fact::Target(_)) {
            self.write(ObservationWriter::flush);
        }
        self.observation.add(fact);
    }

    /// What was seen so far.
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// Hands on what was written, where that is due. `now`: the time that has
    /// passed.
    pub fn hand_on(&mut self, now: Duration) {
        if now.saturating_sub(self.handed_on) >= HAND_ON_EVERY {
            self.handed_on = now;
            self.write(ObservationWriter::flush);
        }
    }

    /// What was seen, and why the file is not whole, where it is not.
    pub fn finish(mut self) -> (Observation, Option<io::Error>) {
        self.write(ObservationWriter::flush);
        (self.observation, self.out.err())
    }

    fn write(&mut self, act: impl FnOnce(&mut Out) -> io::Result<()>) {
        if let Ok(out) = &mut self.out
            && let Err(e) = act(out)
        {
            // Nothing more is tried: what is in it is whole up to here.
            self.out = Err(e);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::model::observation::arbitrary::header;

    /// A file that several can look into.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn where_the_server_is_stands_in_the_file_of_a_run_that_is_killed_at_once() {
        let mut runner = TestRunner::deterministic();
        let header = header().new_tree(&mut runner).unwrap().current();
        let file = Shared::default();
        let mut log = Log::begin(header, Ok(Box::new(file.clone())));
        log.put(Fact::Target("127.0.0.1:45000".to_owned()));
        let written = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
        assert!(
            written.ends_with("{\"target\":\"127.0.0.1:45000\"}\n"),
            "{written}"
        );
    }
}
