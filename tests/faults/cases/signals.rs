//! Every signal, once and twice.

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{frames, readable, saved, threadtap};
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

/// Stopped and continued, it goes on as if nothing had been.
fn stops() {
    for signal in [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        let (lab, started) = working(3000);
        started.signal(signal);
        std::thread::sleep(std::time::Duration::from_millis(300));
        started.signal(Signal::CONT);
        let record = saved(&lab.end(started).exits(0));
        assert_eq!(record["requests"]["valid"], 3000, "{signal:?}");
    }
}

fn harmless() {
    for signal in [
        Signal::CHILD,
        Signal::CONT,
        Signal::URG,
        Signal::WINCH,
        Signal::PIPE,
    ] {
        let (lab, started) = working(3000);
        started.signal(signal);
        started.signal(signal);
        let record = saved(&lab.end(started).exits(0));
        assert_eq!(record["requests"]["valid"], 3000, "{signal:?}");
    }
}

/// What nobody asks a program with ends it at once: nothing is left behind, and what was
/// captured can be read.
fn kills() {
    for signal in [
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::IO,
        Signal::SYS,
        Signal::TRAP,
        Signal::ABORT,
        Signal::FPE,
        Signal::ILL,
        Signal::KILL,
    ] {
        let (lab, started) = working(1_000_000);
        started.signal(signal);
        let ran = lab.end(started);
        assert_eq!(ran.status, None, "{signal:?}: {ran:?}");
        lab.until_nothing_is_left();
        readable(&lab);
    }
}
