//! What happens to a frame of a live run: it is written to `capture.pcap`,
//! decoded, and given to the flow table, in the capture's own thread.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

use crate::capfile::PcapWriter;
use crate::decode::decode;
use crate::flow::{FlowConfig, FlowTable};
use crate::model::{FlowRecord, Frame};
use crate::sys::capture::Sink;

/// How far the capture has come, for the thread that conducts the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Frames seen.
    pub frames: AtomicU64,
    /// Flows that began with a SYN.
    pub opened: AtomicU64,
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
    /// Why `capture.pcap` is not whole, where it is not: the error, and the
    /// frames that were saved.
    pub file_error: Option<(io::Error, u64)>,
}

/// Takes the frames of a run.
pub struct Recorder {
    file: Option<(PcapWriter<File>, PathBuf)>,
    file_error: Option<(io::Error, u64)>,
    table: FlowTable,
    finished: Vec<FlowRecord>,
    frames: u64,
    bytes: u64,
    progress: Arc<Progress>,
}

impl Recorder {
    /// A recorder that writes frames to a file and watches one port.
    pub fn new(
        file: Option<(PcapWriter<File>, PathBuf)>,
        port: u16,
        progress: Arc<Progress>,
    ) -> Self {
        let config = FlowConfig {
            time_port: Some(port),
            // A live run is bounded by its requests, and every flow counts.
            max_flows: usize::MAX,
            ..FlowConfig::default()
        };
        Self {
            file,
            file_error: None,
            table: FlowTable::new(config),
            finished: Vec::new(),
            frames: 0,
            bytes: 0,
            progress,
        }
    }

    /// Ends the recording.
    pub fn finish(mut self) -> Recording {
        self.save(PcapWriter::flush);
        let mut flows = self.finished;
        self.table.finish(&mut |flow| flows.push(flow));
        flows.sort_by_key(|f| f.flow);
        Recording {
            flows,
            frames: self.frames,
            bytes: self.bytes,
            file_error: self.file_error,
        }
    }

    /// Does something with the file. After a failure the file is cut back to
    /// its last whole frame and left alone: the run can still be told.
    fn save(&mut self, act: impl FnOnce(&mut PcapWriter<File>) -> io::Result<()>) {
        let Some((writer, path)) = &mut self.file else {
            return;
        };
        if let Err(e) = act(writer) {
            let (whole, frames) = (writer.whole_bytes(), writer.frames());
            // Best effort: a reader reports the torn frame itself.
            let _ = File::options()
                .write(true)
                .open(path)
                .and_then(|f| f.set_len(whole));
            self.file = None;
            self.file_error = Some((e, frames));
            self.progress.failed.store(true, Release);
        }
    }
}

impl Sink for Recorder {
    fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.bytes += u64::from(frame.wire_len);
        self.save(|file| file.write(frame));
        if let Ok(segment) = decode(frame) {
            let finished = &mut self.finished;
            self.table.push(&segment, &mut |flow| finished.push(flow));
        }
    }

    fn pause(&mut self) {
        self.save(PcapWriter::flush);
        self.progress.frames.store(self.frames, Relaxed);
        let counts = self.table.counts();
        self.progress.opened.store(counts.with_syn, Relaxed);
        self.progress.closed.store(counts.closed, Relaxed);
        // Last: who sees this count sees the others.
        self.progress.flows.store(counts.seen, Release);
    }
}
