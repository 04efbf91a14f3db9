//! The capture of a run: the tap and the recorder in a thread of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread::{Builder, JoinHandle};

use rustix::thread::CapabilitySet;

use super::SessionError;
use super::capture_files::CaptureFiles;
use super::recorder::{Progress, Recorder};
use super::save_in::Rotate;
use super::world::{Captured, FlowProgress, MakeFile, Tap};
use crate::decode;
use crate::model::StopReason;
use crate::model::observation::WireFacts;
use crate::sys::capture::{CaptureError, Opened, Settings, Totals};
use crate::sys::privilege::give_up::for_good;

/// The capture's thread.
pub struct RunningTap {
    thread: JoinHandle<(Recorder, Result<Totals, CaptureError>)>,
    stop: Arc<AtomicBool>,
    progress: Arc<Progress>,
    link_name: String,
    filter: String,
}

impl RunningTap {
    /// Lets an open tap keep what the filter lets through, and starts to read and to
    /// write what it reads, in a thread that keeps these capabilities.
    pub fn begin(
        opened: Opened,
        settings: &Settings,
        filter: &str,
        target: SocketAddr,
        files: MakeFile,
        rotate: Option<Rotate>,
        keep: CapabilitySet,
    ) -> Result<Self, SessionError> {
        let tap = opened.keep(filter)?;
        let least = decode::least_of_tcp(
            tap.link(),
            target.is_ipv6() && !target.ip().is_unspecified(),
        );
        if settings.snaplen < least {
            return Err(SessionError::Snaplen {
                snaplen: settings.snaplen,
                least,
            });
        }
        let files = CaptureFiles::begin(files, rotate, tap.link(), settings.snaplen)?;
        let progress = Arc::new(Progress::default());
        let stop = Arc::new(AtomicBool::new(false));
        let mut recorder = Recorder::new(files, target.port(), Arc::clone(&progress));
        let link_name = tap.link_name().to_owned();
        let (stop_seen, failed) = (Arc::clone(&stop), Arc::clone(&progress));
        let thread = Builder::new().name("capture".to_owned()).spawn(move || {
            for_good(keep);
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

    /// The link type of the frames, by libpcap's name.
    pub fn link_name(&self) -> &str {
        &self.link_name
    }
}

impl Tap for RunningTap {
    fn has_failed(&self) -> bool {
        self.progress.failed.load(Acquire)
    }

    fn frames(&self) -> u64 {
        self.progress.frames.load(Relaxed)
    }

    fn flows(&self) -> FlowProgress {
        // First: who sees this count sees the others.
        let seen = self.progress.flows.load(Acquire);
        FlowProgress {
            opened: self.progress.opened.load(Relaxed),
            opened_closed: self.progress.opened_closed.load(Relaxed),
            seen,
            closed: self.progress.closed.load(Relaxed),
        }
    }

    fn close(self: Box<Self>) -> Captured {
        self.stop.store(true, Release);
        let (recorder, totals) = match self.thread.join() {
            Ok(ended) => ended,
            // A bug in the capture must not pass for an empty wire.
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let recording = recorder.finish();
        let counted = totals.as_ref().ok();
        Captured {
            wire: WireFacts {
                link_type: self.link_name,
                filter: self.filter,
                frames: recording.frames,
                bytes: recording.bytes,
                dropped_by_kernel: counted.and_then(|t| t.dropped_by_kernel),
                dropped_by_interface: counted.and_then(|t| t.dropped_by_interface),
                stop_reason: StopReason::Drained,
                cpu_ns: counted.map(|t| t.cpu),
                files: recording.files,
            },
            flows: recording.flows,
            failed: totals.err().map(|e| e.to_string()),
            not_saved: recording.cut,
        }
    }
}
