//! Where a case runs: a network of its own, every orphan handed to it, and at the end a
//! look at what is left.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cases;
use super::common::{Lab, PROGRAM, Ran, lines};

/// Runs a case in this process, and looks at what it has left.
pub fn run(key: &str) {
    let case = cases::of(key).unwrap();
    // SAFETY: unshare(2) and prctl(2) with plain numbers; this process has one thread.
    unsafe {
        assert_eq!(
            libc::unshare(libc::CLONE_NEWNET),
            0,
            "unshare(CLONE_NEWNET)"
        );
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success());
    let mounts = mounted_namespaces();
    (case.run)();
    nothing_is_left();
    assert_eq!(mounted_namespaces(), mounts, "a namespace is left mounted");
}

/// Waits for the last process, and looks for ports.
fn nothing_is_left() {
    let me = std::process::id();
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        // Those that were handed to this process.
        // SAFETY: waitpid(2) without a place for the status.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
        let mut left = tree_of(me);
        left.retain(|pid| *pid != me);
        if left.is_empty() {
            break;
        }
        let names: Vec<String> = left.iter().map(|pid| command_line(*pid)).collect();
        assert!(Instant::now() < until, "processes are left: {names:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let packet = fs::read_to_string("/proc/net/packet").unwrap();
    assert_eq!(
        packet.lines().count(),
        1,
        "a packet socket is left: {packet}"
    );
    let own = own_sockets();
    for table in ["tcp", "tcp6"] {
        let all = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in all.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let listens = fields.get(3) == Some(&"0A");
            let ours = fields.get(9).is_some_and(|inode| own.contains(*inode));
            assert!(!listens || ours, "somebody listens: {line}");
        }
    }
}

/// The sockets of this process, by their inodes.
fn own_sockets() -> std::collections::HashSet<String> {
    let all = fs::read_dir("/proc/self/fd").unwrap();
    let links = all.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    links
        .filter_map(|link| {
            let inner = link.to_str()?.strip_prefix("socket:[")?;
            Some(inner.strip_suffix(']')?.to_owned())
        })
        .collect()
}

fn mounted_namespaces() -> usize {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.lines().filter(|l| l.contains(" - nsfs ")).count()
}

fn command_line(pid: u32) -> String {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    format!("{pid} {}", line.replace('\0', " "))
}

/// A process and its descendants.
pub fn tree_of(root: u32) -> Vec<u32> {
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(&pid) = tree.get(at) {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace();
            tree.extend(children.filter_map(|n| n.parse::<u32>().ok()));
        }
        at += 1;
    }
    tree
}

/// The program with a line of arguments, in the lab's folder.
pub fn threadtap(lab: &Lab, line: &str) -> Command {
    let mut command = lab.threadtap(&[]);
    command.args(line.split_whitespace());
    command
}

/// The same to its end.
pub fn ran(lab: &Lab, line: &str) -> Ran {
    lab.finish(&mut threadtap(lab, line))
}

/// A shell's script, in which `$T` is the program.
pub fn shell(lab: &Lab, script: &str) -> Command {
    let mut command = lab.command("bash");
    command.env("T", PROGRAM).args(["-c", script]);
    command
}

/// What could not run says so in one line, prints nothing, and leaves no folder.
#[track_caller]
pub fn could_not_run(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.status, Some(2), "{ran:?}");
    one_line(ran, words);
    assert_eq!(ran.stdout, "");
    assert!(!ran.out.exists(), "{:?}", fs::read_dir(&ran.out));
}

/// One line that holds these words.
#[track_caller]
pub fn one_line(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word} not in {}", ran.stderr);
    }
}

/// What every run promises that was saved: whole files, that count alike, and no control
/// character on the terminal.
#[track_caller]
pub fn saved(ran: &Ran) -> Value {
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    for text in [&ran.stdout, &ran.stderr] {
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(control), "{text:?}");
    }
    whole(&ran.out)
}

/// A run directory whose files are whole and count alike.
#[track_caller]
pub fn whole(out: &Path) -> Value {
    let text = fs::read_to_string(out.join("run.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let requests = &record["requests"];
    if let Some(submitted) = requests["submitted"].as_u64() {
        let unknown = requests["unknown"].as_u64().unwrap_or(0);
        let of = |name: &str| requests[name].as_u64().unwrap_or(0);
        assert_eq!(
            of("valid") + of("failed_total") + unknown,
            submitted,
            "{requests}"
        );
    }
    let flows = lines(&out.join("flows.jsonl"));
    lines(&out.join("workers.jsonl"));
    lines(&out.join("observation.jsonl"));
    if record["capture"].is_object() {
        let frames = frames(&out.join("capture.pcap"));
        assert_eq!(record["capture"]["frames"], frames, "{}", record["capture"]);
        assert_eq!(record["correlation"]["flows"], flows.len());
    }
    record
}

/// The whole frames of a capture file; what is cut off behind them is none.
pub fn frames(pcap: &Path) -> u64 {
    const HEADER: usize = 24;
    const RECORD: usize = 16;
    let bytes = fs::read(pcap).unwrap_or_default();
    let mut at = HEADER;
    let mut frames = 0;
    while let Some(record) = bytes.get(at..at + RECORD) {
        let length = u32::from_le_bytes(record[8..12].try_into().unwrap()) as usize;
        if bytes.len() < at + RECORD + length {
            break;
        }
        at += RECORD + length;
        frames += 1;
    }
    frames
}

/// What a killed coordinator had written by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {
    /// Nothing that tells of a run.
    Nothing,
    /// The beginning of a run.
    Run,
    /// A run and connections of it in its capture.
    Flows,
}

/// What a killed coordinator has written can be read, as far as it goes: the capture by
/// `analyze`, the run by `show`, which has the same flows.
#[track_caller]
pub fn readable(lab: &Lab) -> Written {
    let captured = captured(lab);
    let log = fs::read(lab.out().join("observation.jsonl"));
    let Ok(log) = log else {
        return Written::Nothing;
    };
    let shown = ran(lab, "show out --format json");
    // Not even what is asked for is there yet.
    if !log.contains(&b'\n') {
        assert_eq!(shown.status, Some(2), "{shown:?}");
        assert_eq!(shown.stderr.lines().count(), 1, "{shown:?}");
        return Written::Nothing;
    }
    assert!(matches!(shown.status, Some(0 | 1)), "{shown:?}");
    let record: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert!(record["requests"].is_object(), "{record}");
    match record["correlation"]["flows"].as_u64() {
        None | Some(0) => Written::Run,
        flows => {
            assert_eq!(flows, captured, "{record}");
            Written::Flows
        }
    }
}

/// How many flows `analyze` finds in the capture, be it in one file or in several.
#[track_caller]
fn captured(lab: &Lab) -> Option<u64> {
    let all = fs::read_dir(lab.out()).ok()?;
    let mut names: Vec<String> = all
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("capture") && name.ends_with(".pcap"))
        .filter(|name| fs::metadata(lab.out().join(name)).unwrap().len() >= 24)
        .map(|name| format!("out/{name}"))
        .collect();
    if names.is_empty() {
        return None;
    }
    names.sort();
    let mut command = threadtap(lab, "analyze --merge --format json");
    let all = lab.finish(command.args(&names));
    assert!(matches!(all.status, Some(0 | 1)), "{all:?}");
    let summary: Value = serde_json::from_str(&all.stdout).unwrap();
    let whole: u64 = names.iter().map(|n| frames(&lab.path().join(n))).sum();
    assert_eq!(summary["frames"], whole, "{summary}");
    summary["flows"].as_u64()
}
