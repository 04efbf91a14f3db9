//! Every signal, once and twice.

use std::time::Duration;

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{Written, frames, readable, saved, threadtap};
use crate::common::{Lab, Started, findings, start, until};

pub const CASES: &[Case] = &[
    Case {
        key: "signal-interrupts",
        needs: BENCH,
        run: interrupts,
    },
    Case {
        key: "signal-twice",
        needs: BENCH,
        run: twice,
    },
    Case {
        key: "signal-early",
        needs: BENCH,
        run: early,
    },
    Case {
        key: "signal-stops",
        needs: BENCH,
        run: stops,
    },
    Case {
        key: "signal-harmless",
        needs: BENCH,
        run: harmless,
    },
    Case {
        key: "signal-kills",
        needs: BENCH,
        run: kills,
    },
];

/// As many requests as take a few seconds.
fn working(requests: u32) -> (Lab, Started) {
    let lab = Lab::new();
    let line = format!("run -s pool -w 2 -n {requests} --out out");
    let started = start(&mut threadtap(&lab, &line));
    until("frames", || frames(&lab.out().join("capture.pcap")) > 100);
    (lab, started)
}

const INTERRUPTIONS: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

fn interrupts() {
    for signal in INTERRUPTIONS {
        let (lab, started) = working(1_000_000);
        started.signal(signal);
        let ran = lab.end(started).exits(130);
        assert_eq!(lab.left(), [""; 0]);
        assert_eq!(findings(&saved(&ran), "interrupted").len(), 1);
    }
}

fn twice() {
    for (first, second) in INTERRUPTIONS
        .into_iter()
        .zip(INTERRUPTIONS.into_iter().rev())
    {
        for second in [first, second] {
            let (lab, started) = working(1_000_000);
            started.signal(first);
            started.signal(second);
            let ran = lab.end(started).exits(130);
            assert_eq!(lab.left(), [""; 0]);
            saved(&ran);
        }
    }
}

/// While it starts. Before its handlers are there a signal does what it does to any
/// program; then nothing was begun that could be left behind.
fn early() {
    for (moment, signal) in (0..16u32).zip(INTERRUPTIONS.into_iter().cycle()) {
        let lab = Lab::new();
        let line = "run -s pool -w 2 -n 1000000 --out out";
        let started = start(&mut threadtap(&lab, line));
        // They grow: the first before it has read its command line, the last in its work.
        let after = Duration::from_micros(u64::from(moment * moment) * 1000);
        std::thread::sleep(after);
        started.signal(signal);
        let ran = lab.end(started);
        lab.until_nothing_is_left();
        let said = format!("{signal:?} after {after:?}: {ran:?}");
        match (ran.status, lab.out().exists()) {
            (None, false) => assert_eq!(ran.stderr, "", "{said}"),
            (Some(130), false) => {
                assert_eq!(ran.stderr.lines().count(), 1, "{said}");
                assert!(ran.stderr.contains("nothing was run"), "{said}");
            }
            (Some(130), true) => {
                assert_eq!(findings(&saved(&ran), "interrupted").len(), 1, "{said}");
            }
            _ => panic!("{said}"),
        }
    }
}

/// Stopped and continued, once and twice, it goes on as if nothing had been.
fn stops() {
    for signal in [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        for times in 1..=2 {
            let (lab, started) = working(3000);
            for _ in 0..times {
                started.signal(signal);
                started.signal(signal);
                std::thread::sleep(Duration::from_millis(150));
                started.signal(Signal::CONT);
            }
            let record = saved(&lab.end(started).exits(0));
            assert_eq!(record["requests"]["valid"], 3000, "{signal:?}");
        }
    }
}

fn harmless() {
    for signal in [
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGURG,
        libc::SIGWINCH,
        libc::SIGPIPE,
        // As where a file may not grow (`ulimit -f`).
        libc::SIGXFSZ,
    ] {
        unharmed(&[signal]);
        unharmed(&[signal, signal]);
    }
}

/// The run goes on as if these had not come.
fn unharmed(signals: &[i32]) {
    let (lab, started) = working(1000);
    for signal in signals {
        send(&started, *signal);
    }
    let record = saved(&lab.end(started).exits(0));
    assert_eq!(record["requests"]["valid"], 1000, "{signals:?}");
}

fn send(to: &Started, signal: i32) {
    // SAFETY: kill(2) with plain numbers.
    unsafe { libc::kill(to.child.id().cast_signed(), signal) };
}

/// What nobody asks a program with ends it at once: nothing is left behind, and what was
/// captured can be read. A second one changes nothing.
fn kills() {
    let known = [
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGXCPU,
        libc::SIGIO,
        libc::SIGSYS,
        libc::SIGTRAP,
        libc::SIGABRT,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGSTKFLT,
        libc::SIGPWR,
        libc::SIGKILL,
    ];
    let real_time = [libc::SIGRTMIN(), libc::SIGRTMIN() + 7, libc::SIGRTMAX()];
    for signal in known.into_iter().chain(real_time) {
        for times in 1..=2 {
            // The first of these two is taken for a fault of memory, which would come again
            // (Rust's standard library looks whether a stack was too small).
            let goes_on = [libc::SIGSEGV, libc::SIGBUS].contains(&signal);
            if goes_on && times == 1 {
                unharmed(&[signal]);
                continue;
            }
            let (lab, started) = working(1_000_000);
            send(&started, signal);
            if goes_on {
                std::thread::sleep(Duration::from_millis(50));
            }
            if times == 2 {
                send(&started, signal);
            }
            let ran = lab.end(started);
            assert_eq!(ran.status, None, "{signal}: {ran:?}");
            lab.until_nothing_is_left();
            assert_eq!(readable(&lab), Written::Flows, "{signal}");
        }
    }
    // Numbers of real-time signals that the C library keeps for itself cannot be sent.
    let all: Vec<i32> = known.into_iter().chain(OTHERS).collect();
    for signal in 1..32 {
        assert!(all.contains(&signal), "{signal} is tried nowhere");
    }
}

/// Those of the other cases.
const OTHERS: [i32; 14] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGPIPE,
    libc::SIGXFSZ,
];
