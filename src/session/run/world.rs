//! What a run needs of the world, as seams: the clock, processes, the tap, the
//! folder. The order of a run is told without them (`stage`), and tested against
//! a fake of them (`tests`).

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::process::Signal;

use super::side_log::SideLog;
use super::{RunPlan, SessionError};
use crate::model::observation::{KernelLook, Leftovers, Trouble, WireFacts};
use crate::model::{Environment, FlowRecord, Pid, Side, Timestamp};
use crate::observe::Observer;

/// A side that was started, with who observes it.
#[derive(Debug)]
pub struct StartedSide {
    /// Its observer; `None` for a server that is left alone and cannot be seen.
    pub observer: Option<Box<dyn Observer>>,
    /// What went wrong on the way.
    pub trouble: Option<Trouble>,
    /// Where what it prints goes; `None` for a built-in side, and for one that ran
    /// already.
    pub log: Option<SideLog>,
}

/// How far the flows on the wire have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowProgress {
    /// Flows that began with a SYN.
    pub opened: u64,
    /// Those of them that have closed.
    pub opened_closed: u64,
    /// Flows seen.
    pub seen: u64,
    /// Flows that have closed.
    pub closed: u64,
}

/// What the capture brought.
#[derive(Debug)]
pub struct Captured {
    /// The flows, by number.
    pub flows: Vec<FlowRecord>,
    /// What was counted. Why it ended is filled in by who ended it.
    pub wire: WireFacts,
    /// Why the capture ended before it was told to.
    pub failed: Option<String>,
    /// Why `capture.pcap` is not whole, where it is not.
    pub not_saved: Option<CutCapture>,
}

/// A capture that could not be written to its end.
#[derive(Debug)]
pub struct CutCapture {
    /// The system's error.
    pub error: io::Error,
    /// The frames that are in it, in all of its files.
    pub frames: u64,
    /// The last of these.
    pub file: String,
    /// The bytes of that one that whole frames take up; 0: not even its header was
    /// written.
    pub whole_bytes: u64,
}

/// Makes a file of this name, which was not there.
pub type MakeFile = Box<dyn FnMut(&str) -> io::Result<Box<dyn Write + Send>> + Send>;

/// A tap that is open.
pub trait Tap {
    /// Whether frames are being lost, because the capture or its file failed.
    fn has_failed(&self) -> bool;
    /// Frames seen.
    fn frames(&self) -> u64;
    /// How far the flows have come.
    fn flows(&self) -> FlowProgress;
    /// Ends the capture when all frames are in.
    fn close(self: Box<Self>) -> Captured;
}

/// The folder of a run.
pub trait Store {
    /// Makes a file that is written while the run goes on.
    ///
    /// # Errors
    /// Those of the system.
    fn create(&mut self, name: &'static str) -> io::Result<Box<dyn Write + Send>>;
    /// Makes a file that is there when it is whole.
    ///
    /// # Errors
    /// Those of the system, and of `write`.
    fn write_whole(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()>;
    /// Makes the files of the capture, when it is their turn.
    ///
    /// # Errors
    /// When no descriptor is left.
    fn capture_files(&mut self) -> io::Result<MakeFile>;
    /// Compresses one of its files, which then has another name. Returns its length in
    /// bytes.
    ///
    /// # Errors
    /// Those of the system; then the file is as it was.
    fn compress(&mut self, name: &str) -> io::Result<u64>;
    /// Cuts one of its files at a length; at 0 it goes.
    fn cut(&mut self, name: &str, length: u64);
    /// Makes a file for what a side prints.
    ///
    /// # Errors
    /// Those of the system.
    fn log(&mut self, name: &'static str) -> io::Result<File>;
    /// The last line of such a file that holds anything.
    fn last_line(&self, name: &'static str) -> Option<String>;
    /// Hands on what such a file holds, in pieces; nothing where it cannot be read.
    fn read(&self, name: &'static str, piece: &mut dyn FnMut(&[u8]));
    /// Takes back what was made for a run that did not take place.
    fn discard(&mut self);
}

/// Everything else.
pub trait World {
    /// Now, by the capture's clock.
    fn now(&self) -> Timestamp;
    /// Time that has passed, by a clock that nobody sets.
    fn elapsed(&self) -> Duration;
    /// Waits so long at most, and shorter when a person interrupts or `wakes`
    /// becomes readable.
    fn pause(&mut self, at_most: Duration, wakes: Option<BorrowedFd<'_>>);
    /// Whether a person wants the run to end.
    fn interrupted(&mut self) -> bool;
    /// Where this takes place.
    fn environment(&self) -> Environment;
    /// What has a port as its own, and what would free it, as the middle of a
    /// sentence; `None` where nothing has.
    fn holder_of(&self, port: u16) -> Option<String>;
    /// Threads and processes of the system; `None` where they cannot be counted.
    fn count_system(&mut self) -> Option<(Option<u64>, Option<u64>)>;
    /// The kernel's own counts, for a server on this port, and in the first look what
    /// bounds tasks.
    fn look_at_kernel(&mut self, target: SocketAddr, first: bool) -> KernelLook;
    /// Starts the server of the plan, or finds it.
    ///
    /// # Errors
    /// When it cannot be started, or not be attached to.
    fn start_server(
        &mut self,
        plan: &RunPlan,
        log: Option<File>,
    ) -> Result<StartedSide, SessionError>;
    /// Starts the client of the plan.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start_client(
        &mut self,
        plan: &RunPlan,
        target: SocketAddr,
        log: Option<File>,
    ) -> Result<StartedSide, SessionError>;
    /// Opens the tap: from now on no frame is missed.
    ///
    /// # Errors
    /// When it may not be opened.
    fn open_tap(
        &mut self,
        plan: &RunPlan,
        filter: &str,
        target: SocketAddr,
        files: MakeFile,
    ) -> Result<Box<dyn Tap>, SessionError>;
    /// The client waits for the terminal.
    fn terminal_wanted(&mut self);
    /// A side is over: no signal is passed on to it any more.
    fn over(&mut self, side: Side);
    /// Sends a signal to a process of a side.
    fn signal(&mut self, pid: Pid, signal: Signal);
    /// Ends what is left of the run and is nobody's; those that are known to have
    /// `ended` are not.
    fn sweep(&mut self, ended: &HashSet<Pid>) -> Leftovers;
}
