//! Giving back the memory of long lists while they are read.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::read;

use super::SPILL;
use super::slots::PAGE;
use crate::sys::privilege::give_up::{NOTHING, for_good};

/// How often it is looked at. Memory is read at a gigabyte a second or so.
const EVERY: Duration = Duration::from_millis(5);

/// How much of the file may be in this process's memory.
const MOST: usize = 48 << 20;

/// As long as this lives no more of the long lists is in memory than a bound, whoever
/// reads them.
#[derive(Debug)]
pub struct Trimming {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Trimming {
    /// Begins, where there is more to be read than the bound.
    #[must_use]
    pub fn begin() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let before = file_pages().unwrap_or(0);
        let look = move || {
            for_good(NOTHING);
            while !seen.load(Relaxed) {
                park_timeout(EVERY);
                if file_pages().is_some_and(|now| now > before + MOST / PAGE) {
                    SPILL.trim();
                }
            }
        };
        let long = SPILL.on_disk() > MOST / 2;
        let thread = Builder::new().name("memory".to_owned());
        Self {
            thread: long.then(|| thread.spawn(look).ok()).flatten(),
            stop,
        }
    }
}

impl Drop for Trimming {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Pages of files in this process's memory: the third number of statm (proc(5)).
fn file_pages() -> Option<usize> {
    let file = open(
        "/proc/self/statm",
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    let mut text = [0u8; 128];
    let length = read(&file, &mut text).ok()?;
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    text.split_ascii_whitespace().nth(2)?.parse().ok()
}
