//! Two runs at once.

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{could_not_run, frames, one_line, ran, saved, threadtap};
use crate::common::{Lab, start, until};

pub const CASES: &[Case] = &[
    Case {
        key: "one-folder",
        needs: BENCH,
        run: one_folder,
    },
    Case {
        key: "one-port",
        needs: BENCH,
        run: one_port,
    },
    Case {
        key: "both-at-once",
        needs: BENCH,
        run: both_at_once,
    },
];

fn first() -> (Lab, crate::common::Started) {
    let lab = Lab::new();
    let started = start(&mut threadtap(
        &lab,
        "run -s pool -w 2 -n 1000000 --out out",
    ));
    until("frames", || frames(&lab.out().join("capture.pcap")) > 100);
    (lab, started)
}

/// The second is refused, and the first loses nothing.
fn one_folder() {
    for more in ["", "--force"] {
        let (lab, started) = first();
        let mut command = threadtap(&lab, "run --port 0 -n 5 --out out");
        command.args(more.split_whitespace());
        let second = lab.end(start(&mut command)).exits(2);
        one_line(&second, &["out"]);
        started.signal(Signal::INT);
        saved(&lab.end(started).exits(130));
    }
    // Begun in one moment, when the folder is not there yet: it is one run's.
    for _ in 0..8 {
        let lab = Lab::new();
        let line = "run -s pool --port 0 -n 300 --no-report --out out";
        let both = [(); 2].map(|()| start(&mut threadtap(&lab, line)));
        let both = both.map(|started| lab.end(started));
        let [one, other] = &both;
        let (first, second) = if one.status == Some(0) {
            (one, other)
        } else {
            (other, one)
        };
        assert_eq!(saved(first)["requests"]["valid"], 300);
        assert_eq!(second.status, Some(2), "{second:?}");
        one_line(second, &["out"]);
        assert!(!second.stderr.contains("os error"), "{}", second.stderr);
    }
}

fn one_port() {
    let (lab, started) = first();
    let other = Lab::new();
    let second = ran(&other, "run -n 5 --out out");
    could_not_run(&second, &["45000", "in use by threadtap (pid"]);
    started.signal(Signal::INT);
    saved(&lab.end(started).exits(130));
}

/// On ports of their own each counts its own.
fn both_at_once() {
    let labs = [Lab::new(), Lab::new()];
    let line = "run -n 1000 --port 0 --out out";
    let started = labs.each_ref().map(|lab| start(&mut threadtap(lab, line)));
    for (lab, started) in labs.iter().zip(started) {
        let record = saved(&lab.end(started).exits(0));
        for count in ["valid", "on_wire", "answered"] {
            assert_eq!(record["requests"][count], 1000, "{count}");
        }
        assert_eq!(record["correlation"]["client_owned"], 1000);
        assert_eq!(record["correlation"]["server_owned"], 1000);
    }
}
