//! From readings to answers. A cause is named only where the readings allow no other.

use super::readings::{Readings, TraceStep, Versions};
use super::record::{Check, DoctorRecord, SCHEMA_DOCTOR};
use crate::model::{Environment, Tool};
use crate::text::escape::printable;

/// Judges a system.
#[must_use]
pub fn judge(readings: &Readings, versions: Versions, environment: Environment) -> DoctorRecord {
    let checks = vec![
        capture(readings),
        count(readings),
        trace(readings),
        isolate(readings),
        ebpf(readings),
    ];
    let clean = |text: Option<String>| text.map(|t| printable(&t).into_owned());
    DoctorRecord {
        schema: SCHEMA_DOCTOR,
        tool: Tool::this(),
        ready: checks.iter().all(|c| c.works || !c.needed),
        root: readings.root,
        system: clean(versions.system),
        architecture: versions.architecture,
        libpcap: clean(versions.libpcap),
        tshark: clean(versions.tshark),
        environment,
        interfaces: readings
            .interfaces
            .iter()
            .map(|i| printable(i).into_owned())
            .collect(),
        checks,
    }
}

fn works(name: &'static str, needed: bool, found: impl Into<String>) -> Check {
    Check {
        name,
        works: true,
        needed,
        found: found.into(),
        remedy: None,
    }
}

fn fails(
    name: &'static str,
    needed: bool,
    found: impl Into<String>,
    remedy: Option<&str>,
) -> Check {
    Check {
        works: false,
        remedy: remedy.map(str::to_owned),
        ..works(name, needed, found)
    }
}

fn capture(of: &Readings) -> Check {
    const NAME: &str = "capture";
    // In a network of its own a run may capture without any privilege.
    let needed = of.isolation.is_err();
    if of.loopback_up == Some(false) {
        return fails(
            NAME,
            needed,
            "the loopback interface lo is down",
            Some("bring it up: sudo ip link set lo up"),
        );
    }
    let Err(words) = &of.capture else {
        return works(NAME, needed, "libpcap captures on lo");
    };
    if of.packet_socket != Some(false) {
        // The right is there: it is something else.
        return fails(
            NAME,
            needed,
            format!("libpcap: {}", printable(words)),
            Some("check the interface (ip link show lo); in a container add --cap-add=NET_RAW"),
        );
    }
    let foreign = of.rights_hold == Some(false);
    let remedy = if foreign {
        "make a network in this user namespace, too (unshare -rn instead of unshare -r), or run \
         threadtap outside of it"
    } else if of.root {
        "CAP_NET_RAW was taken from root here: in a container add --cap-add=NET_RAW"
    } else if of.no_new_privs == Some(true) {
        "capabilities of files are ignored here (no_new_privs): run as root, or without what sets \
         it"
    } else if of.filtered == Some(true) {
        "in a container add --cap-add=NET_RAW; else run once: sudo setcap cap_net_raw+ep \
         \"$(command -v threadtap)\", or run as root"
    } else {
        "run once: sudo setcap cap_net_raw+ep \"$(command -v threadtap)\", or run as root"
    };
    let instead = if needed {
        ""
    } else {
        "; a run takes a network of its own instead"
    };
    let why = if foreign {
        "this network belongs to another user namespace, in which no capability of this one holds"
    } else {
        "CAP_NET_RAW is missing"
    };
    let found = format!("packet sockets are refused: {why}{instead}");
    fails(NAME, needed, found, Some(remedy))
}

fn count(of: &Readings) -> Check {
    const NAME: &str = "count";
    if of.proc {
        works(NAME, true, "proc(5) is mounted")
    } else {
        fails(
            NAME,
            true,
            "proc(5) is not mounted",
            Some("mount it: mount -t proc proc /proc"),
        )
    }
}

fn trace(of: &Readings) -> Check {
    const NAME: &str = "trace";
    let (step, errno) = match (&of.trace, &of.sockets) {
        (Ok(()), Ok(())) => {
            return works(
                NAME,
                true,
                "ptrace(2) and seccomp(2) follow a program that is started",
            );
        }
        (Ok(()), Err(refusal)) => {
            let found = format!(
                "a program can be followed, but {} is refused ({}): sockets are then found by \
                 their inodes, with provenance matched",
                refusal.call, refusal.errno
            );
            let container = of.filtered == Some(true);
            return Check {
                remedy: container.then(|| "in a container add --cap-add=SYS_PTRACE".to_owned()),
                ..works(NAME, true, found)
            };
        }
        (Err(refused), _) => refused,
    };
    let (call, what) = match step {
        TraceStep::Start => ("starting a program", "could not be tried"),
        TraceStep::Seize => ("ptrace(2)", "is refused"),
        TraceStep::Filter => ("a filter of seccomp(2)", "is refused"),
    };
    let found =
        format!("{call} {what} ({errno}): programs are sampled, short-lived threads are missed");
    let scope = of.ptrace_scope;
    let remedy = if *step == TraceStep::Start {
        None
    } else if of.traced == Some(true) {
        Some("threadtap itself is traced (strace, a debugger): run it without that")
    } else if *step == TraceStep::Seize && scope == Some(3) {
        Some("kernel.yama.ptrace_scope is 3, which lasts until the next boot: set it to 1 at boot")
    } else if *step == TraceStep::Seize && scope == Some(2) {
        Some(
            "kernel.yama.ptrace_scope is 2: run as root, or sudo sysctl kernel.yama.ptrace_scope=1",
        )
    } else if of.filtered == Some(true) {
        Some(
            "system calls are filtered here, as in a container: add --cap-add=SYS_PTRACE, or use \
             a seccomp profile that allows ptrace(2) and seccomp(2)",
        )
    } else if *step == TraceStep::Filter && matches!(errno.as_str(), "EINVAL" | "ENOSYS") {
        Some("this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER): use another one")
    } else {
        None
    };
    fails(NAME, true, found, remedy)
}

fn isolate(of: &Readings) -> Check {
    const NAME: &str = "isolate";
    match &of.isolation {
        Ok(()) => works(
            NAME,
            false,
            "a run can have a network of its own (namespaces(7))",
        ),
        Err(why) => fails(NAME, false, printable(why), None),
    }
}

/// Where it does not work programs are traced instead, so that nothing is to be done.
fn ebpf(of: &Readings) -> Check {
    const NAME: &str = "ebpf";
    match &of.ebpf {
        Ok(()) => works(
            NAME,
            false,
            "programs in the kernel can be loaded (bpf(2)): they watch yours, and stop nothing",
        ),
        Err(why) => fails(
            NAME,
            false,
            format!("{}; programs are traced instead", printable(why)),
            None,
        ),
    }
}
