//! What a run tells of its steps (`-v`), in sentences. Nothing here is called
//! for a frame, an event or a request.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tracing::{debug, info};

use super::plan::RunPlan;
use super::world::{Captured, FlowProgress, StartedSide};
use crate::model::observation::{End, Leftovers, ObserverName, SideStarted, Trouble};
use crate::model::{Exit, Nanos, Pid, Side, StopReason};
use crate::text::command::as_line;
use crate::text::units::{bytes, count, counted, duration};

/// The run's folder is there.
pub fn folder(dir: &Path) {
    info!("run directory: {}", dir.display());
}

/// A side was started, or found.
pub fn started(side: Side, started: &StartedSide) {
    if let Some(Trouble::NotTraced { error, remedy, .. }) = &started.trouble {
        info!("the {side} cannot be traced: {error}{remedy}");
    }
    let Some(observer) = &started.observer else {
        return info!("the {side} ran already, and is not observed");
    };
    let SideStarted {
        observer,
        command,
        root,
        ..
    } = observer.started();
    let program = match command {
        Some(words) => format!("`{}`", as_line(&words)),
        None if observer == ObserverName::Ledger => "built in".to_owned(),
        None => "ran already".to_owned(),
    };
    info!("{side} started: pid {root}, {program}, {}", how(observer));
}

fn how(observer: ObserverName) -> &'static str {
    match observer {
        ObserverName::Ledger => "instrumented",
        ObserverName::Ptrace => "traced with ptrace(2)",
        ObserverName::Ebpf => "watched by programs in the kernel (eBPF)",
        ObserverName::Proc => "sampled from /proc every 2 ms",
        ObserverName::Nobody => "not observed",
    }
}

/// The server listens.
pub fn listens(target: SocketAddr) {
    info!("server listens on {target}");
}

/// The server is waited for.
pub fn not_yet_listening(port: Option<u16>, patience: Duration) {
    let port = port.map_or(String::new(), |port| format!(" on port {port}"));
    debug!(
        "waiting until the server listens{port}, {} at most",
        duration(patience.into())
    );
}

/// The capture has begun.
pub fn captures(plan: &RunPlan, link_type: &str, filter: &str) {
    if let Some(settings) = &plan.capture {
        info!(
            "capture started on {}: link type {link_type}, filter `{filter}`, snaplen {}, buffer {}",
            settings.interface,
            count(settings.snaplen.into()),
            bytes(settings.buffer_bytes.into())
        );
    }
}

/// Why a client is waited for no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// All of it has ended.
    Ended,
    /// Its first process has ended, and so many others were idle for so long.
    Idle(u64, Duration),
}

/// The client is done, or was ended.
pub fn client_done(end: End, done: Option<Done>) {
    match (end, done) {
        (_, Some(Done::Ended)) => info!("client done: it has ended"),
        (_, Some(Done::Idle(left, patience))) => info!(
            "client done: its first process has ended, and {} did nothing for {}",
            counted(left, "other process", "other processes"),
            duration(patience.into())
        ),
        (End::TimeLimit, None) => info!("client ended: its time is over (--time-limit)"),
        (End::Interrupted, None) => info!("client ended: interrupted"),
        (_, None) => info!("client ended: the capture failed"),
    }
}

/// A watch has begun.
pub fn watches() {
    info!("watching: nothing was started, and nothing will be ended");
}

/// A watch is over.
pub fn watched(all_ended: bool) {
    if all_ended {
        info!("the watch is over: all that was watched has ended");
    } else {
        info!("the watch is over: what was watched goes on");
    }
}

/// The clock was set.
pub fn clock_set(by: Nanos) {
    let way = if by.get() < 0 { "back" } else { "forward" };
    info!(
        "the system's clock was set {way} by {}",
        duration(Nanos::new(by.get().saturating_abs()))
    );
}

/// How far the flows are while they are waited for.
pub fn flows(progress: FlowProgress, expected: u64) {
    debug!(
        "flows: {} expected, {} with a SYN, {} seen, {} closed",
        count(expected),
        count(progress.opened),
        count(progress.seen),
        count(progress.closed)
    );
}

/// The wire is waited for no more.
pub fn at_rest(reason: StopReason, progress: FlowProgress, expected: u64, waited: Duration) {
    info!(
        "capture can stop ({reason}): {} expected, {} seen, {} closed; waited {}",
        counted(expected, "flow", "flows"),
        count(progress.seen),
        count(progress.closed),
        duration(waited.into())
    );
}

/// The capture has ended.
pub fn captured(captured: &Captured) {
    let lost = |n: Option<u64>| n.map_or_else(|| "not measured".to_owned(), count);
    info!(
        "capture stopped: {}, dropped by the kernel: {}, by the interface: {}",
        counted(captured.wire.frames, "frame", "frames"),
        lost(captured.wire.dropped_by_kernel),
        lost(captured.wire.dropped_by_interface)
    );
    if let Some(error) = &captured.failed {
        info!("the capture had failed: {error}");
    }
}

/// A signal is sent.
pub fn signals(side: Side, signal: Signal, pids: &[Pid]) {
    /// A line is to be read by a person.
    const MOST: usize = 20;
    if pids.is_empty() {
        return;
    }
    let some: Vec<String> = pids.iter().take(MOST).map(ToString::to_string).collect();
    let more = match pids.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    info!(
        "{} to the {side}: pid {}{more}",
        signal_name(signal),
        some.join(", ")
    );
}

fn signal_name(signal: Signal) -> String {
    match signal {
        Signal::TERM => "SIGTERM".to_owned(),
        Signal::KILL => "SIGKILL".to_owned(),
        other => format!("signal {}", other.as_raw()),
    }
}

/// An observer brought so many facts.
pub fn facts(side: Side, n: u64) {
    if n > 0 {
        debug!("{side}: {}", counted(n, "new fact", "new facts"));
    }
}

/// A side is over, or was let go.
pub fn ended(side: Side, exit: Option<Exit>) {
    let how = exit.map_or_else(
        || "left; it goes on, or its end was not seen".to_owned(),
        |exit| format!("ended: {exit}"),
    );
    info!("{side} {how}");
}

/// What was left at the end.
pub fn swept(leftovers: &Leftovers) {
    match leftovers.lived {
        Some(lived) if lived > 0 => info!(
            "the run left {}, which threadtap ended",
            counted(lived, "process", "processes")
        ),
        _ => debug!("the run left no process"),
    }
    for pid in &leftovers.not_ended {
        info!("pid {pid} has not ended after SIGKILL");
    }
}

/// A file was saved.
pub fn saved(file: &str, size: u64, since: Instant) {
    let took = duration(Nanos::from(since.elapsed()));
    info!("saved {file}: {} in {took}", bytes(size));
}

/// The files that were written while the run went on.
pub fn written(dir: &Path, files: &[&str]) {
    for file in files {
        if let Ok(found) = dir.join(file).metadata() {
            info!("saved {file}: {}, during the run", bytes(found.len()));
        }
    }
}
