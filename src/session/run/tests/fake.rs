//! A world of a test's own: its clock moves when somebody waits, its sides play
//! scripts, its disk is full where the test wants it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;

use super::super::world::{
    Captured, CutCapture, FlowProgress, MakeFile, StartedSide, Store, Tap, World,
};
use super::super::{
    CAPTURE_FILE, ClientChoice, Finished, Identity, Isolate, Observe, ProgramError, RunPlan,
    SaveIn, ServerChoice, SessionError, conduct_in,
};
use crate::model::observation::{
    Change, Event, Fact, KernelLook, Leftovers, ObserverName, WireFacts,
};
use crate::model::{Environment, Exit, Nanos, Pid, Side, StopReason, Tid, Timestamp};
use crate::observe::scripted::{Clock, Log, Scripted, moment};
use crate::sys::capture::Settings;

/// The steps of a whole run that reach the world.
pub const NAMES: [&str; 5] = [
    "start the server",
    "open the tap",
    "start the client",
    "close the tap",
    "sweep",
];

const SERVER: Pid = Pid(100);
const CLIENT: Pid = Pid(200);

pub fn target() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 45000))
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The settings of a world, and what has become of it.
pub struct Fake {
    pub plan: RunPlan,
    pub server: Log,
    pub client: Log,
    pub server_listens: Duration,
    pub server_ends: Option<(Duration, Exit)>,
    pub server_ignores: Vec<Signal>,
    pub client_ends: Duration,
    pub client_exit: Exit,
    pub flows_close: Duration,
    pub flows_expected: u64,
    pub second_flow: Option<Duration>,
    pub interrupt_at_look: Option<u64>,
    pub refuse: Option<&'static str>,
    pub cannot_execute: Option<&'static str>,
    /// A file, and how many bytes of it fit on the disk; `None`: it cannot be made.
    pub full: Option<(&'static str, Option<usize>)>,
    pub capture_breaks: Option<Duration>,
    /// From when on the clock is another, and by so many nanoseconds.
    pub clock_set: Option<(Duration, i64)>,
    past: Rc<Past>,
    disk: Disk,
}

/// What has happened.
#[derive(Default)]
struct Past {
    clock: Clock,
    steps: RefCell<Vec<&'static str>>,
    looks: Cell<u64>,
    started: Cell<u32>,
    tap_closed: Cell<Option<Duration>>,
    discarded: Cell<bool>,
    cut_at: Cell<Option<u64>>,
}

type Files = BTreeMap<String, Arc<Mutex<Vec<u8>>>>;

#[derive(Clone, Default)]
struct Disk {
    files: Arc<Mutex<Files>>,
}

impl Fake {
    pub fn new() -> Self {
        Self {
            plan: plan(),
            server: Log::default(),
            client: Log::default(),
            server_listens: ms(20),
            server_ends: None,
            server_ignores: Vec::new(),
            client_ends: ms(150),
            client_exit: Exit::Code(0),
            flows_close: ms(160),
            flows_expected: 1,
            second_flow: None,
            interrupt_at_look: None,
            refuse: None,
            cannot_execute: None,
            full: None,
            capture_breaks: None,
            clock_set: None,
            past: Rc::new(Past::default()),
            disk: Disk::default(),
        }
    }

    pub fn conduct(&mut self) -> Result<Finished, SessionError> {
        let plan = self.plan.clone();
        let mut store = FakeStore {
            disk: self.disk.clone(),
            full: self.full,
            past: Rc::clone(&self.past),
        };
        let started = "2026-01-01T00:00:00.000+00:00".to_owned();
        conduct_in(&plan, false, started, self, &mut store, &mut |_| {})
    }

    pub fn steps(&self) -> Vec<&'static str> {
        self.past.steps.borrow().clone()
    }

    pub fn looks_for_interruption(&self) -> u64 {
        self.past.looks.get()
    }

    /// Sides that were started and not finished.
    pub fn running(&self) -> u32 {
        self.past.started.get() - self.server.finished.get() - self.client.finished.get()
    }

    pub fn tap_closed(&self) -> Option<Duration> {
        self.past.tap_closed.get()
    }

    pub fn discarded(&self) -> bool {
        self.past.discarded.get()
    }

    pub fn cut_at(&self) -> Option<u64> {
        self.past.cut_at.get()
    }

    pub fn saved(&self, name: &str) -> bool {
        let files = self.disk.files.lock().unwrap();
        files.get(name).is_some() && self.full.is_none_or(|(file, _)| file != name)
    }

    /// The facts in the file.
    pub fn facts(&self) -> Vec<Fact> {
        let files = self.disk.files.lock().unwrap();
        let bytes = files["observation.jsonl"].lock().unwrap().clone();
        let reader = crate::obsfile::ObservationReader::open(bytes.as_slice()).unwrap();
        reader.map(Result::unwrap).collect()
    }

