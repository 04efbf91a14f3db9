//! Trying what a run needs: a capture, a traced program, a network of its own. Each is
//! tried as a run does it, and ended at once; what came of it is read, not judged.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use crate::doctor::{Readings, Refusal, TraceStep, Versions};
use crate::observe::ebpf::Kernel;
use crate::sys::capture::{self, CaptureError, Opened, Settings};
use crate::sys::net::loopback;
use crate::sys::proc::status::Status;
use crate::sys::proc::{Proc, sysctl};
use crate::sys::ptrace::probe::{self, Refused};
use crate::sys::{errno, isolation, privilege};

/// Tries all of it. No other thread may exist yet.
#[must_use]
pub fn readings() -> Readings {
    let status = Status::read(Proc::this());
    let of = |what: fn(&Status) -> Option<bool>| status.as_ref().and_then(what);
    // First what forks: a capture has a ring that no other process may have.
    let isolation = isolation::probe();
    let (trace, sockets) = traced();
    Readings {
        root: rustix::process::geteuid().is_root(),
        proc: Proc::is_mounted(),
        loopback_up: loopback::is_up(),
        capture: captured(),
        interfaces: capture::interfaces(),
        packet_socket: privilege::may_capture(),
        rights_hold: isolation::rights_hold_in_network(),
        no_new_privs: of(Status::no_new_privs),
        trace,
        sockets,
        traced: of(|s| Some(s.tracer()?.is_some())),
        filtered: of(Status::seccomp),
        ptrace_scope: sysctl::number("kernel/yama/ptrace_scope"),
        isolation,
        ebpf: Kernel::load().map(drop).map_err(|e| e.sentence()),
    }
}

fn named(e: &io::Error) -> String {
    e.raw_os_error().map_or_else(|| e.to_string(), errno::name)
}

type Traced = (Result<(), (TraceStep, String)>, Result<(), Refusal>);

fn traced() -> Traced {
    let sockets = |seen: io::Result<()>| {
        seen.map_err(|e| Refusal {
            call: "pidfd_getfd(2)",
            errno: named(&e),
        })
    };
    let refused = |step, e: &io::Error| (Err((step, named(e))), Ok(()));
    match probe::probe() {
        Ok(seen) => (Ok(()), sockets(seen)),
        Err(Refused::Start(e)) => refused(TraceStep::Start, &e),
        Err(Refused::Seize(e)) => refused(TraceStep::Seize, &e),
        Err(Refused::Filter(e)) => refused(TraceStep::Filter, &e),
    }
}

/// Opens a tap on the loopback. The words are libpcap's: what this program is called,
/// and where it is, is nobody's business here.
fn captured() -> Result<(), String> {
    let settings = Settings {
        interface: "lo".to_owned(),
        snaplen: 96,
        buffer_bytes: 1 << 20,
    };
    match Opened::open(&settings).and_then(|opened| opened.keep("tcp")) {
        Ok(_) => Ok(()),
        Err(CaptureError::Permission { .. }) => Err("Operation not permitted".to_owned()),
        Err(CaptureError::NoInterface { .. }) => Err("there is no interface lo".to_owned()),
        Err(CaptureError::Filter { reason, .. } | CaptureError::Other { reason, .. }) => {
            Err(reason)
        }
    }
}

/// What is installed here.
#[must_use]
pub fn versions() -> Versions {
    Versions {
        system: system(),
        architecture: std::env::consts::ARCH.to_owned(),
        libpcap: capture::version(),
        tshark: tshark(),
    }
}

/// The distribution's name (os-release(5)).
fn system() -> Option<String> {
    let files = ["/etc/os-release", "/usr/lib/os-release"];
    let text = files
        .iter()
        .find_map(|file| fs::read_to_string(file).ok())?;
    let name = text.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches(['"', '\'']).to_owned())
}

/// The first line of what it says of itself, without the details of its build.
fn tshark() -> Option<String> {
    let mut command = Command::new("tshark");
    command.arg("--version");
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let said = command.output().ok()?.stdout;
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().next()?;
    let name = line.split(" (Git").next().unwrap_or(line);
    Some(name.trim_end_matches('.').chars().take(80).collect())
}
