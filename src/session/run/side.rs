//! Starting a side's process and hearing when it is ready.

use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use super::SessionError;
use crate::sys::ledger::Ledger;
use crate::sys::process::Child;

/// The hidden subcommands under which this program is executed anew.
pub const SERVER_COMMAND: &str = "__server";
/// See [`SERVER_COMMAND`].
pub const CLIENT_COMMAND: &str = "__client";

/// What a server tells its coordinator first, on its standard output: a line
/// that begins with one of these.
pub const LISTENING: &str = "listening ";
/// See [`LISTENING`].
pub const FAILED: &str = "failed ";

/// How long a server may take until it listens, on a machine where hundreds
/// want a processor.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts one side's process with its plan and its ledger.
pub fn start(
    command: &str,
    plan: &impl Serialize,
    ledger: &Ledger,
    log: Option<File>,
) -> Result<Child, SessionError> {
    let plan = serde_json::to_string(plan).map_err(io::Error::from)?;
    let stderr = log.map_or_else(Stdio::inherit, Stdio::from);
    let child = Child::start_self(&[command.to_owned(), plan], ledger.share()?, stderr)?;
    Ok(child)
}

/// Waits until a server says where it listens.
pub fn wait_until_listening(child: &mut Child) -> Result<SocketAddr, SessionError> {
    let mut line = Vec::new();
    let until = Instant::now() + PATIENCE;
    let said = child
        .stdout
        .take()
        .map(|mut out| read_line(&mut out, &mut line, until));
    let text = String::from_utf8_lossy(&line);
    let text = text.trim_end();
    if let Some(address) = text.strip_prefix(LISTENING)
        && let Ok(address) = address.parse()
    {
        return Ok(address);
    }
    if let Some(message) = text.strip_prefix(FAILED) {
        return Err(SessionError::Server(message.to_owned()));
    }
    let how = match (said, child.wait(Duration::from_millis(100))) {
        (_, Some(exit)) => format!("it ended first ({exit:?})"),
        (Some(Err(e)), None) => e.to_string(),
        _ => "it said nothing".to_owned(),
    };
    Err(SessionError::Server(format!(
        "the server did not start: {how}"
    )))
}

fn read_line(out: &mut File, line: &mut Vec<u8>, until: Instant) -> io::Result<()> {
    let mut byte = [0u8; 1];
    while !line.ends_with(b"\n") {
        let left = until.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(left).ok();
        let fd = out.as_fd();
        if poll(&mut [PollFd::new(&fd, PollFlags::IN)], limit.as_ref())? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if out.read(&mut byte)? == 0 {
            return Ok(());
        }
        line.push(byte[0]);
    }
    Ok(())
}
