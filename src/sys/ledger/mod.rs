//! The ledger: shared memory in which a built-in program reports itself.
//!
//! The coordinator makes a ledger (a memfd) for each side and hands it to the
//! side's process, whose threads and forked processes write into it with plain
//! atomic stores: no lock, no system call, nothing in the measured path. What
//! was written survives any death of the writer. The coordinator reads it
//! while the side runs (progress) and after it has ended (facts).
//!
//! A ledger is a header and two tables: *tasks*, a slot for every thread and
//! process that the side creates, and *entries*, a slot for every request
//! (client) or connection (server). The memory is sparse: slots that are never
//! touched cost nothing.

mod entry;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{
    AtomicI32, AtomicI64, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, SeekFrom, fallocate, fcntl_add_seals, fcntl_get_seals,
    ftruncate, memfd_create, seek,
};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

pub use entry::{CrowdEntry, DETAIL_BYTES, Entry, TaskIds};

use crate::model::{Pid, Tid};

/// Says that the memory is a ledger of this layout.
const MAGIC: u64 = 0x7474_6c65_6467_0003;

/// The header: what there is one of.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Header {
    magic: AtomicU64,
    task_capacity: AtomicU64,
    entry_capacity: AtomicU64,
    /// The first process.
    pub pid: AtomicU32,
    /// 0 while workers are held at the gate.
    pub gate: AtomicU32,
    /// Workers that have reached the gate.
    pub at_gate: AtomicU32,
    /// Permits left for requests in flight.
    pub permits: AtomicU32,
    /// When the first process began, ns since the epoch.
    pub first_ns: AtomicI64,
    /// When the side was ready and no request had begun; 0 is "not yet".
    pub ready_ns: AtomicI64,
    /// When request 0 was due, of a client that makes them at a rate; 0 is "not yet".
    pub due_ns: AtomicI64,
    /// When the workers were joined (or their main thread ended); 0 is "not yet".
    pub after_ns: AtomicI64,
    /// The next task slot.
    next_task: AtomicU64,
    /// The next entry slot.
    next_entry: AtomicU64,
    /// Requests done, for the progress bar.
    pub done: AtomicU64,
    /// How often the system refused a thread or a process.
    pub refused_tasks: AtomicU64,
    /// How many threads and processes were not created, to keep the reserve of the
    /// system's tasks.
    pub kept_tasks: AtomicU64,
    /// The same for the reserve of memory.
    pub kept_memory: AtomicU64,
    /// How often the system refused a file descriptor.
    pub refused_descriptors: AtomicU64,
    /// The error number of the last of these refusals.
    pub refusal_errno: AtomicI32,
    /// The limit of open files of its process; 0 is "not told", or none.
    pub most_descriptors: AtomicU64,
}

/// A thread or process other than the side's first.
#[repr(C, align(32))]
#[derive(Debug)]
pub struct TaskSlot {
    /// Not there until the task has run.
    ids: TaskIds,
    /// 1: a thread; 2: a process. 0: never created.
    kind: AtomicU64,
    started: AtomicI64,
    ended: AtomicI64,
}

/// What a [`TaskSlot`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Whether it is a process of its own.
    pub process: bool,
    /// Process and thread; `None` when it ended before its first instruction.
    pub ids: Option<(u32, u32)>,
    /// Its start, ns since the epoch.
    pub started_ns: i64,
    /// Its end; `None` when it was ended from outside.
    pub ended_ns: Option<i64>,
}

impl TaskSlot {
    const THREAD: u64 = 1;
    const PROCESS: u64 = 2;

    /// To be called by the creator when clone(2) or fork(2) has succeeded.
    pub fn created(&self, process: bool, now_ns: i64) {
        let kind = if process { Self::PROCESS } else { Self::THREAD };
        self.kind.store(kind, Relaxed);
        // The task itself may have been faster.
        let _ = self.started.compare_exchange(0, now_ns, Relaxed, Relaxed);
    }

