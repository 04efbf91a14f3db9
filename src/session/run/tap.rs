//! The capture of a run: the tap and the recorder in a thread of their own.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::{Builder, JoinHandle};

use super::recorder::{Progress, Recorder, Recording};
use super::{RunDir, SessionError};
use crate::capfile::PcapWriter;
use crate::sys::capture::{CaptureError, Settings, Tap, Totals};

/// The capture's thread.
pub struct RunningTap {
    thread: JoinHandle<(Recorder, Result<Totals, CaptureError>)>,
    stop: Arc<AtomicBool>,
    /// How far it has come.
    pub progress: Arc<Progress>,
    link_name: String,
    filter: String,
}

/// What the capture brought.
pub struct Captured {
    /// Flows and counts.
    pub recording: Recording,
    /// What the tap counted, or why it ended.
    pub totals: Result<Totals, CaptureError>,
    /// The frames' link type, in libpcap's words.
    pub link_name: String,
    /// The filter.
    pub filter: String,
}

impl RunningTap {
    /// Opens the tap and its file, and starts to read.
    pub fn open(
        settings: &Settings,
        dir: &RunDir,
        filter: &str,
        port: u16,
    ) -> Result<Self, SessionError> {
        let tap = Tap::open(settings, filter)?;
        let path = dir.file("capture.pcap");
        let file = File::create(&path)?;
        let writer = PcapWriter::new(file, tap.link(), settings.snaplen)?;
        let progress = Arc::new(Progress::default());
        let stop = Arc::new(AtomicBool::new(false));
        let mut recorder = Recorder::new(Some((writer, path)), port, Arc::clone(&progress));
        let link_name = tap.link_name().to_owned();
        let (stop_seen, failed) = (Arc::clone(&stop), Arc::clone(&progress));
        let thread = Builder::new().name("capture".to_owned()).spawn(move || {
            let totals = tap.run(&stop_seen, &mut recorder);
            if totals.is_err() {
                failed.failed.store(true, Release);
            }
            (recorder, totals)
        })?;
        Ok(Self {
            thread,
            stop,
            progress,
            link_name,
            filter: filter.to_owned(),
        })
    }

    /// Whether frames are being lost.
    pub fn has_failed(&self) -> bool {
        self.progress.failed.load(Acquire)
    }

    /// Ends the capture when all frames are in.
    pub fn close(self) -> Captured {
        self.stop.store(true, Release);
        let (recorder, totals) = match self.thread.join() {
            Ok(ended) => ended,
            // A bug in the capture must not pass for an empty wire.
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Captured {
            recording: recorder.finish(),
            totals,
            link_name: self.link_name,
            filter: self.filter,
        }
    }
}
