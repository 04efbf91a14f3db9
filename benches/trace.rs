//! What it costs to observe programs that know nothing of it: pairs of a client and a
//! server, alone and as the sides of `threadtap run` with capture, by each observer.
//!
//! Alone they are started by a launcher that looks at nothing. The ways take turns,
//! so that what the machine does meanwhile falls on all of them. Of each the medians are
//! compared: how long the client took, the CPU time of both sides, what the observers used
//! (capture included), stops of ptrace(2) a connection, and the most threads that the
//! client had at the same time, as it counts itself.
//!
//! `off` is a run with a capture that nobody else observes.
//!
//! `make bench ARGS=31` takes 31 rounds instead of 9; a word takes the pairs with that in
//! their name, `off`, `ebpf` or `ptrace` that observer alone.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/runs.rs"]
mod runs;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use runs::{Fallible, PROGRAM, Spread, python};
use tempfile::TempDir;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/");
const OBSERVERS: [&str; 3] = ["off", "ebpf", "ptrace"];

/// The most that programs in the kernel are to cost: of the time, and of the sides' CPU.
const EBPF_AIM: (f64, f64) = (1.05, 1.10);

/// How far the census may be from that of the pair alone.
const CENSUS_AIM: f64 = 0.1;

/// A client and a server.
struct Pair {
    name: &'static str,
    server: Vec<String>,
    client: Vec<String>,
    port: u16,
    /// Its client asks for a time, and its rate counts.
    rate: bool,
    /// The most that ptrace(2) is to cost: of the time, or of the rate the least.
    aim: Option<f64>,
}

/// One run of a pair.
#[derive(Default)]
struct Run {
    wall_ns: f64,
    /// Of both sides.
    cpu_ns: f64,
    observer_ns: f64,
    stops: f64,
    connections: f64,
    /// What the client says: requests a second, threads at the same time.
    rate: Option<f64>,
    peak: Option<f64>,
}

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rounds = words.iter().find_map(|w| w.parse().ok()).unwrap_or(9);
    let only = |all: &[&'static str]| -> Vec<&'static str> {
        let named = all.iter().filter(|a| words.iter().any(|w| w == *a));
        let named: Vec<_> = named.copied().collect();
        if named.is_empty() {
            all.to_vec()
        } else {
            named
        }
    };
    let observers = only(&OBSERVERS);
    let folder = TempDir::new()?;
    println!("observing programs, {rounds} rounds in turn; medians, as ratios to the pair alone\n");
    println!(
        "| pair | observer | alone | wall | (quartiles) | CPU of the sides | observer's CPU | \
         stops a connection | peak alone | peak |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut verdicts = Vec::new();
    let wanted = |pair: &Pair| {
        let mut others = words.iter().filter(|w| {
            w.parse::<usize>().is_err() && !OBSERVERS.contains(&w.as_str()) && !w.starts_with('-')
        });
        let first = others.next();
        first.is_none_or(|w| pair.name.contains(w.as_str()))
            || others.any(|w| pair.name.contains(w.as_str()))
    };
    for pair in pairs(folder.path())?.iter().filter(|pair| wanted(pair)) {
        verdicts.extend(measure(pair, &observers, rounds)?);
    }
    println!();
    for verdict in verdicts {
        println!("{verdict}");
    }
    Ok(())
}

/// What can be measured here.
fn pairs(folder: &Path) -> Fallible<Vec<Pair>> {
    let words = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let mut all = Vec::new();
    if let Some(python) = python() {
        let both = [
            ("Python threads", "client_thread.py", "1000", 1.20),
            ("Python processes", "client_process.py", "200", 1.10),
        ];
        for (name, client, n, aim) in both {
            let port = free_port()?;
            let [server, client] = ["server_thread.py", client].map(|f| format!("{FOLDER}{f}"));
            all.push(Pair {
                name,
                server: words(&[&python, &server, &port.to_string()]),
                client: words(&[&python, &client, n, &port.to_string()]),
                port,
                rate: false,
                aim: Some(aim),
            });
        }
    }
    let pair = folder.join("pair").display().to_string();
    let compiler = Command::new("cc")
        .args(["-O2", "-pthread", "-o", &pair])
        .arg(format!("{FOLDER}pair.c"))
        .status();
    if compiler.is_ok_and(|status| status.success()) {
        let port = free_port()?;
        all.push(Pair {
            name: "C threads",
            server: words(&[&pair, "server", &port.to_string()]),
            client: words(&[&pair, "client", &port.to_string(), "1000"]),
            port,
            rate: false,
            aim: Some(1.8),
        });
    }
    if there_is("node", "--version") && there_is("ab", "-V") {
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}/");
        all.push(Pair {
            name: "node with ab",
            server: words(&["node", &format!("{FOLDER}server.js"), &port.to_string()]),
            client: words(&["ab", "-q", "-c", "50", "-n", "5000", &url]),
            port,
            rate: false,
            aim: None,
        });
    }
    if there_is("nginx", "-v") && there_is("wrk", "-v") {
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}/");
        let settings = nginx(folder, port)?;
        all.push(Pair {
            name: "nginx with wrk",
            server: words(&["nginx", "-c", &settings]),
            client: words(&["wrk", "-t1", "-c50", "-d2s", &url]),
            port,
            rate: true,
            aim: Some(0.8),
        });
    }
    Ok(all)
}

