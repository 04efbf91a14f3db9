//! Each kind of refusal, and what is said of it.

use super::record::Check;
use super::*;
use crate::lang::Lang;
use crate::model::Environment;

/// A system on which all works.
fn healthy() -> Readings {
    Readings {
        root: false,
        proc: true,
        loopback_up: Some(true),
        interfaces: vec!["lo".to_owned(), "eth0".to_owned()],
        capture: Ok(()),
        packet_socket: Some(true),
        rights_hold: Some(true),
        no_new_privs: Some(false),
        trace: Ok(()),
        sockets: Ok(()),
        traced: Some(false),
        filtered: Some(false),
        ptrace_scope: Some(1),
        isolation: Ok(()),
        ebpf: Ok(()),
    }
}

fn environment() -> Environment {
    Environment {
        kernel: "Linux 6.1.0".to_owned(),
        cpus: 2,
        memory_bytes: Some(8_000_000_000),
        limits: [
            ("RLIMIT_NPROC".to_owned(), Some(1000)),
            ("RLIMIT_STACK".to_owned(), None),
        ]
        .into(),
    }
}

fn judged(readings: &Readings) -> DoctorRecord {
    judge(readings, Versions::default(), environment())
}

fn check(readings: &Readings, name: &str) -> (Check, bool) {
    let record = judged(readings);
    let check = record.checks.iter().find(|c| c.name == name).unwrap();
    (check.clone(), record.ready)
}

/// What a change of the healthy system makes of a check: it fails, and these words are
/// in what is to be done.
fn fails(name: &str, ready: bool, words: &[&str], change: impl Fn(&mut Readings)) {
    let mut readings = healthy();
    change(&mut readings);
    let (check, whole) = check(&readings, name);
    assert!(!check.works, "{check:?}");
    assert_eq!(whole, ready, "{check:?}");
    let said = format!("{} {}", check.found, check.remedy.unwrap_or_default());
    for word in words {
        assert!(said.contains(word), "{word} not in {said}");
    }
}

fn refused(step: TraceStep, errno: &str) -> Result<(), (TraceStep, String)> {
    Err((step, errno.to_owned()))
}

#[test]
fn all_is_well() {
    let record = judged(&healthy());
    assert!(record.ready);
    assert!(record.checks.iter().all(|c| c.works && c.remedy.is_none()));
    assert!(page(&record, Lang::En).ends_with("All that `threadtap run` needs is here.\n"));
    let told = page(&record, Lang::Id);
    assert!(told.ends_with("Semua yang diperlukan `threadtap run` ada di sini.\n"));
    assert!(
        told.contains("\nya     count    proc(5) terpasang\n"),
        "{told}"
    );
}

#[test]
fn no_right_to_capture() {
    let denied = |r: &mut Readings| {
        r.capture = Err("socket: Operation not permitted".to_owned());
        r.packet_socket = Some(false);
    };
    // In a network of its own a run captures all the same.
    fails("capture", true, &["setcap cap_net_raw+ep"], denied);
    fails("capture", false, &["setcap cap_net_raw+ep"], |r| {
        denied(r);
        r.isolation = Err("not allowed".to_owned());
    });
    fails("capture", true, &["taken from root", "NET_RAW"], |r| {
        denied(r);
        r.root = true;
    });
    // Its capabilities are complete, and hold for another network.
    let foreign = |r: &mut Readings| {
        denied(r);
        r.root = true;
        r.rights_hold = Some(false);
    };
    let words = ["another user namespace", "unshare -rn"];
    fails("capture", true, &words, foreign);
    let mut readings = healthy();
    foreign(&mut readings);
    let said = format!("{:?}", check(&readings, "capture").0);
    assert!(
        !said.contains("taken from root") && !said.contains("missing"),
        "{said}"
    );
    fails("capture", true, &["no_new_privs"], |r| {
        denied(r);
        r.no_new_privs = Some(true);
    });
    fails("capture", true, &["container", "setcap"], |r| {
        denied(r);
        r.filtered = Some(true);
    });
    // With the capability it is something else.
    fails("capture", true, &["No such device"], |r| {
        r.capture = Err("lo: No such device\u{1b}[31m".to_owned());
    });
    fails("capture", true, &["ip link set lo up"], |r| {
        r.loopback_up = Some(false);
    });
}