    pub fn stop_reason(&self) -> Option<StopReason> {
        self.facts().into_iter().find_map(|fact| match fact {
            Fact::Wire(wire) => Some(wire.stop_reason),
            _ => None,
        })
    }

    fn step(&self, name: &'static str) -> Result<(), SessionError> {
        self.past.steps.borrow_mut().push(name);
        if self.refuse == Some(name) {
            return Err(SessionError::System(io::ErrorKind::OutOfMemory.into()));
        }
        if self.cannot_execute == Some(name) {
            return Err(SessionError::Program(ProgramError::Broken {
                name: "x".into(),
                source: io::ErrorKind::PermissionDenied.into(),
                remedy: "; chmod +x it".into(),
            }));
        }
        Ok(())
    }

    fn start(&self, side: Scripted) -> StartedSide {
        self.past.started.set(self.past.started.get() + 1);
        StartedSide {
            observer: Some(Box::new(side)),
            trouble: None,
            log: None,
        }
    }
}

fn plan() -> RunPlan {
    RunPlan {
        client: ClientChoice::Command {
            words: vec!["client".into()],
            folder: None,
            requests: None,
        },
        server: ServerChoice::Command {
            words: vec!["server".into()],
            folder: None,
            port: Some(45000),
            patience: Duration::from_secs(10),
        },
        capture: Some(Settings {
            interface: "lo".into(),
            snaplen: 1000,
            buffer_bytes: 1 << 20,
        }),
        observe: Observe::Auto,
        read_write: false,
        log_limit: 1 << 24,
        time_limit: None,
        show_output: false,
        sample: true,
        linger: Duration::from_secs(2),
        isolate: Isolate::Never,
        as_root: false,
        identity: Identity::Own,
        save_in: SaveIn::default(),
    }
}

/// A client that creates three threads.
fn story() -> Vec<(Duration, Fact)> {
    let event = |after: u64, tid: u32, what| {
        let event = Event {
            at: moment(ms(after)),
            pid: CLIENT,
            tid: Tid(tid),
            what,
        };
        let side = Side::Client;
        (ms(after), Fact::Event { side, event })
    };
    let begins = |process| Change::Started {
        process,
        parent: None,
    };
    let mut story = vec![event(0, CLIENT.0, begins(true))];
    for thread in 1..=3 {
        story.push(event(
            30 + u64::from(thread),
            CLIENT.0 + thread,
            begins(false),
        ));
    }
    for thread in 1..=3 {
        let ended = Change::Ended(Exit::Code(0));
        story.push(event(60 + u64::from(thread), CLIENT.0 + thread, ended));
    }
    story
}

impl World for Fake {
    fn now(&self) -> Timestamp {
        let now = moment(self.past.clock.get());
        match self.clock_set {
            Some((from, by)) if self.past.clock.get() >= from => now.plus(Nanos::new(by)),
            _ => now,
        }
    }

    fn elapsed(&self) -> Duration {
        self.past.clock.get()
    }

    fn pause(&mut self, at_most: Duration, _wakes: Option<BorrowedFd<'_>>) {
        let now = self.past.clock.get() + at_most;
        assert!(now < Duration::from_mins(10), "it waits for ever");
        self.past.clock.set(now);
    }

    fn interrupted(&mut self) -> bool {
        let look = self.past.looks.get();
        self.past.looks.set(look + 1);
        self.interrupt_at_look.is_some_and(|at| look >= at)
    }

    fn holder_of(&self, _port: u16) -> Option<String> {
        None
    }

    fn environment(&self) -> Environment {
        Environment {
            kernel: "Linux 0".into(),
            cpus: 2,
            memory_bytes: None,
            limits: BTreeMap::new(),
        }
    }

    fn count_system(&mut self) -> Option<(Option<u64>, Option<u64>)> {
        Some((Some(100), Some(50)))
    }

    fn look_at_kernel(&mut self, target: SocketAddr, first: bool) -> KernelLook {
        assert_eq!(target, self::target());
        KernelLook {
            at: self.now(),
            listen_overflows: Some(if first { 3 } else { 5 }),
            ..KernelLook::default()
        }
    }

    fn start_server(
        &mut self,
        _plan: &RunPlan,
        _log: Option<File>,
    ) -> Result<StartedSide, SessionError> {
        self.step("start the server")?;
        Ok(self.start(Scripted {
            pid: SERVER,
            observer: ObserverName::Ptrace,
            command: Some(vec!["server".into()]),
            listens: Some((self.server_listens, target())),
            ends: self.server_ends,
            ignores: self.server_ignores.clone(),
            attached: self.plan.is_watch(),
            flows: 0,
            facts: Vec::new(),
            clock: Rc::clone(&self.past.clock),
            log: self.server.clone(),
        }))
    }

