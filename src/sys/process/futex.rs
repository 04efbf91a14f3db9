//! Waiting on a word of shared memory, between threads or processes (futex(2)).
//!
//! Every wait has a time limit and the callers look again after it, so that a
//! process that dies at a bad moment can delay the others but not hang them.

use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::futex;
use rustix::time::Timespec;

/// How long one wait lasts at most before the word is looked at again.
const NAP: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Sleeps while `word` is `value`, at most 50 ms: the caller checks and comes again.
pub fn wait_while(word: &AtomicU32, value: u32) {
    // Every answer (woken, changed before, interrupted, time over) means the
    // same to the caller: look at the word.
    let _ = futex::wait(word, futex::Flags::empty(), value, Some(&NAP));
}

/// Wakes everyone who waits on `word`.
pub fn wake_all(word: &AtomicU32) {
    let _ = futex::wake(word, futex::Flags::empty(), i32::MAX.cast_unsigned());
}

/// Wakes one who waits on `word`.
pub fn wake_one(word: &AtomicU32) {
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// Takes a permit from a counting semaphore in `word`; waits until there is one.
pub fn acquire(word: &AtomicU32) {
    loop {
        let have = word.load(Ordering::Acquire);
        if have == 0 {
            wait_while(word, 0);
        } else if word
            .compare_exchange_weak(have, have - 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
        {
            return;
        }
    }
}

/// Gives a permit back.
pub fn release(word: &AtomicU32) {
    word.fetch_add(1, Ordering::AcqRel);
    wake_one(word);
}
