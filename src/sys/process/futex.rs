//! Waiting on a word of shared memory, between threads or processes (futex(2)).
//!
//! Every wait has a time limit and the callers look again after it, so that a
//! process that dies at a bad moment can delay the others but not hang them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::futex;
use rustix::time::Timespec;

/// How long a wait of one who is alone lasts at most before the word is looked at again.
pub const NAP: Duration = Duration::from_millis(50);

/// The same of those who wait in thousands: all of them are woken then, and that must be
/// no work to speak of.
pub const LONG_NAP: Duration = Duration::from_secs(5);

/// Sleeps while `word` is `value`, so long at most: the caller checks and comes again.
pub fn wait_while(word: &AtomicU32, value: u32, at_most: Duration) {
    let at_most = Timespec::try_from(at_most).ok();
    // Every answer (woken, changed before, interrupted, time over) means the
    // same to the caller: look at the word.
    let _ = futex::wait(word, futex::Flags::empty(), value, at_most.as_ref());
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
            wait_while(word, 0, LONG_NAP);
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
