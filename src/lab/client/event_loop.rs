//! Strategy `async`: one thread, an event loop, a task a request.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockAddr;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinSet, LocalSet};

use super::pace::{Pace, Turn};
use super::request::{self, Target};
use super::{Shared, whoami};
use crate::lab::protocol;
use crate::model::{Outcome, WorkerId};
use crate::notes::RequestPen;
use crate::sys::clock::{self, Alarm};

/// Without a gate and without a bound of the user's, so many are in flight: an
/// unbounded loop would open every connection before it reads one answer.
pub const IN_FLIGHT: u32 = 1024;

/// The one thread is the one worker.
const WORKER: WorkerId = WorkerId(0);

pub(super) fn run(shared: Shared) {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => LocalSet::new().block_on(&runtime, all(shared)),
        Err(e) => {
            for number in shared.numbers() {
                shared.refused(number, request::outcome_of(&e), &e);
            }
        }
    }
}

async fn all(shared: Shared) {
    let plan = shared.plan;
    let bound = match plan.max_in_flight {
        Some(most) => most as usize,
        None if plan.gate => plan.requests as usize,
        None => IN_FLIGHT as usize,
    };
    let permits = Arc::new(Semaphore::new(bound));
    let (gate, _) = watch::channel(!plan.gate);
    let mut running = JoinSet::new();
    let pace = shared.pace();
    let alarm = pace.and_then(|_| Alarm::new().ok()?.on_event_loop().ok());
    for number in shared.numbers() {
        // Without the gate a task is begun only when its request may go.
        let permit = if plan.gate {
            None
        } else {
            Arc::clone(&permits).acquire_owned().await.ok()
        };
        if let Some(pace) = &pace
            && !due(pace, number, alarm.as_ref()).await
        {
            break;
        }
        running.spawn_local(one(
            shared,
            number,
            gate.subscribe(),
            Arc::clone(&permits),
            permit,
        ));
        while running.try_join_next().is_some() {}
    }
    // Every task has been begun; none has gone yet, for this one has not rested.
    let _ = gate.send(true);
    while running.join_next().await.is_some() {}
}

/// Waits until a request is due; `false`: no more are begun. The runtime's own timers
/// are a millisecond late, which is too much at thousands a second.
async fn due(pace: &Pace, number: u32, alarm: Option<&AsyncFd<Alarm>>) -> bool {
    loop {
        let wait = match pace.turn(number, Instant::now()) {
            Turn::Now => return true,
            Turn::Never => return false,
            Turn::After(wait) => wait,
        };
        match alarm {
            Some(alarm) if alarm.get_ref().set(wait).is_ok() => {
                if let Ok(mut ready) = alarm.readable().await {
                    // Setting it anew takes back that it has gone off.
                    ready.clear_ready();
                }
            }
            _ => tokio::time::sleep(wait).await,
        }
    }
}

async fn one(
    shared: Shared,
    number: u32,
    mut gate: watch::Receiver<bool>,
    permits: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
) {
    // An error means that the sender is gone: then the gate is open, too.
    let _ = gate.wait_for(|open| *open).await;
    let _permit = match permit {
        Some(permit) => Some(permit),
        None => permits.acquire_owned().await.ok(),
    };
    if let Some(pen) = shared.pen(number) {
        perform(shared.target, number, pen).await;
    }
    shared.count_done();
}

async fn perform(target: Target, number: u32, pen: RequestPen<'_>) {
    let (pid, tid) = whoami();
    pen.start(WORKER, pid, tid, clock::now());
    let mut buffer = Vec::with_capacity(protocol::ANSWER_BYTES * 2);
    let limited = tokio::time::timeout(
        target.timeout.max(Duration::from_nanos(1)),
        exchange(target, number, pen, &mut buffer),
    );
    let outcome = limited.await.unwrap_or(Ok(Outcome::Timeout));
    request::finish(pen, outcome, &buffer);
}

async fn exchange(
    target: Target,
    number: u32,
    pen: RequestPen<'_>,
    buffer: &mut Vec<u8>,
) -> io::Result<Outcome> {
    let mut stream = connect(target, number, pen).await?;
    stream.write_all(protocol::REQUEST).await?;
    loop {
        let n = stream.read_buf(buffer).await?;
        if let Some(outcome) = request::judge(buffer, n == 0) {
            return Ok(outcome);
        }
    }
}

async fn connect(target: Target, number: u32, pen: RequestPen<'_>) -> io::Result<TcpStream> {
    let address = SockAddr::from(target.address);
    let begun = request::with_spare_addresses(target, number, |source| {
        let socket = request::open(target, source)?;
        socket.set_nonblocking(true)?;
        pen.connecting(clock::now());
        let begun = socket.connect(&address);
        request::note_local(pen, &socket);
        match begun {
            Err(e) if e.raw_os_error() != Some(libc::EINPROGRESS) => Err(e),
            _ => Ok(socket),
        }
    })?;
    let stream = TcpStream::from_std(begun.into())?;
    stream.writable().await?;
    if let Some(e) = stream.take_error()? {
        return Err(e);
    }
    if stream.local_addr()? == target.address {
        // It met itself: see `request::refuse_oneself`.
        return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
    }
    pen.connected(clock::now());
    Ok(stream)
}
