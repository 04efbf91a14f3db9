//! A seccomp filter refuses one system call, as containers do.

use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{BENCH, Case};
use crate::bench::{could_not_run, saved, threadtap};
use crate::common::{Lab, Ran, findings};

pub const CASES: &[Case] = &[
    Case {
        key: "no-ptrace",
        needs: BENCH,
        run: no_ptrace,
    },
    Case {
        key: "no-pidfd_getfd",
        needs: BENCH,
        run: no_pidfd_getfd,
    },
    Case {
        key: "no-memfd_create",
        needs: BENCH,
        run: no_memfd_create,
    },
    Case {
        key: "no-bpf",
        needs: BENCH,
        run: no_bpf,
    },
];

/// What a filter answers: not permitted, or no such call.
pub const ANSWERS: [i32; 2] = [libc::EPERM, libc::ENOSYS];

/// Lets a system call of this number fail in what is executed.
pub fn refuse(command: &mut Command, call: libc::c_long, errno: i32) {
    let statement = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt,
        jf,
        k,
    };
    // The number of the call is the first word of `seccomp_data` (seccomp(2)).
    let filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            u32::try_from(call).unwrap(),
            0,
            1,
        ),
        statement(
            libc::BPF_RET | libc::BPF_K,
            libc::SECCOMP_RET_ERRNO | errno.cast_unsigned(),
            0,
            0,
        ),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    // SAFETY: prctl(2) copies the program, which lives in the closure.
    unsafe {
        command.pre_exec(move || {
            let mut filter = filter;
            let program = libc::sock_fprog {
                len: 4,
                filter: filter.as_mut_ptr(),
            };
            let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
            match libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
}

fn without(call: libc::c_long, errno: i32, line: &str, more: &[&str]) -> Ran {
    let lab = Lab::new();
    let mut command = threadtap(&lab, line);
    command.args(more);
    refuse(&mut command, call, errno);
    lab.finish(&mut command)
}

/// A client with three threads, one connection each.
const CLIENT: [&str; 4] = [
    "--",
    "python3",
    "-c",
    "import socket, threading\n\
     def ask():\n\
     \x20   c = socket.create_connection(('127.0.0.1', 45000)); c.sendall(b'TIME\\r\\n'); c.recv(64); c.close()\n\
     all = [threading.Thread(target=ask) for _ in range(3)]\n\
     [t.start() for t in all]; [t.join() for t in all]",
];

/// Sampled instead, and said so; nothing that was not seen is told.
fn no_ptrace() {
    for errno in ANSWERS {
        let ran = without(
            libc::SYS_ptrace,
            errno,
            "run --observe ptrace --out out",
            &CLIENT,
        )
        .exits(0);
        let record = saved(&ran);
        assert_eq!(record["census"]["client"]["provenance"], "sampled");
        assert_eq!(findings(&record, "trace_not_allowed").len(), 1, "{record}");
        assert_eq!(record["connections"]["established"], 3);
        assert_eq!(
            record["correlation"]["client_owned"].as_u64().unwrap_or(0),
            0
        );
        saved(&without(libc::SYS_ptrace, errno, "run -n 20 --out out", &[]).exits(0));
    }
}

/// Owners come by another way, or not at all, and counts are right.
fn no_pidfd_getfd() {
    for errno in ANSWERS {
        let ran = without(libc::SYS_pidfd_getfd, errno, "run --out out", &CLIENT).exits(0);
        let record = saved(&ran);
        assert_eq!(record["connections"]["established"], 3, "{record}");
        // It may be a script that starts others.
        assert!(record["census"]["client"]["threads"]["created"].as_u64() >= Some(3));
        assert_eq!(record["census"]["client"]["provenance"], "traced");
        saved(&without(libc::SYS_pidfd_getfd, errno, "run -n 20 --out out", &[]).exits(0));
    }
}

/// The built-in sides have nowhere to write their notes: one line. Programs need none.
fn no_memfd_create() {
    for errno in ANSWERS {
        let ran = without(libc::SYS_memfd_create, errno, "run -n 5 --out out", &[]);
        could_not_run(&ran, &["memfd_create"]);
    }
}

/// It is not used, or another way is found.
fn no_bpf() {
    for errno in ANSWERS {
        let ran = without(libc::SYS_bpf, errno, "run --out out", &CLIENT).exits(0);
        let record = saved(&ran);
        assert_eq!(record["connections"]["established"], 3);
        assert_eq!(record["observer"]["client"], "ptrace", "{record}");
        let asked = without(
            libc::SYS_bpf,
            errno,
            "run --observe ebpf --out out",
            &CLIENT,
        );
        let record = saved(&asked);
        assert_eq!(findings(&record, "ebpf_not_allowed").len(), 1, "{record}");
        assert_eq!(record["connections"]["established"], 3);
        let ran = without(libc::SYS_bpf, errno, "run -n 20 --out out", &[]).exits(0);
        assert_eq!(saved(&ran)["requests"]["valid"], 20);
    }
}