    fn start_client(
        &mut self,
        _plan: &RunPlan,
        _target: SocketAddr,
        _log: Option<File>,
    ) -> Result<StartedSide, SessionError> {
        self.step("start the client")?;
        Ok(self.start(Scripted {
            pid: CLIENT,
            observer: ObserverName::Ptrace,
            command: Some(vec!["client".into()]),
            listens: None,
            ends: Some((self.client_ends, self.client_exit)),
            ignores: Vec::new(),
            attached: self.plan.is_watch(),
            flows: self.flows_expected,
            facts: story(),
            clock: Rc::clone(&self.past.clock),
            log: self.client.clone(),
        }))
    }

    fn open_tap(
        &mut self,
        _plan: &RunPlan,
        filter: &str,
        _target: SocketAddr,
        _files: MakeFile,
    ) -> Result<Box<dyn Tap>, SessionError> {
        self.step("open the tap")?;
        assert_eq!(filter, "tcp port 45000");
        Ok(Box::new(FakeTap {
            close: self.flows_close,
            second: self.second_flow,
            breaks: self.capture_breaks,
            past: Rc::clone(&self.past),
        }))
    }

    fn terminal_wanted(&mut self) {}

    fn over(&mut self, _side: Side) {}

    fn signal(&mut self, pid: Pid, signal: Signal) {
        let log = if pid == SERVER {
            &self.server
        } else {
            &self.client
        };
        let now = self.past.clock.get();
        log.signals.borrow_mut().push((now, signal));
    }

    fn sweep(&mut self, _ended: &HashSet<Pid>) -> Leftovers {
        let _ = self.step("sweep");
        Leftovers::default()
    }
}

struct FakeTap {
    close: Duration,
    second: Option<Duration>,
    breaks: Option<Duration>,
    past: Rc<Past>,
}

impl Tap for FakeTap {
    fn has_failed(&self) -> bool {
        self.breaks.is_some_and(|at| at <= self.past.clock.get())
    }

    fn frames(&self) -> u64 {
        7
    }

    fn flows(&self) -> FlowProgress {
        let now = self.past.clock.get();
        let second = u64::from(self.second.is_some_and(|at| at <= now));
        FlowProgress {
            opened: 1 + second,
            opened_closed: u64::from(self.close <= now) + second,
            // Somebody else's older one stays open.
            seen: 2 + second,
            closed: u64::from(self.close <= now) + second,
        }
    }

    fn close(self: Box<Self>) -> Captured {
        self.past.steps.borrow_mut().push("close the tap");
        self.past.tap_closed.set(Some(self.past.clock.get()));
        Captured {
            flows: Vec::new(),
            wire: WireFacts {
                files: Vec::new(),
                link_type: "EN10MB".into(),
                filter: "tcp port 45000".into(),
                frames: 7,
                bytes: 700,
                dropped_by_kernel: Some(0),
                dropped_by_interface: Some(0),
                stop_reason: StopReason::Drained,
                cpu_ns: Some(Nanos::new(1)),
            },
            failed: None,
            not_saved: self.has_failed().then(|| CutCapture {
                error: io::ErrorKind::StorageFull.into(),
                frames: 7,
                file: CAPTURE_FILE.to_owned(),
                whole_bytes: 700,
            }),
        }
    }
}

struct FakeStore {
    disk: Disk,
    full: Option<(&'static str, Option<usize>)>,
    past: Rc<Past>,
}

impl FakeStore {
    fn file(&mut self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        let room = match self.full {
            Some((file, None)) if file == name => return Err(io::ErrorKind::StorageFull.into()),
            Some((file, Some(room))) if file == name => room,
            _ => usize::MAX,
        };
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mut files = self.disk.files.lock().unwrap();
        files.insert(name.to_owned(), Arc::clone(&bytes));
        Ok(Box::new(FakeFile { bytes, room }))
    }
}

impl Store for FakeStore {
    fn create(&mut self, name: &'static str) -> io::Result<Box<dyn Write + Send>> {
        self.file(name)
    }

    fn write_whole(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        write(&mut self.file(name)?)
    }

    fn capture_files(&mut self) -> io::Result<MakeFile> {
        drop(self.create(CAPTURE_FILE)?);
        Ok(Box::new(|_| Ok(Box::new(io::sink()))))
    }

    fn compress(&mut self, _name: &str) -> io::Result<u64> {
        Ok(0)
    }

    fn cut(&mut self, name: &str, length: u64) {
        assert_eq!(name, CAPTURE_FILE);
        self.past.cut_at.set(Some(length));
    }

    fn log(&mut self, _name: &'static str) -> io::Result<File> {
        File::open("/dev/null")
    }

    fn last_line(&self, _name: &'static str) -> Option<String> {
        Some("last words".into())
    }

    fn read(&self, _name: &'static str, piece: &mut dyn FnMut(&[u8])) {
        piece(b"last words\n");
    }

    fn discard(&mut self) {
        self.past.discarded.set(true);
    }
}

struct FakeFile {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
}

impl Write for FakeFile {
    fn write(&mut self, all: &[u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap();
        let left = self.room - bytes.len();
        if left == 0 && !all.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let fits = all.len().min(left);
        bytes.extend_from_slice(&all[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
