//! Standard output and standard error that take nothing, and odd terminals.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{shell, threadtap, whole};
use crate::common::{HANG, Lab, signal_to, until, wait};

pub const CASES: &[Case] = &[
    Case {
        key: "stdout-closed",
        needs: BENCH,
        run: || streams(">&-", &[0, 1]),
    },
    Case {
        key: "stderr-closed",
        needs: BENCH,
        run: || streams("2>&-", &[0]),
    },
    Case {
        key: "both-closed",
        needs: BENCH,
        run: || streams("<&- >&- 2>&-", &[0, 1]),
    },
    Case {
        key: "stdout-full",
        needs: BENCH,
        run: || streams(">/dev/full", &[1]),
    },
    Case {
        key: "stderr-full",
        needs: BENCH,
        run: || streams("2>/dev/full", &[0]),
    },
    Case {
        key: "output-blocked",
        needs: BENCH,
        run: blocked,
    },
    Case {
        key: "no-terminal",
        needs: BENCH,
        run: || streams("</dev/null", &[0]),
    },
    Case {
        key: "tiny-terminal",
        needs: BENCH,
        run: || terminal(&[(1, 1), (2, 3), (0, 0)], None),
    },
    Case {
        key: "terminal-resized",
        needs: BENCH,
        run: || terminal(&[(24, 80)], Some((1, 4))),
    },
];

/// Wherever the output goes, the run is saved.
fn streams(redirection: &str, statuses: &[i32]) {
    for format in ["table", "json", "jsonl"] {
        let lab = Lab::new();
        let script = format!(
            "setsid -w $T run -s pool -n 50 --format {format} --out out {redirection}; exit $?"
        );
        let ran = lab.finish(&mut shell(&lab, &script));
        assert!(
            statuses.contains(&ran.status.unwrap_or(-1)),
            "{format}: {ran:?}"
        );
        let record: Value = whole(&ran.out);
        assert_eq!(record["requests"]["valid"], 50);
    }
}

/// A pipe that is full, and its other end.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let flags = rustix::fs::fcntl_getfl(&write).unwrap();
    rustix::fs::fcntl_setfl(&write, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&write, &[b'x'; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&write, flags).unwrap();
    (read, write)
}

/// Nobody reads: the run is saved all the same, and a signal ends it.
fn blocked() {
    for which in ["stdout", "stderr"] {
        let lab = Lab::new();
        let (_read, write) = full_pipe();
        let mut command = threadtap(&lab, "run -s pool -n 50 --out out --format json");
        match which {
            "stdout" => command.stdout(write).stderr(Stdio::null()),
            _ => command.stdout(Stdio::null()).stderr(write),
        };
        let mut child = command.spawn().unwrap();
        until("it is saved", || lab.out().join("workers.jsonl").exists());
        let since = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(since.elapsed() < HANG, "{which}: no signal ends it");
            signal_to(child.id().cast_signed(), Signal::INT);
            std::thread::sleep(Duration::from_millis(200));
        }
        lab.until_nothing_is_left();
        assert_eq!(whole(&lab.out())["requests"]["valid"], 50, "{which}");
    }
}

/// A terminal of this size: its two ends.
fn pty((rows, columns): (u16, u16)) -> (File, File) {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: openpty(3) fills in the two descriptors, and reads the size.
    let done = unsafe {
        libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            std::ptr::null_mut(),
            std::ptr::null(),
            &raw const size,
        )
    };
    assert_eq!(done, 0);
    // SAFETY: both were opened just now, and belong to nobody else.
    unsafe {
        for fd in [ours, theirs] {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
        (
            File::from(OwnedFd::from_raw_fd(ours)),
            File::from(OwnedFd::from_raw_fd(theirs)),
        )
    }
}

fn on_terminal(lab: &Lab, theirs: &File, line: &str) -> Child {
    let mut command = threadtap(lab, line);
    let end = || Stdio::from(theirs.try_clone().unwrap());
    command
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .env("TERM", "xterm");
    // SAFETY: setsid(2) and ioctl(2) are async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            libc::ioctl(0, libc::TIOCSCTTY, 0);
            Ok(())
        });
    }
    command.spawn().unwrap()
}

fn terminal(sizes: &[(u16, u16)], then: Option<(u16, u16)>) {
    for size in sizes {
        let lab = Lab::new();
        let (ours, theirs) = pty(*size);
        let mut child = on_terminal(&lab, &theirs, "run -s pool -w 2 -n 2000 --out out");
        drop(theirs);
        // What it prints is taken, or it would wait.
        let mut reader = ours.try_clone().unwrap();
        let shown = std::thread::spawn(move || {
            let mut all = Vec::new();
            // At its end a terminal is an error (EIO).
            let _ = std::io::Read::read_to_end(&mut reader, &mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        if let Some((rows, columns)) = then {
            for step in 0..40 {
                let size = libc::winsize {
                    ws_row: rows + step % 3,
                    ws_col: columns + step % 50,
                    ws_xpixel: 0,
                    ws_ypixel: 0,
                };
                // SAFETY: ioctl(2) reads the size.
                unsafe { libc::ioctl(ours.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        assert_eq!(wait(&mut child), Some(0), "{size:?}");
        drop(ours);
        let shown = shown.join().unwrap();
        assert!(!shown.contains("panicked"), "{size:?}: {shown}");
        assert_eq!(whole(&lab.out())["requests"]["valid"], 2000);
    }
}