    /// To be called by the task as its first action.
    pub fn begin(&self, process: bool, pid: u32, tid: u32, now_ns: i64) {
        self.ids.set(Pid(pid), Tid(tid));
        self.created(process, now_ns);
    }

    /// To be called by the task as its last action.
    pub fn end(&self, now_ns: i64) {
        self.ended.store(now_ns, Release);
    }

    fn read(&self) -> Option<Task> {
        // First: who sees this sees the others.
        let ended = self.ended.load(Acquire);
        let kind = self.kind.load(Relaxed);
        (kind != 0).then(|| Task {
            process: kind == Self::PROCESS,
            ids: self.ids.get().map(|(pid, tid)| (pid.0, tid.0)),
            started_ns: self.started.load(Relaxed),
            ended_ns: (ended != 0).then_some(ended),
        })
    }
}

/// A mapped ledger.
#[derive(Debug)]
pub struct Ledger {
    base: *mut std::ffi::c_void,
    bytes: usize,
    tasks: usize,
    entries: usize,
    file: OwnedFd,
}

// SAFETY: the mapping stays where it is until the ledger is dropped, and all
// access to it goes through atomics.
unsafe impl Send for Ledger {}
// SAFETY: as above.
unsafe impl Sync for Ledger {}

const HEADER_BYTES: usize = 4096;

/// Nobody who has the file may cut it off under those who have mapped it: they
/// would die of SIGBUS.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

fn bytes_for(tasks: usize, entries: usize) -> Option<usize> {
    let task_bytes = tasks.checked_mul(size_of::<TaskSlot>())?;
    let entry_bytes = entries.checked_mul(size_of::<Entry>())?;
    HEADER_BYTES
        .checked_add(task_bytes)?
        .checked_add(entry_bytes)
}

impl Ledger {
    /// A new, empty ledger with room for so many tasks and entries.
    ///
    /// # Errors
    /// When the system refuses the memory or its mapping.
    pub fn create(tasks: usize, entries: usize) -> io::Result<Self> {
        let bytes = bytes_for(tasks, entries).ok_or(io::ErrorKind::OutOfMemory)?;
        let file = memfd_create(
            "threadtap-ledger",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )?;
        ftruncate(&file, bytes as u64).map_err(|e| match e {
            // Memory that has a descriptor counts as a file (setrlimit(2)).
            Errno::FBIG => io::Error::other(format!(
                "the limit on the size of files is lower than its shared memory, {bytes} bytes; \
                 raise it (ulimit -f)"
            )),
            e => e.into(),
        })?;
        fcntl_add_seals(&file, SEALS | SealFlags::SEAL)?;
        let ledger = Self::map(file, bytes, tasks, entries)?;
        let h = ledger.header();
        h.task_capacity.store(tasks as u64, Relaxed);
        h.entry_capacity.store(entries as u64, Relaxed);
        h.magic.store(MAGIC, Relaxed);
        Ok(ledger)
    }

    /// The ledger that another process made, from its file.
    ///
    /// # Errors
    /// When the file is not a ledger, or cannot be mapped.
    pub fn open(file: OwnedFd) -> io::Result<Self> {
        let not_one = || io::Error::new(io::ErrorKind::InvalidData, "not a ledger");
        // Only files in memory have seals.
        let sealed = fcntl_get_seals(&file).is_ok_and(|seals| seals.contains(SEALS));
        if !sealed {
            return Err(not_one());
        }
        let length = usize::try_from(rustix::fs::fstat(&file)?.st_size).map_err(|_| not_one())?;
        if length < HEADER_BYTES {
            return Err(not_one());
        }
        let mut ledger = Self::map(file, length, 0, 0)?;
        let h = ledger.header();
        let tasks = usize::try_from(h.task_capacity.load(Relaxed)).map_err(|_| not_one())?;
        let entries = usize::try_from(h.entry_capacity.load(Relaxed)).map_err(|_| not_one())?;
        if h.magic.load(Relaxed) != MAGIC || bytes_for(tasks, entries) != Some(length) {
            return Err(not_one());
        }
        ledger.tasks = tasks;
        ledger.entries = entries;
        Ok(ledger)
    }

