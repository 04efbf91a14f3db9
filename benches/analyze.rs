//! `threadtap analyze` beside tshark, tcptrace and tcpdump, on the same
//! generated capture, in one run: ratios, since machines differ.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::cost::{Cost, run};

const THREADTAP: &str = env!("CARGO_BIN_EXE_threadtap");

/// Frames of the capture that is read side by side.
const FRAMES: u32 = 1_000_000;

/// Where the others stand among what is measured.
const TCPDUMP: usize = 4;
const TCPTRACE: usize = 5;
const TSHARK: usize = 6;

fn main() {
    // `cargo test --benches` runs it, too: then a small capture is enough.
    let quick = !std::env::args().any(|a| a == "--bench");
    let frames = if quick { 10_000 } else { FRAMES };
    let rounds = if quick { 1 } else { 5 };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let small = folder.path().join("small.pcap");
    support::time_flows(&small, frames / support::FRAMES_A_FLOW).expect("room for the capture");
    let text = small.display().to_string();

    let jsonl = ["analyze", "--format", "jsonl", &text];
    let commands: [(&str, Vec<&str>); 7] = [
        (
            "threadtap analyze --format json",
            vec![THREADTAP, "analyze", "--format", "json", &text],
        ),
        (
            "  --format jsonl --sort none",
            [&[THREADTAP], &jsonl[..], &["--sort", "none"]].concat(),
        ),
        ("  --format jsonl", [&[THREADTAP], &jsonl[..]].concat()),
        (
            "  --format jsonl --sort bytes",
            [&[THREADTAP], &jsonl[..], &["--sort", "bytes"]].concat(),
        ),
        (
            "tcpdump -r F -w - >/dev/null",
            // Of a file with a name root would make tcpdump the owner, of /dev/null too.
            vec!["tcpdump", "-r", &text, "-w", "-"],
        ),
        ("tcptrace -q", vec!["tcptrace", "-q", &text]),
        (
            "tshark -n -q -r F -z conv,tcp",
            vec!["tshark", "-n", "-q", "-r", &text, "-z", "conv,tcp"],
        ),
    ];
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); commands.len()];
    for round in 0..rounds {
        for (i, (name, words)) in commands.iter().enumerate() {
            // The slow ones are slow enough to be measured less often.
            if i >= TCPTRACE && round >= 2 {
                continue;
            }
            match measure(words) {
                Some(cost) => costs[i].push(cost),
                None if round == 0 => println!("{name}: not installed, or failed: left out"),
                None => {}
            }
        }
    }
    println!(
        "{frames} frames, {} flows, {rounds} rounds; medians, and the least CPU time:",
        frames / support::FRAMES_A_FLOW
    );
    let medians: Vec<Option<(Duration, u64)>> = costs.iter().map(|c| median(c)).collect();
    let ours = medians[0].expect("threadtap itself runs");
    for (i, (name, _)) in commands.iter().enumerate() {
        if let Some((wall, memory)) = medians[i] {
            println!(
                "  {name:34} {:8.3} s  {:8.3} s CPU  {:7.1} MB  {:6.2} times ours",
                wall.as_secs_f64(),
                least_cpu(&costs[i]).unwrap_or_default().as_secs_f64(),
                megabytes(memory),
                wall.as_secs_f64() / ours.0.as_secs_f64(),
            );
        }
    }
    let ratio = |i: usize| medians[i].map(|m| m.0.as_secs_f64() / ours.0.as_secs_f64());
    aim(
        "at least 100 times faster than tshark",
        ratio(TSHARK),
        |r| r >= 100.0,
    );
    aim(
        "at least 15 times faster than tcptrace",
        ratio(TCPTRACE),
        |r| r >= 15.0,
    );
    aim(
        "at most 0.6 of tcpdump's time",
        ratio(TCPDUMP).map(f64::recip),
        |r| r <= 0.6,
    );
    for (i, how) in [(1, "as they end"), (2, "by their numbers")] {
        aim(
            &format!("flows as JSON lines {how}: at most 1.5 times the summary's time"),
            ratio(i),
            |r| r <= 1.5,
        );
    }
    let memory = medians[TSHARK].map(|m| megabytes(ours.1) / megabytes(m.1));
    aim("at most a tenth of tshark's memory", memory, |r| r <= 0.1);
    if !quick {
        growth(folder.path(), ours);
    }
}

/// Ten times the frames: ten times the time, the same memory.
fn growth(folder: &Path, one: (Duration, u64)) {
    let large = folder.join("large.pcap");
    support::time_flows(&large, 10 * FRAMES / support::FRAMES_A_FLOW)
        .expect("room for the capture");
    let text = large.display().to_string();
    let costs: Vec<Cost> = (0..3)
        .filter_map(|_| measure(&[THREADTAP, "analyze", "--format", "json", &text]))
        .collect();
    let ten = median(&costs).expect("threadtap itself runs");
    let time = ten.0.as_secs_f64() / one.0.as_secs_f64();
    aim(
        "10 times the frames take 10 times the time (8 to 12)",
        Some(time),
        |r| (8.0..=12.0).contains(&r),
    );
    let memory = megabytes(ten.1) / megabytes(one.1);
    aim(
        "10 times the frames take the same memory (at most 1.2)",
        Some(memory),
        |r| r <= 1.2,
    );
}

fn measure(words: &[&str]) -> Option<Cost> {
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    run(&mut command).ok().filter(|c| c.success)
}

fn median(costs: &[Cost]) -> Option<(Duration, u64)> {
    let mut walls: Vec<Duration> = costs.iter().map(|c| c.wall).collect();
    walls.sort_unstable();
    let memory = costs.iter().map(|c| c.peak_memory_bytes).max()?;
    Some((*walls.get(walls.len() / 2)?, memory))
}

fn least_cpu(costs: &[Cost]) -> Option<Duration> {
    costs.iter().map(|c| c.cpu).min()
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn aim(what: &str, ratio: Option<f64>, holds: impl Fn(f64) -> bool) {
    match ratio {
        None => println!("aim: {what}: not measured"),
        Some(r) if holds(r) => println!("aim: {what}: met ({r:.2})"),
        Some(r) => println!("aim: {what}: NOT met ({r:.2})"),
    }
}
