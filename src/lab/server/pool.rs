//! Model `pool`: the first thread accepts, W threads share the connections.

use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Server;
use super::acceptor::{Accepted, Next};
use super::thread::start;
use crate::lab::task::NoTask;

/// How often it is looked whether the workers have ended.
const LOOK: Duration = Duration::from_millis(1);

pub(super) fn run(server: &'static Server, ready: impl FnOnce()) -> io::Result<()> {
    let (give, take) = channel::<Accepted>();
    let take: &'static Mutex<Receiver<Accepted>> = Box::leak(Box::new(Mutex::new(take)));
    let mut workers = Vec::new();
    let mut reserve = server.reserve();
    for _ in 0..server.plan.workers {
        match start(server, &mut reserve, || serve(server, take)) {
            Ok(worker) => workers.push(worker),
            // One worker is a pool; none is not.
            Err(NoTask::Refused(e)) if workers.is_empty() => return Err(e),
            Err(e) if workers.is_empty() => return Err(io::Error::other(e)),
            Err(e) => server.no_worker("pool thread", &e),
        }
    }
    ready();
    loop {
        match server.next(None) {
            // It fails only when every worker has panicked.
            Next::Connection(accepted) => {
                let _ = give.send(accepted);
            }
            Next::Nothing => {}
            Next::Stop => break,
        }
    }
    drop(give);
    // Who has not ended then ends with the process.
    while workers.iter().any(|worker| !worker.is_finished()) && !server.others_left().is_zero() {
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// A worker's life: connections, until there is nobody left to give any.
fn serve(server: &Server, take: &Mutex<Receiver<Accepted>>) {
    loop {
        let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(accepted) => server.serve_connection(&accepted, server.plan.idle_timeout),
            Err(_) => return,
        }
    }
}
