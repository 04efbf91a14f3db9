//! Model `thread`: a new thread for every connection.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::Server;
use super::acceptor::{Accepted, Next};
use crate::lab::task::{self, NoTask};
use crate::reserve::Reserve;

/// Room enough to serve, and little enough for tens of thousands.
const STACK_BYTES: usize = 128 * 1024;

/// When the accepting thread has to serve for lack of others, a silent peer
/// may hold up everybody for so long at most.
pub const PATIENCE_INLINE: Duration = Duration::from_millis(250);

/// Counts the threads that serve, so that the last one can be waited for.
#[derive(Debug, Default)]
struct Serving {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Serving {
    fn change(&self, by: isize) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_add_signed(by);
        if *count == 0 {
            self.changed.notify_all();
        }
    }

    /// Waits until none serves, `limit` at most: the rest ends with the process.
    fn wait_for_none(&self, limit: Duration) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(count, limit, |n| *n > 0);
        drop(waited);
    }
}

pub(super) fn run(server: &'static Server, ready: impl FnOnce()) {
    let serving: &'static Serving = Box::leak(Box::default());
    let mut reserve = server.reserve();
    ready();
    loop {
        match server.next(None) {
            Next::Connection(accepted) => hand_over(server, serving, &mut reserve, accepted),
            Next::Nothing => {}
            Next::Stop => break,
        }
    }
    serving.wait_for_none(server.others_left());
}

fn hand_over(
    server: &'static Server,
    serving: &'static Serving,
    reserve: &mut Reserve,
    accepted: Accepted,
) {
    // Shared, so that the connection is still there when the thread is refused.
    let accepted = Arc::new(accepted);
    let theirs = Arc::clone(&accepted);
    serving.change(1);
    let started = start(server, reserve, move || {
        server.serve_connection(&theirs, server.plan.idle_timeout);
        drop(theirs);
        serving.change(-1);
    });
    if let Err(e) = started {
        serving.change(-1);
        server.no_worker("thread", &e);
        let patience = server.plan.idle_timeout.min(PATIENCE_INLINE);
        server.serve_connection(&accepted, patience);
    }
}

/// Starts a thread that notes its begin and its end around `work`, if that leaves the
/// reserve.
pub(super) fn start(
    server: &Server,
    reserve: &mut Reserve,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, NoTask> {
    reserve.take()?;
    let slot = server.ledger.and_then(|l| l.new_task());
    let handle = Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || task::live(slot, false, work))?;
    task::created(slot, false);
    Ok(handle)
}
