//! Where the long lists are among the addresses and in the file.
//!
//! One reach of addresses, of which nothing is there at first, is divided into slots; a
//! slot's place in the file is its place in the reach. A list has a slot to itself, and
//! so never has to move when it grows.

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::ptr::{NonNull, with_exposed_provenance_mut};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous};

use super::place::{free, room};

/// A page of memory, at least on the processors that this runs on.
pub(super) const PAGE: usize = 4096;

/// The longest that a list can be. Addresses cost nothing.
const SLOT: usize = 16 << 30;

/// How many there can be.
const SLOTS: usize = 64;

/// By so much a list grows at least. So much of it stays in memory, too.
pub(super) const STEP: usize = 4 << 20;

/// Long lists, and the file that they are in.
#[derive(Debug)]
pub(super) struct Spill {
    /// Where the reach begins; 0: there is none yet.
    base: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What they are in.
    file: Option<OwnedFd>,
    slots: [Slot; SLOTS],
}

/// A list's place.
#[derive(Clone, Copy, Debug)]
struct Slot {
    used: bool,
    /// What it held could not be taken out of the file: it is not to be read as zeros.
    spent: bool,
    /// Bytes that are there, in whole pages.
    mapped: usize,
    /// The first of them that are the file's; the others are in memory alone.
    on_disk: usize,
}

impl Spill {
    pub(super) const fn new() -> Self {
        let slot = Slot {
            used: false,
            spent: false,
            mapped: 0,
            on_disk: 0,
        };
        Self {
            base: AtomicUsize::new(0),
            state: Mutex::new(State {
                file: None,
                slots: [slot; SLOTS],
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on they are in this file. The first one counts.
    pub(super) fn begin(&self, file: OwnedFd) {
        let mut state = self.state();
        if self.base.load(Acquire) != 0 {
            return;
        }
        // SAFETY: a mapping at an address of the kernel's choice, where nothing was.
        let reach = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                SLOT * SLOTS,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        };
        // Refused where addresses are limited (RLIMIT_AS).
        if let Ok(reach) = reach {
            state.file = Some(file);
            self.base.store(reach.expose_provenance(), Release);
        }
    }

    /// Whether this is the address of a list that is here.
    #[inline]
    pub(super) fn holds(&self, ptr: *const u8) -> bool {
        let base = self.base.load(Acquire);
        base != 0 && ptr.addr().wrapping_sub(base) < SLOT * SLOTS
    }

    /// Memory for a list, all zeros; `None` where it is to be had elsewhere.
    pub(super) fn take(&self, bytes: usize) -> Option<NonNull<u8>> {
        let base = self.base.load(Acquire);
        if base == 0 || bytes > SLOT {
            return None;
        }
        let mut state = self.state();
        let number = state.slots.iter().position(|s| !s.used && !s.spent)?;
        let slot = Slot {
            used: true,
            ..state.slots[number]
        };
        state.slots[number] = slot;
        // A new list is on disk, or not here.
        let there = state.grow(base, number, bytes) && state.slots[number].on_disk > 0;
        if !there {
            state.clear(base, number);
            return None;
        }
        NonNull::new(with_exposed_provenance_mut(base + number * SLOT))
    }

    /// Lets a list be so long, where it is; false where that cannot be.
    pub(super) fn resize(&self, ptr: *const u8, bytes: usize) -> bool {
        let base = self.base.load(Acquire);
        let number = (ptr.addr() - base) / SLOT;
        let mut state = self.state();
        bytes <= state.slots[number].mapped || state.grow(base, number, bytes)
    }

    /// Takes the memory of a list back.
    pub(super) fn give_back(&self, ptr: *const u8) {
        let base = self.base.load(Acquire);
        let number = (ptr.addr() - base) / SLOT;
        self.state().clear(base, number);
    }

    /// Gives back the memory of all that is in the file: it comes again when it is read.
    pub(super) fn trim(&self) {
        let base = self.base.load(Acquire);
        // Who gives a list back, or makes it grow, waits: it must be the file's meanwhile.
        let state = self.state();
        for number in 0..SLOTS {
            if state.slots[number].used {
                state.trim(base, number);
            }
        }
    }

    /// Bytes of lists that are in the file.
    pub(super) fn on_disk(&self) -> usize {
        self.state().slots.iter().map(|s| s.on_disk).sum()
    }
}

impl State {
    fn grow(&mut self, base: usize, number: usize, bytes: usize) -> bool {
        let slot = self.slots[number];
        let Some(wanted) = bytes.checked_next_multiple_of(STEP) else {
            return false;
        };
        if wanted > SLOT {
            return false;
        }
        // What was written before is read much later.
        self.trim(base, number);
        let more = wanted - slot.mapped;
        let at = with_exposed_provenance_mut(base + number * SLOT + slot.mapped);
        let on_disk = slot.on_disk == slot.mapped && self.map_file(at, number, more);
        if !on_disk && !map_memory(at, more) {
            return false;
        }
        let slot = &mut self.slots[number];
        slot.mapped = wanted;
        if on_disk {
            slot.on_disk = wanted;
        }
        true
    }

    /// Puts a part of the file behind what there is of a slot; false where there is no
    /// room.
    fn map_file(&mut self, at: *mut c_void, number: usize, bytes: usize) -> bool {
        let offset = (number * SLOT + self.slots[number].mapped) as u64;
        let Some(file) = &self.file else {
            return false;
        };
        if room(file, offset, bytes as u64).is_err() {
            return false;
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: these addresses are of the reach, and nothing is there yet.
        unsafe {
            mmap(
                at,
                bytes,
                access,
                MapFlags::SHARED | MapFlags::FIXED,
                file,
                offset,
            )
        }
        .is_ok()
    }

    fn trim(&self, base: usize, number: usize) {
        let at = with_exposed_provenance_mut(base + number * SLOT);
        // SAFETY: this is the file's and shared: the kernel keeps what was written
        // (madvise(2)), and gives it again at the next access.
        let _ = unsafe { madvise(at, self.slots[number].on_disk, Advice::LinuxDontNeed) };
    }

    fn clear(&mut self, base: usize, number: usize) {
        let Slot {
            mapped, on_disk, ..
        } = self.slots[number];
        let at = with_exposed_provenance_mut::<c_void>(base + number * SLOT);
        let nothing = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: these addresses are of the reach, and nobody has the list any more.
        let gone = mapped == 0
            || unsafe { mmap_anonymous(at, mapped, ProtFlags::empty(), nothing) }.is_ok();
        let freed = on_disk == 0
            || self
                .file
                .as_ref()
                .is_some_and(|file| free(file, (number * SLOT) as u64, on_disk as u64).is_ok());
        self.slots[number] = Slot {
            used: false,
            spent: !gone || !freed,
            mapped: 0,
            on_disk: 0,
        };
    }
}

/// Puts memory behind what there is of a slot.
fn map_memory(at: *mut c_void, bytes: usize) -> bool {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: these addresses are of the reach, and nothing is there yet.
    unsafe { mmap_anonymous(at, bytes, access, MapFlags::PRIVATE | MapFlags::FIXED) }.is_ok()
}
