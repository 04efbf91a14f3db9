//! Strategy `pool`: W threads share a queue of requests.
//!
//! Without `join` the main thread ends once it has queued everything, and the
//! process with it: the requests that are still in the queue are never made.
//! That is the classic mistake, reproduced as it is.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use super::Shared;
use super::pace::Pace;
use super::thread::start;
use crate::lab::task::{self, NoTask};
use crate::model::{Outcome, WorkerId};
use crate::sys::{clock, process};

/// A queue of request numbers that workers wait on.
#[derive(Debug, Default)]
struct Queue {
    inner: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    numbers: VecDeque<(u32, Option<Pace>)>,
    closed: bool,
    /// Workers that have come for their first request.
    came: usize,
}

impl Queue {
    fn push(&self, number: u32, pace: Option<Pace>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.numbers.push_back((number, pace));
        drop(inner);
        self.changed.notify_one();
    }

    fn close(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.closed = true;
        drop(inner);
        self.changed.notify_all();
    }

    /// A worker is there.
    fn come(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.came += 1;
        drop(inner);
        self.changed.notify_all();
    }

    /// Waits until so many workers are there.
    fn wait_for(&self, workers: usize) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        while inner.came < workers {
            inner = self
                .changed
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next request; `None` when the queue is closed and empty.
    fn next(&self) -> Option<(u32, Option<Pace>)> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(next) = inner.numbers.pop_front() {
                return Some(next);
            }
            if inner.closed {
                return None;
            }
            inner = self
                .changed
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

pub(super) fn run(shared: Shared) {
    let queue = &Queue::default();
    thread::scope(|scope| {
        let mut workers = Vec::new();
        let mut refusal: Option<NoTask> = None;
        let mut reserve = shared.reserve();
        for worker in 0..shared.plan.workers {
            let worker = WorkerId(worker);
            match start(shared, &mut reserve, scope, move || {
                work(shared, queue, worker);
            }) {
                Ok(handle) => workers.push(handle),
                // The pool goes on with the workers that it has.
                Err(e) => {
                    task::note_none(shared.ledger, &e);
                    refusal = Some(e);
                }
            }
        }
        if let (true, Some(e)) = (workers.is_empty(), refusal) {
            for number in shared.numbers() {
                shared.without_worker(number, Outcome::NoThread, &e);
            }
            return;
        }
        // Starting a thread of a class's language returns when it runs, and so a
        // pool is ready before the first request is queued.
        queue.wait_for(workers.len());
        let started = u32::try_from(workers.len()).unwrap_or(u32::MAX);
        shared.gate.open_when(started, || 0);
        let pace = shared.pace();
        for number in shared.numbers() {
            if pace.is_some_and(|pace| !pace.wait(number)) {
                break;
            }
            queue.push(number, pace);
        }
        if !shared.plan.join {
            let header = shared.ledger.header();
            header.after_ns.store(clock::now().as_nanos(), Relaxed);
            process::exit_now(0);
        }
        queue.close();
        for worker in workers {
            let _ = worker.join();
        }
    });
}

fn work(shared: Shared, queue: &Queue, worker: WorkerId) {
    queue.come();
    shared.gate.pass();
    while let Some((number, pace)) = queue.next() {
        // What waited too long for a worker is not begun.
        if pace.is_some_and(|pace| !pace.wait(number)) {
            continue;
        }
        shared.gate.take_permit();
        shared.perform(number, worker);
        shared.gate.give_permit();
    }
}
