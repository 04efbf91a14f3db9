//! What happens to a frame of a live run: it is written to the capture's file,
//! decoded, and given to the flow table, in the capture's own thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::capture_files::CaptureFiles;
use super::world::CutCapture;
use crate::decode::decode;
use crate::flow::{FlowConfig, FlowTable};
use crate::model::{CaptureFile, FlowRecord, Frame, make_room};
use crate::sys::capture::Sink;
use crate::sys::spill::Trimming;

/// How far the capture has come, for the thread that conducts the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Frames seen.
    pub frames: AtomicU64,
    /// Flows that began with a SYN.
    pub opened: AtomicU64,
    /// Those of them that have closed.
    pub opened_closed: AtomicU64,
    /// Flows seen.
    pub flows: AtomicU64,
    /// Flows that have closed.
    pub closed: AtomicU64,
    /// Whether frames can no longer be written.
    pub failed: AtomicBool,
}

/// What the capture leaves behind.
#[derive(Debug)]
pub struct Recording {
    /// The flows, by number.
    pub flows: Vec<FlowRecord>,
    /// Frames seen.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// The files that they are in; empty where there is one only.
    pub files: Vec<CaptureFile>,
    /// Why these are not whole, where they are not.
    pub cut: Option<CutCapture>,
}

/// Room is made for so many flows at least.
const AT_ONCE: usize = 64;

/// Takes the frames of a run.
pub struct Recorder {
    files: CaptureFiles,
    cut: Option<CutCapture>,
    table: FlowTable,
    finished: Vec<FlowRecord>,
    frames: u64,
    bytes: u64,
    progress: Arc<Progress>,
}

impl Recorder {
    /// A recorder that writes frames to files and watches one port.
    pub fn new(files: CaptureFiles, port: u16, progress: Arc<Progress>) -> Self {
        Self {
            files,
            cut: None,
            table: FlowTable::new(FlowConfig::of_a_run(port)),
            finished: Vec::new(),
            frames: 0,
            bytes: 0,
            progress,
        }
    }

    /// Ends the recording.
    pub fn finish(mut self) -> Recording {
        self.save(CaptureFiles::flush);
        let _trimming = Trimming::begin();
        let mut flows = self.finished;
        make_room(&mut flows, self.table.held());
        self.table.finish(&mut |flow| flows.push(flow));
        flows.sort_unstable_by_key(|f| f.flow);
        Recording {
            flows,
            frames: self.frames,
            bytes: self.bytes,
            files: self.files.finish(self.cut.as_ref()),
            cut: self.cut,
        }
    }

    /// Does something with the file. After a failure it is left alone: the run
    /// can still be told.
    fn save(&mut self, act: impl FnOnce(&mut CaptureFiles) -> io::Result<()>) {
        if self.cut.is_some() {
            return;
        }
        if let Err(error) = act(&mut self.files) {
            self.cut = Some(self.files.cut(error));
            self.progress.failed.store(true, Release);
        }
    }
}

impl Sink for Recorder {
    fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.bytes += u64::from(frame.wire_len);
        self.save(|files| files.write(frame));
        if let Ok(segment) = decode(frame) {
            let finished = &mut self.finished;
            self.table.push(&segment, &mut |flow| {
                make_room(finished, AT_ONCE);
                finished.push(flow);
            });
        }
    }

    fn pause(&mut self) {
        self.save(CaptureFiles::flush);
        self.progress.frames.store(self.frames, Relaxed);
        let counts = self.table.counts();
        self.progress.opened.store(counts.with_syn, Relaxed);
        let opened_closed = counts.with_syn_closed;
        self.progress.opened_closed.store(opened_closed, Relaxed);
        self.progress.closed.store(counts.closed, Relaxed);
        // Last: who sees this count sees the others.
        self.progress.flows.store(counts.seen, Release);
    }
}