#[test]
fn no_tracing() {
    for (scope, words) in [(2, "ptrace_scope=1"), (3, "next boot")] {
        fails(
            "trace",
            false,
            &["ptrace(2) is refused (EPERM)", words],
            |r| {
                r.trace = refused(TraceStep::Seize, "EPERM");
                r.ptrace_scope = Some(scope);
            },
        );
    }
    fails("trace", false, &["strace, a debugger"], |r| {
        r.trace = refused(TraceStep::Seize, "EPERM");
        r.traced = Some(true);
    });
    fails("trace", false, &["--cap-add=SYS_PTRACE"], |r| {
        r.trace = refused(TraceStep::Seize, "EPERM");
        r.filtered = Some(true);
    });
    fails("trace", false, &["CONFIG_SECCOMP_FILTER"], |r| {
        r.trace = refused(TraceStep::Filter, "EINVAL");
    });
    fails("trace", false, &["could not be tried (EAGAIN)"], |r| {
        r.trace = refused(TraceStep::Start, "EAGAIN");
    });
    // A scope of 1 forbids nothing that a run does: no cause is named.
    let mut readings = healthy();
    readings.trace = refused(TraceStep::Seize, "EPERM");
    assert_eq!(check(&readings, "trace").0.remedy, None);
}

#[test]
fn sockets_of_others_are_found_in_another_way() {
    let mut readings = healthy();
    readings.sockets = Err(Refusal {
        call: "pidfd_getfd(2)",
        errno: "EPERM".to_owned(),
    });
    let (check, ready) = check(&readings, "trace");
    assert!(
        check.works && ready && check.found.contains("inodes"),
        "{check:?}"
    );
}

#[test]
fn no_proc_and_no_namespaces_and_no_bpf() {
    fails("count", false, &["mount -t proc"], |r| r.proc = false);
    fails("isolate", true, &["max_user_namespaces is 0"], |r| {
        r.isolation = Err("user.max_user_namespaces is 0".to_owned());
    });
    fails("ebpf", true, &["no BTF", "traced instead"], |r| {
        r.ebpf = Err("the kernel's types cannot be read (no BTF)".to_owned());
    });
}

#[test]
fn the_page_can_be_pasted() {
    let mut readings = healthy();
    readings.interfaces.push("evil\u{1b}[31m\nname".to_owned());
    readings.trace = refused(TraceStep::Seize, "EPERM");
    let versions = Versions {
        system: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
        architecture: "x86_64".to_owned(),
        libpcap: Some("libpcap version 1.10.3".to_owned()),
        tshark: None,
    };
    let page = page(&judge(&readings, versions, environment()), Lang::En);
    assert!(!page.contains('\u{1b}'));
    let start = "threadtap 0.1.0 as an ordinary user on Linux 6.1.0 (x86_64), Debian GNU/Linux 12 \
                 (bookworm)\n2 CPUs, 8.00 GB of memory; libpcap version 1.10.3; no tshark\n\n\
                 yes  capture  libpcap captures on lo\n";
    assert!(
        page.starts_with(&start.replace("0.1.0", env!("CARGO_PKG_VERSION"))),
        "{page}"
    );
    assert!(
        page.contains("\nno   trace    ptrace(2) is refused (EPERM)"),
        "{page}"
    );
    assert!(
        page.contains("RLIMIT_NPROC 1,000, RLIMIT_STACK unlimited"),
        "{page}"
    );
    assert!(
        page.contains("Something that `threadtap run` needs is missing"),
        "{page}"
    );
}