    fn map(file: OwnedFd, bytes: usize, tasks: usize, entries: usize) -> io::Result<Self> {
        // SAFETY: a fresh shared mapping at an address of the kernel's choice;
        // the file is at least `bytes` long (created or checked so), and
        // sealed so that it stays so.
        let base = unsafe {
            mmap(
                std::ptr::null_mut(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED | MapFlags::NORESERVE,
                &file,
                0,
            )?
        };
        Ok(Self {
            base,
            bytes,
            tasks,
            entries,
            file,
        })
    }

    /// The file behind it, to hand to a child process.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn share(&self) -> io::Result<File> {
        Ok(File::from(self.file.as_fd().try_clone_to_owned()?))
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        // SAFETY: the mapping is page-aligned and at least HEADER_BYTES long;
        // every bit pattern is a valid atomic integer.
        unsafe { &*self.base.cast::<Header>() }
    }

    fn task_slots(&self) -> &[TaskSlot] {
        // SAFETY: the table begins HEADER_BYTES into the page-aligned mapping
        // and has `tasks` slots of atomics by the size computed in `bytes_for`.
        unsafe {
            std::slice::from_raw_parts(
                self.base.byte_add(HEADER_BYTES).cast::<TaskSlot>(),
                self.tasks,
            )
        }
    }

    fn entry_slots(&self) -> &[Entry] {
        let offset = HEADER_BYTES + self.tasks * size_of::<TaskSlot>();
        // SAFETY: the second table follows the first, with `entries` slots of
        // atomics by the size computed in `bytes_for`.
        unsafe {
            std::slice::from_raw_parts(self.base.byte_add(offset).cast::<Entry>(), self.entries)
        }
    }

    /// A slot for the task that is about to be created; `None` when all are taken.
    #[must_use]
    pub fn new_task(&self) -> Option<&TaskSlot> {
        let i = self.header().next_task.fetch_add(1, Relaxed);
        self.task_slots().get(usize::try_from(i).ok()?)
    }

    /// The next free entry; `None` when all are taken.
    #[must_use]
    pub fn new_entry(&self) -> Option<&Entry> {
        let i = self.header().next_entry.fetch_add(1, Relaxed);
        self.entry_slots().get(usize::try_from(i).ok()?)
    }

    /// The entry with this number.
    #[must_use]
    pub fn entry(&self, number: usize) -> Option<&Entry> {
        self.entry_slots().get(number)
    }

    /// How many entries there are up to the last one that somebody may have touched:
    /// the memory behind the others was never needed, and to look at it would need it
    /// (`SEEK_DATA` in lseek(2)).
    #[must_use]
    pub fn touched_entries(&self) -> usize {
        let mut end = 0;
        loop {
            match seek(&self.file, SeekFrom::Data(end)) {
                Ok(data) => match seek(&self.file, SeekFrom::Hole(data)) {
                    Ok(hole) => end = hole,
                    Err(_) => return self.entries,
                },
                // There are no more data.
                Err(Errno::NXIO) => break,
                Err(_) => return self.entries,
            }
        }
        let before = HEADER_BYTES + self.tasks * size_of::<TaskSlot>();
        let bytes = usize::try_from(end).unwrap_or(usize::MAX);
        let touched = bytes.saturating_sub(before).div_ceil(size_of::<Entry>());
        touched.min(self.entries)
    }

