//! The rules about what traced programs did.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::json;

use super::evidence;
use super::scene::Scene;
use crate::model::observation::{Change, SocketId};
use crate::model::{Severity, Side};

fn scene(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::of_programs();
    change(&mut scene);
    scene
}

#[test]
fn uses_ptrace_names_the_program_and_its_side() {
    let tracer = scene(|s| {
        s.executed(Side::Client, "strace", false, false);
        s.event(Side::Client, Change::CalledPtrace);
        s.event(Side::Client, Change::CalledPtrace);
    });
    let finding = tracer.one("uses_ptrace");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding
            .message
            .starts_with("The client uses ptrace(2) itself (strace), ")
    );
    let expected = json!({"side": "client", "programs": ["strace"]});
    assert_eq!(evidence(&finding), expected);
    Scene::of_programs().silent("uses_ptrace");
}

#[test]
fn setuid_ignored_lists_the_programs() {
    let ignored = scene(|s| {
        s.executed(Side::Server, "sudo", true, false);
        s.executed(Side::Server, "ping", true, false);
    });
    let finding = ignored.one("setuid_ignored");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("capabilities: ping, sudo)"));
    let expected = json!({"side": "server", "programs": ["ping", "sudo"]});
    assert_eq!(evidence(&finding), expected);
    ignored.silent("sockets_unseen");
}

#[test]
fn uses_io_uring_where_something_was_not_seen() {
    let ring = |change: fn(&mut Scene)| {
        scene(|s| {
            s.executed(Side::Client, "node", false, false);
            s.event(Side::Client, Change::SetUpRing);
            change(s);
        })
    };
    // All that the wire shows was seen to be made.
    ring(|_| ()).silent("uses_io_uring");
    let unseen = ring(|s| {
        s.fixture.flows[3].client_owner = None;
        s.fixture.run.correlation.client_owned = Some(19);
        s.fixture.run.requests.attempted = None;
    });
    let finding = unseen.one("uses_io_uring");
    assert_eq!(
        finding.message,
        "The client uses io_uring(7) (node), which makes no system calls that could be seen: it is \
         not known how many connections it tried to make, nor which thread made 1 flow of the \
         capture."
    );
    let expected = json!({"side": "client", "programs": ["node"], "flows": 1});
    assert_eq!(evidence(&finding), expected);
    unseen.silent("unowned_flows");
    let uncertain = ring(|s| s.fixture.run.requests.attempted = None);
    assert!(
        uncertain
            .one("uses_io_uring")
            .message
            .ends_with("tried to make.")
    );
}

#[test]
fn strict_seccomp_refused_names_the_program() {
    let refused = scene(|s| {
        s.executed(Side::Client, "judge", false, false);
        s.event(Side::Client, Change::StrictRefused);
    });
    let finding = refused.one("strict_seccomp_refused");
    assert!(finding.message.contains("(judge)"));
    Scene::of_programs().silent("strict_seccomp_refused");
}

#[test]
fn sockets_unseen_on_each_side() {
    let foreign = scene(|s| {
        s.executed(Side::Client, "old32", false, true);
        s.executed(Side::Server, "old32", false, true);
    });
    let found = foreign.coded("sockets_unseen");
    let sides: Vec<_> = found.iter().map(|f| &f.evidence["side"]).collect();
    assert_eq!(sides, ["client", "server"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].message.contains("its sockets were not seen"));
    foreign.silent("setuid_ignored");
}

#[test]
fn serving_thread_unseen_where_nothing_was_received_or_sent() {
    let served = |received: bool, sent: bool| {
        scene(|s| {
            s.accepted(1);
            s.accepted(2);
            let socket = SocketId(2);
            s.event(Side::Server, Change::Received { socket });
            let socket = SocketId(1);
            if received {
                s.event(Side::Server, Change::Received { socket });
            }
            if sent {
                s.event(Side::Server, Change::Sent { socket });
            }
        })
    };
    let finding = served(false, false).one("serving_thread_unseen");
    assert_eq!(finding.severity, Severity::Info);
    assert!(finding.message.starts_with("Of 1 connection it is known"));
    assert!(finding.message.contains("--trace-rw"));
    assert_eq!(evidence(&finding), json!({"connections": 1}));
    served(true, false).silent("serving_thread_unseen");
    served(false, true).silent("serving_thread_unseen");
    Scene::normal().silent("serving_thread_unseen");
}

#[test]
fn address_fallback_counts_attempts_made_again() {
    let fallback = scene(|s| {
        s.connected(Ipv6Addr::LOCALHOST, libc::ECONNREFUSED);
        s.connected(Ipv4Addr::LOCALHOST, 0);
    });
    let finding = fallback.one("address_fallback");
    assert_eq!(finding.severity, Severity::Info);
    assert!(
        finding
            .message
            .starts_with("1 connection attempt (the first one to [::1]:45000) failed")
    );
    let expected = json!({"attempts": 1, "first_target": "[::1]:45000"});
    assert_eq!(evidence(&finding), expected);
    // Nobody tried elsewhere.
    scene(|s| s.connected(Ipv6Addr::LOCALHOST, libc::ECONNREFUSED)).silent("address_fallback");
    scene(|s| s.connected(Ipv4Addr::LOCALHOST, 0)).silent("address_fallback");
    Scene::normal().silent("address_fallback");
}

fn look_refused(errno: i32, of_all: bool, found: bool) -> Change {
    Change::LookRefused {
        call: "pidfd_getfd".into(),
        errno,
        of_all,
        found,
    }
}

#[test]
fn sockets_refused_says_what_would_allow_it() {
    for (errno, of_all, says) in [
        (libc::EPERM, true, "--cap-add=SYS_PTRACE"),
        (libc::EPERM, false, "not dumpable"),
        (libc::EACCES, false, "not dumpable"),
        (libc::ENOSYS, true, "Linux 5.6"),
        (libc::EMFILE, false, "ulimit -n"),
    ] {
        let refused = scene(|s| {
            // What was found otherwise is the smaller half of it.
            s.event(Side::Client, look_refused(errno, of_all, true));
            s.event(Side::Client, look_refused(errno, of_all, false));
        });
        let finding = refused.one("sockets_refused");
        assert_eq!(finding.severity, Severity::Warning);
        let message = &finding.message;
        assert!(
            message.contains(says) && message.contains("pidfd_getfd(2)"),
            "{message}"
        );
        let expected =
            json!({"side": "client", "call": "pidfd_getfd", "errno": errno, "found": false});
        assert_eq!(evidence(&finding), expected);
    }
}

#[test]
fn sockets_refused_is_information_where_they_were_found() {
    let found = scene(|s| s.event(Side::Server, look_refused(libc::EPERM, true, true)));
    let finding = found.one("sockets_refused");
    assert_eq!(finding.severity, Severity::Info);
    assert!(finding.message.contains("inode"), "{}", finding.message);
    Scene::of_programs().silent("sockets_refused");
}

/// That no thread was seen to serve is then no fault of the server.
#[test]
fn serving_thread_unseen_is_silent_where_looks_were_refused() {
    let mut refused = scene(|s| s.accepted(1));
    refused.one("serving_thread_unseen");
    refused.event(Side::Server, look_refused(libc::EPERM, true, false));
    refused.silent("serving_thread_unseen");
}