fn free_port() -> Fallible<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn there_is(program: &str, option: &str) -> bool {
    Command::new(program).arg(option).output().is_ok()
}

/// The settings of a server whose connections are kept alive.
fn nginx(folder: &Path, port: u16) -> Fallible<String> {
    let at = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {at}/{what}; "))
        .concat();
    let text = format!(
        "daemon off; worker_processes 1; pid {at}/pid; error_log {at}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 100000000; {temporary}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ return 200 \"JAM 12:34:56\"; }} }} }}\n"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// Measures a pair and prints its rows; what became of its aims.
fn measure(pair: &Pair, observers: &[&str], rounds: usize) -> Fallible<Vec<String>> {
    let mut alone = Vec::new();
    let mut observed: BTreeMap<&str, Vec<Run>> = BTreeMap::new();
    let mut kinds = String::new();
    for round in 0..rounds {
        alone.push(alone_once(pair)?);
        for observer in observers {
            // Which stops there are is asked once, and that run is not measured.
            if round == 0 && *observer == "ptrace" {
                kinds = stops(pair)?;
            }
            let run = observed_once(pair, observer)?;
            observed.entry(observer).or_default().push(run);
        }
    }
    let mut verdicts = Vec::new();
    for (observer, all) in &observed {
        let verdict = row(pair, observer, &alone, all);
        verdicts.extend(verdict);
        if *observer == "ptrace" {
            verdicts.push(format!("  {}: {kinds}", pair.name));
        }
    }
    Ok(verdicts)
}

fn row(pair: &Pair, observer: &str, alone: &[Run], all: &[Run]) -> Vec<String> {
    let of = |runs: &[Run], what: &dyn Fn(&Run) -> f64| Spread::of(runs.iter().map(what).collect());
    let main = |run: &Run| match run.rate {
        Some(rate) if pair.rate => rate,
        _ => run.wall_ns,
    };
    // Who works for a time does as much as it can: its CPU counts by request.
    let cpu = |run: &Run| {
        run.cpu_ns
            / if pair.rate {
                run.rate.unwrap_or(1.0)
            } else {
                1.0
            }
    };
    let base = of(alone, &main);
    let with = of(all, &main);
    let ratio = with.median / base.median;
    let peak = |runs: &[Run]| {
        let all: Vec<f64> = runs.iter().filter_map(|r| r.peak).collect();
        (!all.is_empty()).then(|| Spread::of(all))
    };
    let peaks = [peak(alone), peak(all)];
    let cpu_ratio = of(all, &cpu).median / of(alone, &cpu).median;
    let shown_peak = |spread: &Option<Spread>| {
        spread.as_ref().map_or_else(
            || "—".to_owned(),
            |s| format!("{} ({} to {})", s.median, s.low, s.high),
        )
    };
    let shown = if pair.rate {
        format!("{:.0}/s", base.median)
    } else {
        format!("{:.0} ms", base.median / 1e6)
    };
    println!(
        "| {} | {observer} | {shown} | × {ratio:.2} | {:.2} to {:.2} | × {:.2} | {:.0} ms | {:.1} | {} | {} |",
        pair.name,
        with.low / base.median,
        with.high / base.median,
        cpu_ratio,
        of(all, &|run| run.observer_ns).median / 1e6,
        of(all, &|run| run.stops / run.connections.max(1.0)).median,
        shown_peak(&peaks[0]),
        shown_peak(&peaks[1]),
    );
    let aim = |what: &str, value: f64, met: bool, aim: String| {
        let met = if met { "met" } else { "NOT met" };
        format!(
            "{} with {observer}: {what} × {value:.2}; aim: {aim}: {met}",
            pair.name
        )
    };
    let mut verdicts = Vec::new();
    match (observer, pair.aim) {
        ("ptrace", Some(least)) if pair.rate => {
            verdicts.push(aim(
                "rate",
                ratio,
                ratio >= least,
                format!("at least {least}"),
            ));
        }
        ("ptrace", Some(most)) => {
            verdicts.push(aim("time", ratio, ratio <= most, format!("at most {most}")));
        }
        ("ebpf", _) if !pair.rate => {
            let (time, work) = EBPF_AIM;
            verdicts.push(aim("time", ratio, ratio <= time, format!("at most {time}")));
            verdicts.push(aim(
                "CPU",
                cpu_ratio,
                cpu_ratio <= work,
                format!("at most {work}"),
            ));
        }
        _ => {}
    }
    if let ("ebpf", [Some(alone), Some(with)]) = (observer, &peaks) {
        let ratio = with.median / alone.median;
        let (low, high) = (1.0 - CENSUS_AIM, 1.0 + CENSUS_AIM);
        let met = (low..=high).contains(&ratio);
        verdicts.push(aim("threads", ratio, met, format!("{low} to {high}")));
    }
    verdicts
}

fn alone_once(pair: &Pair) -> Fallible<Run> {
    let cost = alone::run(&pair.server, &pair.client, pair.port)?;
    let mut run = Run {
        wall_ns: cost.wall.as_secs_f64() * 1e9,
        cpu_ns: cost.cpu.as_secs_f64() * 1e9,
        ..Run::default()
    };
    run.hear(&cost.said);
    Ok(run)
}

/// The pair as the sides of a run.
fn command(pair: &Pair, observer: &str, folder: &Path) -> Command {
    // The commands are words without blanks here, but for the folder perhaps.
    let quoted: Vec<String> = pair.server.iter().map(|w| format!("'{w}'")).collect();
    let mut command = Command::new(PROGRAM);
    command
        .args(["run", "--format", "json", "--observe", observer])
        .args(["--port", &pair.port.to_string(), "--server-cmd"])
        .arg(quoted.join(" "))
        .arg("--out")
        .arg(folder)
        .arg("--")
        .args(&pair.client);
    command
}

fn observed_once(pair: &Pair, observer: &str) -> Fallible<Run> {
    let folder = TempDir::new()?;
    let out = command(pair, observer, folder.path()).output()?;
    if !matches!(out.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("threadtap run: {}: {said}", out.status).into());
    }
    let record: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    let number = |path: &str| record.pointer(path).and_then(serde_json::Value::as_f64);
    let needed = |path: &str| number(path).ok_or(format!("run.json: {path} is not known"));
    for side in ["client", "server"] {
        let by = &record["observer"][side];
        // Nobody is one who tells nothing.
        if by != observer && !(observer == "off" && by == "nobody") {
            return Err(format!("the {side} was observed by {by}, not by {observer}").into());
        }
    }
    let mut run = Run {
        wall_ns: needed("/observer/client_duration_ns")?,
        cpu_ns: needed("/sides/client/cpu_ns")? + needed("/sides/server/cpu_ns")?,
        observer_ns: number("/observer/tracer_cpu_ns").unwrap_or(0.0)
            + needed("/observer/capture_cpu_ns")?,
        stops: number("/observer/tracer_stops").unwrap_or(0.0),
        connections: number("/connections/attempted").unwrap_or(0.0),
        ..Run::default()
    };
    run.hear(&fs::read_to_string(folder.path().join("client.log"))?);
    Ok(run)
}

/// Which stops there are, a connection, by their kinds.
fn stops(pair: &Pair) -> Fallible<String> {
    let folder = TempDir::new()?;
    let out = command(pair, "ptrace", folder.path())
        .env("THREADTAP_LOG", "debug")
        .output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    let record: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    let connections = record["connections"]["attempted"].as_f64().unwrap_or(1.0);
    let mut sides = Vec::new();
    for line in said.lines().filter(|l| l.contains("tracing ended, ")) {
        let side = if line.contains("client: ") {
            "client"
        } else {
            "server"
        };
        let kinds = line.split(['(', ')']).nth(1).unwrap_or_default();
        let each: Vec<String> = kinds
            .split(", ")
            .filter_map(|kind| {
                let (count, name) = kind.split_once(' ')?;
                let each = count.parse::<f64>().ok()? / connections;
                (each >= 0.05).then(|| format!("{name} {each:.1}"))
            })
            .collect();
        sides.push(format!("{side}: {}", each.join(", ")));
    }
    Ok(format!("stops a connection: {}", sides.join("; ")))
}

impl Run {
    /// Takes what the client says of itself.
    fn hear(&mut self, said: &str) {
        let behind = |word: &str| {
            let rest = said.rsplit_once(word)?.1.trim_start();
            rest.split_whitespace().next()?.parse().ok()
        };
        self.rate = behind("Requests/sec:");
        self.peak = behind("peak ");
    }
}