    /// Gives back the memory of the tasks and of the entries before these numbers, of
    /// which nobody writes or reads any more. What the system refuses is kept.
    pub fn forget(&self, tasks: Range<usize>, entries: Range<usize>) {
        let after_tasks = HEADER_BYTES + self.tasks * size_of::<TaskSlot>();
        self.punch(HEADER_BYTES, size_of::<TaskSlot>(), tasks);
        self.punch(after_tasks, size_of::<Entry>(), entries);
    }

    /// Gives back whole pages that hold nothing but these slots of a table, or slots
    /// before them.
    fn punch(&self, table: usize, slot: usize, slots: Range<usize>) {
        const PAGE: usize = 4096;
        let from = (table + slots.start * slot).next_multiple_of(PAGE);
        // A page that was begun when the slots before were given back.
        // The first may hold slots of the table before this one.
        let first = table.next_multiple_of(PAGE);
        let from = if from > first { from - PAGE } else { from };
        let until = (table + slots.end * slot) / PAGE * PAGE;
        if from < until {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = fallocate(&self.file, flags, from as u64, (until - from) as u64);
        }
    }

    /// The entries that [`Ledger::new_entry`] has given out.
    #[must_use]
    pub fn used_entries(&self) -> &[Entry] {
        let used = self.header().next_entry.load(Relaxed);
        let used = usize::try_from(used).unwrap_or(usize::MAX);
        &self.entry_slots()[..used.min(self.entries)]
    }

    /// How many tasks and entries found no slot: what the ledger cannot tell.
    #[must_use]
    pub fn unrecorded(&self) -> u64 {
        let over =
            |next: &AtomicU64, capacity: usize| next.load(Relaxed).saturating_sub(capacity as u64);
        let h = self.header();
        over(&h.next_task, self.tasks) + over(&h.next_entry, self.entries)
    }

