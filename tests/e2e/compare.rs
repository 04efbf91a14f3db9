//! `threadtap compare`: small comparisons, whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use super::common::need::Need::{Capture, Namespaces, Root, Tool};
use super::common::{Lab, PROGRAM, Ran, start, until};
use super::contract;
use crate::require;

/// A comparison in the lab's folder.
fn comparison(lab: &Lab, arguments: &[&str]) -> Command {
    let mut command = lab.threadtap(&[]);
    command
        .arg("compare")
        .args(arguments)
        .args(["--out", "out"]);
    command
}

fn compare(lab: &Lab, arguments: &[&str]) -> Ran {
    lab.finish(&mut comparison(lab, arguments))
}

fn saved(lab: &Lab) -> Value {
    let text = fs::read_to_string(lab.out().join("compare.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn names(record: &Value) -> Vec<&str> {
    let rows = record["rows"].as_array().unwrap();
    rows.iter().map(|r| r["name"].as_str().unwrap()).collect()
}

#[test]
fn all_strategies_side_by_side() {
    require!(Capture);
    let lab = Lab::new();
    let ran = compare(&lab, &["-n", "20", "--repeat", "5", "--format", "json"]).exits(0);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(record, saved(&lab));
    assert_eq!(record["schema"], "threadtap.compare/1");
    assert_eq!(record["complete"], true);
    assert_eq!(names(&record), ["thread", "pool", "process", "async"]);
    assert_eq!(record["differences"].as_array().unwrap().len(), 6);
    // The page of all, which links to that of the run that stands for each method.
    let page = fs::read_to_string(lab.out().join("report.html")).unwrap();
    let links = page.matches("<a href=\"").count();
    assert_eq!(
        (links, page.matches("its run is not there").count()),
        (4, 0)
    );
    assert!(
        ran.stderr.contains("open out/report.html"),
        "{}",
        ran.stderr
    );
    for row in record["rows"].as_array().unwrap() {
        assert_eq!(row["repeats"], 5);
        assert_eq!(row["failed"], 0);
        assert_eq!(row["census"]["client"]["threads"]["after"], 1);
        assert!(row["peak_open_flows"].as_u64().unwrap() >= 1);
        assert!(row["client_cpu_ns"].as_u64().unwrap() > 0);
        assert!(row["server_peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
        assert_eq!(row["latency"]["exchange"]["count"], 20);
        // Each run is a run like any other.
        let runs = row["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 5);
        let mut durations = Vec::new();
        for run in runs {
            let folder = lab.out().join(run.as_str().unwrap());
            let text = fs::read_to_string(folder.join("run.json")).unwrap();
            let run: Value = serde_json::from_str(&text).unwrap();
            contract::run_record(&run);
            assert_eq!(run["plan"]["strategy"], row["name"]);
            durations.push(run["observer"]["client_duration_ns"].clone());
            assert!(folder.join("capture.pcap").exists());
        }
        assert_eq!(row["durations_ns"], Value::from(durations));
    }
    assert!(lab.out().join("thread-warmup-1").join("run.json").exists());
    assert_eq!(
        record["rows"][0]["census"]["client"]["threads"]["created"],
        20
    );
    assert_eq!(record["rows"][3]["census"]["client"]["threads"]["peak"], 1);
}

#[test]
fn each_client_with_each_model_in_each_size() {
    let lab = Lab::new();
    let line = "-s thread,async --models pool,async --sweep n=4,8 --repeat 1 --warmup 0 --no-capture --color never";
    let ran = compare(&lab, &line.split(' ').collect::<Vec<_>>()).exits(0);
    let record = saved(&lab);
    assert_eq!(
        names(&record),
        [
            "thread/pool@4",
            "async/pool@4",
            "thread/async@4",
            "async/async@4",
            "thread/pool@8",
            "async/pool@8",
            "thread/async@8",
            "async/async@8"
        ]
    );
    // Two pairs of clients and two of servers, in each size.
    assert_eq!(record["differences"].as_array().unwrap().len(), 8);
    assert_eq!(record["growth"].as_array().unwrap().len(), 4);
    // Without a capture nobody knows; how long it took the clients say themselves.
    let row = &record["rows"][0];
    for unknown in ["peak_open_flows", "syn_retransmissions"] {
        assert!(row[unknown].is_null(), "{unknown}");
    }
    assert!(row["latency"]["handshake"]["p50_ns"].is_i64());
    let codes: Vec<_> = record["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["code"])
        .collect();
    assert!(
        codes.contains(&&Value::from("too_few_repeats")),
        "{codes:?}"
    );
    for heading in [
        "Duration",
        "Threads and processes",
        "On the wire",
        "Cost",
        "Differences",
        "Growth",
        "Threads over time",
    ] {
        assert!(ran.stdout.lines().any(|l| l == heading), "{heading}");
    }
    assert!(ran.stdout.lines().all(|l| l.chars().count() <= 80));
}

#[test]
fn every_format() {
    let line = "-s pool,async -n 5 --repeat 1 --warmup 0 --no-capture --format";
    let printed = |format: &str| {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.push(format);
        compare(&Lab::new(), &arguments).exits(0).stdout
    };
    assert!(printed("markdown").contains("```text"));
    let lines = printed("jsonl");
    let rows: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["name"], "async");
    assert_eq!(printed("csv").lines().count(), 3);
}

#[test]
fn expectations_of_rows() {
    let line = "-s pool,async -n 5 --repeat 1 --warmup 0 --no-capture --workers 2";
    let compare = |expectation: &str| {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["--expect", expectation]);
        compare(&Lab::new(), &arguments)
    };
    compare("pool.client.threads.peak == 3").exits(0);
    let ran = compare("client.threads.peak <= 1").exits(1);
    assert!(
        ran.stderr
            .contains("client.threads.peak <= 1: rows.pool.census.client.threads.peak is 3"),
        "{}",
        ran.stderr
    );
    compare("differences.async.pool.ratio >= 1").exits(0);
    let ran = compare("rows.7.failed == 0").exits(2);
    assert!(ran.stderr.contains("rows has 2 elements"), "{}", ran.stderr);
    let ran = compare("pol.failed == 0").exits(2);
    assert!(ran.stderr.contains("pool.failed"), "{}", ran.stderr);
}

#[test]
fn a_run_that_did_not_go_well_is_told() {
    require!(Capture, Tool("python3"));
    let lab = Lab::new();
    // Nobody listens on that address.
    let program = "refused=python3 -c 'import socket; \
                   socket.socket().connect_ex((\"127.0.0.2\", {port}))'";
    let line = "-s pool -n 5 --repeat 2 --warmup 0 --program";
    let mut arguments: Vec<&str> = line.split(' ').collect();
    arguments.push(program);
    compare(&lab, &arguments).exits(1);
    let record = saved(&lab);
    assert_eq!(record["rows"][0]["failed"], 0);
    assert_eq!(record["rows"][1]["failed"], 2);
    assert_eq!(record["rows"][1]["repeats"], 2);
    assert_eq!(record["findings"][0]["code"], "runs_did_not_hold");
}

/// Less work takes less time: that is no victory.
#[test]
fn who_makes_too_few_requests_does_not_win() {
    require!(Capture, Tool("python3"));
    let lab = Lab::new();
    let half = "half=python3 -c '\
                import socket\n\
                for _ in range({n} // 2):\n    \
                    s = socket.create_connection((\"{host}\", {port}))\n    \
                    s.sendall(b\"TIME\\r\\n\")\n    \
                    s.recv(99)'";
    // Two requests on one connection are two requests.
    let kept = "kept=python3 -c '\
                import socket\n\
                s = socket.create_connection((\"{host}\", {port}))\n\
                for _ in range({n}):\n    \
                    s.sendall(b\"TIME\\r\\n\")\n    \
                    s.recv(99)'";
    let programs = [half, kept, "none=true {port} {n}", "idle=true {port}"];
    let mut arguments: Vec<&str> = "-s pool -n 10 --repeat 2 --warmup 0".split(' ').collect();
    for program in programs {
        arguments.extend(["--program", program]);
    }
    let ran = compare(&lab, &arguments).exits(1);
    let record = saved(&lab);
    let rows = record["rows"].as_array().unwrap();
    let failed: Vec<_> = rows.iter().map(|r| r["failed"].as_u64()).collect();
    assert_eq!(failed, [Some(0), Some(10), Some(0), Some(20), Some(0)]);
    let found = |code: &str| {
        let findings = record["findings"].as_array().unwrap();
        findings.iter().find(|f| f["code"] == code).unwrap().clone()
    };
    let failures = &found("rows_with_failures")["evidence"]["failed"];
    assert_eq!(*failures, serde_json::json!({"half": 10, "none": 20}));
    let idle = found("no_connection");
    let said = idle["message"].as_str().unwrap();
    assert!(
        said.starts_with("none, idle made no connection in 4 runs"),
        "{said}"
    );
    let ratios: Vec<_> = rows
        .iter()
        .map(|r| r["ratio_to_fastest"].as_f64())
        .collect();
    let fastest = ratios.iter().position(|r| *r == Some(1.0));
    assert!([Some(0), Some(2)].contains(&fastest), "{ratios:?}");
    // Nor is it tested: its work was another one.
    let mut tested: Vec<_> = record["differences"].as_array().unwrap().iter().collect();
    let pair = tested.pop().unwrap();
    assert!(tested.is_empty(), "{tested:?}");
    let mut names = [&pair["a"], &pair["b"]].map(|name| name.as_str().unwrap());
    names.sort_unstable();
    assert_eq!(names, ["kept", "pool"]);
    let said: Vec<&str> = ran.stdout.split_whitespace().collect();
    let said = said.join(" ");
    assert!(said.contains("were not made: half, none, idle."), "{said}");
    assert!(ran.stdout.contains("! incomplete"), "{}", ran.stdout);
}

/// A program that is not told the port has the lab's in mind. In a network of
/// its own: the port may be somebody's.
#[test]
fn a_program_that_knows_the_port() {
    require!(Root, Capture, Namespaces, Tool("python3"), Tool("unshare"));
    let script = "ip link set lo up && exec \"$0\" compare -s pool -n 5 --repeat 1 --warmup 0 \
                  --out out --program \"$1\"";
    let program = "lab=python3 -c 'import socket\n\
                   for _ in range({n}):\n    \
                       s = socket.create_connection((\"127.0.0.1\", 45000))\n    \
                       s.sendall(b\"TIME\\r\\n\")\n    \
                       s.recv(99)'";
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args(["-n", "sh", "-c", script, PROGRAM, program]);
    lab.finish(&mut command).exits(0);
    let record = saved(&lab);
    assert_eq!(record["rows"][1]["name"], "lab");
    assert_eq!(record["rows"][1]["failed"], 0);
}

#[test]
fn what_cannot_run_says_so_and_leaves_nothing() {
    let lab = Lab::new();
    for (arguments, said) in [
        (&["--sweep", "n=5"][..], "two or more"),
        (&["--program", "thread=./x"], "same name"),
        (
            &["--program", "a=true", "--program", "a-warmup=true"],
            "a-warmup-1",
        ),
        (&["--program", "x"], "NAME=COMMAND"),
        (&["--no-strategies"], "--program"),
        (&["-s", "async", "--workers", "2"], "pool"),
        (&["--expect", "x == 1"], "there is no field x"),
    ] {
        let ran = compare(&lab, arguments).exits(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(!lab.out().exists());
    }
}

/// Starts a comparison of many runs, and waits until one has been saved.
fn start_long(lab: &Lab) -> super::common::Started {
    let line = "-s process,thread -n 200 --repeat 500 --warmup 0 --no-capture";
    let started = start(&mut comparison(lab, &line.split(' ').collect::<Vec<_>>()));
    let file = lab.out().join("compare.json");
    until("a run has been saved", || file.exists());
    started
}

#[test]
fn an_interruption_keeps_what_there_is() {
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let lab = Lab::new();
        let started = start_long(&lab);
        // While it goes on the file is whole at any moment.
        assert_eq!(saved(&lab)["complete"], false);
        started.signal(signal);
        let ran = lab.end(started).exits(130);
        assert_eq!(lab.left(), Vec::<String>::new());
        let record = saved(&lab);
        assert_eq!(record["findings"][0]["code"], "interrupted");
        assert!(record["rows"][0]["repeats"].as_u64().unwrap() >= 1);
        assert!(ran.stdout.contains("The comparison was interrupted"));
        assert!(ran.stderr.contains("saved in out"), "{}", ran.stderr);
        assert!(!lab.out().join(".compare.json.tmp").exists());
    }
}

#[test]
fn its_runs_die_with_it() {
    let lab = Lab::new();
    let started = start_long(&lab);
    started.signal(Signal::KILL);
    let _ = lab.end(started);
    lab.until_nothing_is_left();
    assert_eq!(saved(&lab)["complete"], false);
}

/// Two servers of one's own under the same client: a row each, told the port, in folders
/// of their own; and a difference between them.
#[test]
fn servers_of_one_s_own_under_one_client() {
    require!(Capture);
    let lab = Lab::new();
    fs::create_dir(lab.path().join("s02")).unwrap();
    let server = |model: &str| format!("{PROGRAM} serve --port {{port}} --model {model}");
    let ran = compare(
        &lab,
        &[
            "-s",
            "pool",
            "-n",
            "20",
            "--repeat",
            "2",
            "--warmup",
            "0",
            "--format",
            "json",
            "--server",
            &format!("one={}", server("thread")),
            "--server",
            &format!("two={}", server("iterative")),
            "--server-cwd",
            "two=s02",
            "--expect",
            "pool/one.failed == 0",
        ],
    )
    .exits(0);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(names(&record), ["pool/one", "pool/two"]);
    for (row, name) in record["rows"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["one", "two"])
    {
        assert_eq!(row["server"], name);
        assert_eq!(row["server_model"], Value::Null);
        assert_eq!(row["server_command"][1], "serve");
        assert_eq!(row["failed"], 0);
        assert_eq!(row["latency"]["exchange"]["count"], 20);
        let run = row["runs"][0].as_str().unwrap();
        let text = fs::read_to_string(lab.out().join(run).join("run.json")).unwrap();
        let run: Value = serde_json::from_str(&text).unwrap();
        let port = run["plan"]["target"]
            .as_str()
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap();
        assert!(run["plan"]["server_command"].to_string().contains(port));
        let folder = if name == "two" {
            "s02".into()
        } else {
            Value::Null
        };
        assert_eq!(run["plan"]["server_cwd"], folder);
    }
    let differences = record["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    // One that is not told the port says itself where it listens.
    fs::remove_dir_all(lab.out()).unwrap();
    let deaf = format!("mine={PROGRAM} serve --port 0");
    let line = [
        "-s", "pool", "-n", "5", "--repeat", "1", "--warmup", "0", "--server", &deaf,
    ];
    compare(&lab, &line).exits(0);
}

/// Its runs are made and told, and no time of it is compared.
#[test]
fn a_server_that_cannot_be_started_is_a_row_that_failed() {
    let lab = Lab::new();
    let bad = lab.path().join("bad");
    fs::write(&bad, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o755)).unwrap();
    let good = format!("good={PROGRAM} serve --port {{port}}");
    let ran = compare(
        &lab,
        &[
            "-s",
            "pool",
            "-n",
            "5",
            "--repeat",
            "2",
            "--warmup",
            "0",
            "--format",
            "json",
            "--no-capture",
            "--server",
            &good,
            "--server",
            "bad=./bad",
        ],
    )
    .exits(1);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    let row = &record["rows"][1];
    assert_eq!(row["name"], "pool/bad");
    assert_eq!(row["duration_ns"], Value::Null);
    assert_eq!(row["failed"], 10);
    assert_eq!(record["rows"][0]["failed"], 0);
    assert_eq!(record["differences"].as_array().unwrap().len(), 0);
}
