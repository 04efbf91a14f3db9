//! Memory that lies on disk: what a long run gathers is not to fill the memory.
//!
//! A run of hours has millions of flows and notes, in a few long lists. From [`into`] on,
//! the memory of every long list ([`LONG`]) is an unlinked file in the run's folder,
//! mapped (mmap(2)): it is written there and given back ([`Trimming`]), and comes again
//! when it is read. Whoever holds a list knows nothing of it. That is why this is the
//! allocator of the program: a list may be anybody's, also that of a pure room.
//!
//! Where a file cannot hold them (no room, a file system that does not keep room for
//! what is written through a mapping), lists are in memory as they are anywhere else.

mod place;
mod slots;
#[cfg(test)]
mod tests;
mod trimming;

use std::alloc::{GlobalAlloc, Layout, System};
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use self::slots::Spill;
pub use self::trimming::Trimming;

/// From how many bytes on a list is a long one.
const LONG: usize = 4 << 20;

static SPILL: Spill = Spill::new();

/// The allocator: the system's, but for long lists.
#[derive(Clone, Copy, Debug)]
pub struct Memory;

/// From now on long lists are in a file in this folder, which nobody sees there. It is
/// made at once, with what the process may do in the folder now: it may give that up, and
/// the folder may be another user's.
pub fn into(folder: &OwnedFd) {
    if let Some(file) = place::made_in(folder) {
        SPILL.begin(file);
    }
}

// SAFETY: memory comes from the system's allocator or from `SPILL`, which never give the
// same one twice; an address tells which of the two has to take it back.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(long) = take(layout) {
            return long.as_ptr();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // What a file has not been given yet is zeros (fallocate(2)).
        if let Some(long) = take(layout) {
            return long.as_ptr();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if SPILL.holds(ptr) {
            return SPILL.give_back(ptr);
        }
        // SAFETY: it is not ours, so it is the system's; the rest is the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let ours = SPILL.holds(ptr);
        if !ours && size < LONG {
            // SAFETY: it is the system's, and the rest is the caller's promise.
            return unsafe { System.realloc(ptr, layout, size) };
        }
        // One that became short stays where it is as long as it is not tiny: slots are few.
        if ours && size >= LONG / 8 && SPILL.resize(ptr, size) {
            return ptr;
        }
        // SAFETY: the caller promises that the size is right for this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if !ours {
            let Some(long) = take(new) else {
                // SAFETY: it is the system's, and the rest is the caller's promise.
                return unsafe { System.realloc(ptr, layout, size) };
            };
            // SAFETY: both are as long, and are not the same.
            unsafe { long.as_ptr().copy_from_nonoverlapping(ptr, layout.size()) };
            // SAFETY: it is the system's, and nobody has it any more.
            unsafe { System.dealloc(ptr, layout) };
            return long.as_ptr();
        }
        // SAFETY: the caller's promise.
        let moved = unsafe { System.alloc(new) };
        if !moved.is_null() {
            // SAFETY: both are as long, and are not the same.
            unsafe { moved.copy_from_nonoverlapping(ptr, size.min(layout.size())) };
            SPILL.give_back(ptr);
        }
        moved
    }
}

/// Memory of a file, where it is wanted and can be had.
fn take(layout: Layout) -> Option<NonNull<u8>> {
    (layout.size() >= LONG && layout.align() <= slots::PAGE)
        .then(|| SPILL.take(layout.size()))
        .flatten()
}
