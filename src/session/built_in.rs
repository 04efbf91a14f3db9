//! Starting this program anew with a plan and a ledger, and hearing when it is
//! ready.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use rustix::thread::CapabilitySet;
use serde::Serialize;

use crate::observe::Listening;
use crate::observe::ledger::Announcement;
use crate::sys::ledger::Ledger;
use crate::sys::process::Child;

/// How long a server may take until it listens, on a machine where hundreds
/// want a processor.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts a process with its plan and its ledger. Of this thread's capabilities it has
/// `keep` and no more; `None`: as any program.
///
/// # Errors
/// When the system refuses it.
pub fn start(
    command: &str,
    plan: &impl Serialize,
    ledger: &Ledger,
    log: Option<File>,
    keep: Option<CapabilitySet>,
) -> io::Result<Child> {
    let plan = serde_json::to_string(plan).map_err(io::Error::from)?;
    let stderr = log.map_or_else(Stdio::inherit, Stdio::from);
    Child::start_self(&[command.to_owned(), plan], ledger.share()?, stderr, keep)
}

/// Waits until a server says where it listens.
///
/// # Errors
/// What it says instead.
pub fn wait_until_listening(child: &mut Child) -> Result<SocketAddr, String> {
    let mut announcement = child.stdout.take().map(Announcement::new);
    match announcement.as_mut().map(|a| a.hear(PATIENCE)) {
        Some(Listening::At(address)) => Ok(address),
        Some(Listening::Failed(why)) if !why.is_empty() => Err(why),
        _ => {
            let exit = child.wait(Duration::from_millis(100));
            let how = exit.map_or("it printed no message".to_owned(), |exit| {
                format!("its process ended ({exit})")
            });
            Err(format!("the server did not start: {how}"))
        }
    }
}
