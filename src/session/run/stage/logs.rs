//! What the programs print: into their logs, and what the logs tell at the end.

use std::fs::File;
use std::time::Duration;

use super::super::NotSaved;
use super::super::side_log::SideLog;
use super::Stage;
use crate::model::Side;
use crate::model::observation::{Fact, Output, Trouble};
use crate::text::exceptions::ExceptionReader;

/// How long what was printed may take to get into its log, when everybody who printed
/// has ended.
const LOG_PATIENCE: Duration = Duration::from_secs(2);

impl Stage<'_> {
    /// What the programs have printed is looked at when nobody prints any more.
    pub(super) fn read_logs(&mut self) {
        for side in Side::ALL {
            if self.log.observation().side(side).program().is_none() {
                continue;
            }
            let mut reader = ExceptionReader::default();
            self.store
                .read(side.log_file(), &mut |piece| reader.read(piece));
            let (exceptions, first, last_line) = reader.finish();
            let output = Output {
                exceptions,
                first,
                last_line,
            };
            self.log.put(Fact::Output { side, output });
        }
    }

    /// A file for what a side prints. Without one the run is made all the same.
    pub(super) fn log_of(&mut self, side: Side) -> Option<File> {
        let name = side.log_file();
        match self.store.log(name) {
            Ok(file) => Some(file),
            Err(source) => {
                self.not_saved.push(NotSaved::whole(name, source));
                None
            }
        }
    }

    /// Nobody prints any more: tells what became of it.
    pub(super) fn end_log(&mut self, log: Option<SideLog>) {
        let Some((side, end)) = log.map(|log| log.end(LOG_PATIENCE)) else {
            return;
        };
        let (printed_bytes, limit_bytes) = (end.printed, end.limit);
        if let Some(source) = end.error {
            self.log.put(Fact::Trouble(Trouble::LogNotSaved {
                side,
                error: source.to_string(),
                saved_bytes: end.saved,
            }));
            self.not_saved.push(NotSaved {
                file: side.log_file().to_owned(),
                kept_bytes: Some(end.saved),
                source,
            });
        } else if printed_bytes > limit_bytes && end.saved == limit_bytes {
            // Of one that could not be made that is told.
            self.log.put(Fact::Trouble(Trouble::LogCut {
                side,
                printed_bytes,
                limit_bytes,
            }));
        }
    }
}