    /// What is in a task slot; `Some(None)` where its task was refused or is not
    /// told yet, `None` where the slot was never given out.
    #[must_use]
    #[expect(
        clippy::option_option,
        reason = "no slot was given out, or one that holds nothing"
    )]
    pub fn task(&self, number: usize) -> Option<Option<Task>> {
        let used = self.header().next_task.load(Relaxed);
        let given = u64::try_from(number).is_ok_and(|n| n < used);
        let slot = self.task_slots().get(number).filter(|_| given)?;
        Some(slot.read())
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if !self.base.is_null() {
            // SAFETY: this is the mapping that `map` made, and no reference to
            // it outlives the ledger.
            let _ = unsafe { munmap(self.base, self.bytes) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_back_from_another_mapping() {
        let writer = Ledger::create(4, 4).unwrap();
        let slot = writer.new_task().unwrap();
        slot.begin(true, 7, 8, 100);
        slot.created(true, 120);
        slot.end(200);
        let reader = Ledger::open(writer.share().unwrap().into()).unwrap();
        let tasks = (0..).map_while(|n| reader.task(n));
        let tasks: Vec<Task> = tasks.flatten().collect();
        assert_eq!(
            tasks,
            [Task {
                process: true,
                ids: Some((7, 8)),
                started_ns: 100,
                ended_ns: Some(200)
            }]
        );
    }

    #[test]
    fn a_task_that_was_refused_is_not_counted() {
        let ledger = Ledger::create(4, 0).unwrap();
        let _ = ledger.new_task().unwrap();
        assert_eq!(ledger.task(0), Some(None));
    }

    #[test]
    fn what_finds_no_slot_is_counted_as_unrecorded() {
        let ledger = Ledger::create(1, 1).unwrap();
        assert!(ledger.new_task().is_some());
        assert!(ledger.new_task().is_none());
        assert!(ledger.new_entry().is_some());
        assert!(ledger.new_entry().is_none());
        assert!(ledger.new_entry().is_none());
        assert_eq!(ledger.unrecorded(), 3);
    }

    /// What nobody has touched is not looked at: it would need memory.
    #[test]
    fn untouched_entries_are_not_looked_at() {
        const MANY: usize = 1 << 20;
        let ledger = Ledger::create(1000, MANY).unwrap();
        let _ = ledger.touched_entries();
        let blocks =
            || std::os::unix::fs::MetadataExt::blocks(&ledger.share().unwrap().metadata().unwrap());
        let before = blocks();
        for number in [0, 5, 77_777, MANY - 1] {
            let words = ledger.entry(number).unwrap().request();
            words.phase.store(1, Relaxed);
            let touched = ledger.touched_entries();
            assert!(touched > number, "{number}: {touched}");
            // A huge page may be behind it.
            assert!(touched < number + (4 << 20) / size_of::<Entry>());
        }
        assert!(blocks() - before < (32 << 20) / 512);
    }

    /// Whoever is told of a slot needs it no more; the others stay.
    #[test]
    fn what_is_forgotten_needs_no_memory_and_the_rest_is_there() {
        const MANY: usize = 1 << 16;
        let ledger = Ledger::create(MANY, MANY).unwrap();
        for n in 0..MANY {
            ledger.entry(n).unwrap().request().phase.store(7, Relaxed);
            ledger.new_task().unwrap().begin(false, 1, 2, 3);
        }
        let blocks =
            || std::os::unix::fs::MetadataExt::blocks(&ledger.share().unwrap().metadata().unwrap());
        let all = blocks();
        let (mut told, mut left) = (0, all);
        for upto in [1, 1000, 1001, 30_000, MANY - 1] {
            ledger.forget(told..upto, told..upto);
            told = upto;
            let rest = ledger.entry(upto).unwrap().request().phase.load(Relaxed);
            assert_eq!(rest, 7, "entry {upto} is not told yet");
            assert!(ledger.task(upto).flatten().is_some());
            assert!(blocks() <= left);
            left = blocks();
        }
        // Two pages at the end are kept.
        assert!(left <= all / 100, "{left} of {all}");
    }

    /// The page in which a table begins holds the last slots of the one before.
    #[test]
    fn what_is_forgotten_of_a_table_leaves_the_one_before_it() {
        const TASKS: usize = 1000;
        let ledger = Ledger::create(TASKS, 1000).unwrap();
        for _ in 0..TASKS {
            ledger.new_task().unwrap().begin(false, 1, 2, 3);
        }
        ledger.forget(0..0, 0..1);
        ledger.forget(0..0, 1..1000);
        let there = (0..TASKS).filter(|&n| ledger.task(n).flatten().is_some());
        assert_eq!(there.count(), TASKS);
    }

    #[test]
    fn a_file_that_is_no_ledger_is_refused() {
        let file = memfd_create("no-ledger", MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, 8192).unwrap();
        fcntl_add_seals(&file, SEALS).unwrap();
        assert!(Ledger::open(file).is_err());
    }

    #[test]
    fn nobody_can_cut_it_off() {
        let ledger = Ledger::create(1, 1).unwrap();
        let file = ledger.share().unwrap();
        let length = file.metadata().unwrap().len();
        assert!(file.set_len(length - 1).is_err());
        assert!(file.set_len(length + 1).is_err());
        assert!(fcntl_add_seals(&file, SealFlags::WRITE).is_err());
        assert_eq!(file.metadata().unwrap().len(), length);
    }

    #[test]
    fn what_could_be_cut_off_is_refused() {
        let ledger = Ledger::create(1, 1).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut ledger.share().unwrap(), &mut bytes).unwrap();
        let copy = |seals: SealFlags| {
            let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
            let file = memfd_create("copy", flags).unwrap();
            rustix::io::pwrite(&file, &bytes, 0).unwrap();
            fcntl_add_seals(&file, seals).unwrap();
            file
        };
        assert!(Ledger::open(copy(SEALS)).is_ok());
        assert!(Ledger::open(copy(SealFlags::SHRINK)).is_err());
        assert!(Ledger::open(copy(SealFlags::empty())).is_err());
    }
}
