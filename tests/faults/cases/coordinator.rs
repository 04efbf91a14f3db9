//! The coordinator is killed: nobody can clean up, and nothing may be left.

use std::time::Duration;

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{readable, threadtap};
use crate::common::{Lab, start};

pub const CASES: &[Case] = &[
    Case {
        key: "killed-thread",
        needs: BENCH,
        run: || killed("run -n 4000 --out out"),
    },
    Case {
        key: "killed-pool",
        needs: BENCH,
        run: || killed("run -s pool -w 8 -n 20000 --out out"),
    },
    Case {
        key: "killed-process",
        needs: BENCH,
        run: || killed("run -s process --model process -n 4000 --out out"),
    },
    Case {
        key: "killed-async",
        needs: BENCH,
        run: || killed("run -s async --model async -n 20000 --out out"),
    },
    Case {
        key: "killed-traced",
        needs: BENCH,
        run: || killed("run --out out -- python3 client.py"),
    },
    Case {
        key: "killed-sampled",
        needs: BENCH,
        run: || killed("run --observe sampled --out out -- python3 client.py"),
    },
    Case {
        key: "killed-unobserved",
        needs: BENCH,
        run: || killed("run --observe off --out out -- python3 client.py"),
    },
    Case {
        key: "killed-isolated",
        needs: BENCH,
        run: || killed("run --isolate always -n 4000 --out out"),
    },
    Case {
        key: "killed-compare",
        needs: BENCH,
        run: || killed("compare -n 500 --repeat 3 --out out"),
    },
    Case {
        key: "killed-ceiling",
        needs: BENCH,
        run: || killed("ceiling --max 3000"),
    },
    Case {
        key: "killed-serve",
        needs: BENCH,
        run: || {
            for model in ["thread", "pool", "process", "async", "iterative"] {
                killed_after(&format!("serve --model {model}"), &[5, 60]);
            }
        },
    },
];

/// A client that leaves children behind in sessions of their own.
const CLIENT: &str = "import os, socket, time
for i in range(500):
    c = socket.create_connection(('127.0.0.1', 45000))
    c.sendall(b'TIME\\r\\n')
    c.recv(64)
    c.close()
    if i % 50 == 0 and os.fork() == 0:
        os.setsid()
        time.sleep(606)
";

/// Ten moments, from before the first process to well into the run.
const MOMENTS_MS: [u64; 10] = [2, 10, 25, 50, 90, 150, 240, 360, 520, 800];

fn killed(line: &str) {
    killed_after(line, &MOMENTS_MS);
}

fn killed_after(line: &str, moments_ms: &[u64]) {
    for moment in moments_ms {
        let lab = Lab::new();
        std::fs::write(lab.path().join("client.py"), CLIENT).unwrap();
        let started = start(&mut threadtap(&lab, line));
        std::thread::sleep(Duration::from_millis(*moment));
        started.signal(Signal::KILL);
        let ended = lab.end(started);
        assert!(matches!(ended.status, None | Some(0)), "{ended:?}");
        lab.until_nothing_is_left();
        if line.starts_with("run") {
            readable(&lab);
        }
    }
}
