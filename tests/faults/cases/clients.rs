//! Clients of one's own that fail, hide, or do not end.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{could_not_run, saved, threadtap};
use crate::common::need::Need;
use crate::common::{Lab, Ran, findings, start, until};

pub const CASES: &[Case] = &[
    Case {
        key: "client-missing",
        needs: BENCH,
        run: missing,
    },
    Case {
        key: "client-not-executable",
        needs: BENCH,
        run: not_executable,
    },
    Case {
        key: "client-exits-3",
        needs: BENCH,
        run: || each("exit 3", "client_exit", 1),
    },
    Case {
        key: "client-dumps-core",
        needs: BENCH,
        run: || each("ulimit -c unlimited; kill -SEGV $$", "client_signal", 1),
    },
    Case {
        key: "client-daemonises",
        needs: &[
            Need::Root,
            Need::Capture,
            Need::Namespaces,
            Need::Tool("setsid"),
        ],
        run: || {
            each(
                "(setsid sh -c 'trap \"\" HUP TERM; sleep 601' &) ; sleep 0.3",
                "left_behind",
                0,
            );
        },
    },
    Case {
        key: "client-orphans",
        needs: BENCH,
        run: || {
            each(
                "sleep 602 & sleep 603 & sleep 0.2; exit 0",
                "left_behind",
                0,
            )
        },
    },
    Case {
        key: "client-closes-output",
        needs: BENCH,
        run: || {
            for observe in OBSERVE {
                let ran = client(observe, &format!("exec >&- 2>&-; {ASK}"), "").exits(0);
                assert_eq!(saved(&ran)["connections"]["established"], 1);
            }
        },
    },
    Case {
        key: "client-changes-uid",
        needs: &[
            Need::Root,
            Need::Capture,
            Need::Namespaces,
            Need::Tool("setpriv"),
        ],
        run: || {
            for observe in OBSERVE {
                let script = format!(
                    "exec setpriv --reuid=61990 --regid=61990 --clear-groups bash -c '{ASK}'"
                );
                let ran = client(observe, &script, "").exits(0);
                let record = saved(&ran);
                assert_eq!(record["connections"]["established"], 1, "{record}");
            }
        },
    },
    Case {
        key: "client-kills-group",
        needs: BENCH,
        run: || each("sleep 604 & kill -9 0", "client_signal", 1),
    },
    Case {
        key: "client-for-ever",
        needs: BENCH,
        run: for_ever,
    },
];

const OBSERVE: [&str; 3] = ["exact", "sampled", "off"];

/// One request and its answer, in bash.
const ASK: &str = "exec 9<>/dev/tcp/127.0.0.1/45000; printf \"TIME\\r\\n\" >&9; read -r line <&9";

/// A run with this script as its client.
fn client(observe: &str, script: &str, more: &str) -> Ran {
    let lab = Lab::new();
    let mut command = threadtap(
        &lab,
        &format!("run --out out --observe {observe} {more} --"),
    );
    lab.finish(command.args(["bash", "-c", script]))
}

/// However it is observed, it is told once, and the run holds or not.
fn each(script: &str, code: &str, status: i32) {
    for observe in OBSERVE {
        let ran = client(observe, script, "");
        let record: Value = saved(&ran);
        assert_eq!(
            findings(&record, code).len(),
            1,
            "{observe}: {}",
            ran.stdout
        );
        // Without a connection a run did not hold either, and says so.
        let unconnected = findings(&record, "no_connection").len() == 1;
        let expected = if unconnected { 1 } else { status };
        assert_eq!(ran.status, Some(expected), "{observe}: {ran:?}");
    }
}

fn missing() {
    for observe in OBSERVE {
        let lab = Lab::new();
        let line = format!("run --out out --observe {observe} -- /no/such/client 1000");
        let ran = lab.finish(&mut threadtap(&lab, &line));
        could_not_run(&ran, &["/no/such/client", "No such file"]);
    }
}

fn not_executable() {
    for observe in OBSERVE {
        let lab = Lab::new();
        let file = lab.path().join("client");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let line = format!("run --out out --observe {observe} -- ./client");
        let ran = lab.finish(&mut threadtap(&lab, &line));
        assert!(matches!(ran.status, Some(1 | 2)), "{ran:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            said.contains("Permission denied") && said.contains("chmod"),
            "{said}"
        );
    }
}

/// A limit ends it, and so does Ctrl-C, also where it ignores what it is asked.
fn for_ever() {
    for observe in OBSERVE {
        let script = "trap '' TERM INT HUP; while :; do sleep 605; done";
        let record = saved(&client(observe, script, "--time-limit 500ms").exits(1));
        assert_eq!(findings(&record, "time_limit").len(), 1, "{observe}");
        let lab = Lab::new();
        let mut command = threadtap(&lab, &format!("run --out out --observe {observe} --"));
        let started = start(command.args(["bash", "-c", script]));
        until("it runs", || {
            let mut all = lab.left().into_iter();
            all.any(|line| line.split(' ').nth(1) == Some("sleep"))
        });
        started.signal(Signal::INT);
        let ran = lab.end(started).exits(130);
        assert_eq!(lab.left(), [""; 0]);
        assert_eq!(findings(&saved(&ran), "interrupted").len(), 1);
    }
}
