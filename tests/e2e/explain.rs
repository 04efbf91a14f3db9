//! What `threadtap explain` says of findings, and its display filters in tshark.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::need::Need::Tool;
use super::common::{Lab, Ran, lines};
use crate::require;

/// What it prints, in a locale.
fn explain_in(locale: &str, arguments: &[&str]) -> Ran {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.arg("explain").args(arguments).env("COLUMNS", "80");
    for name in ["LC_ALL", "LC_MESSAGES"] {
        command.env_remove(name);
    }
    lab.finish(command.env("LANG", locale))
}

fn explain(arguments: &[&str]) -> Ran {
    explain_in("C.UTF-8", arguments)
}

/// Every code that the list names.
fn codes() -> Vec<String> {
    let ran = explain(&[]).exits(0);
    let rows = ran.stdout.lines().filter_map(|l| l.strip_prefix("  "));
    rows.filter(|row| !row.starts_with(' '))
        .filter_map(|row| row.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The display filter that it gives for each code, with this port.
fn filters(port: &str) -> BTreeMap<String, String> {
    let mut filters = BTreeMap::new();
    for code in codes() {
        let ran = explain(&["--port", port, &code]).exits(0);
        let mut lines = ran.stdout.lines();
        if lines.any(|line| line == "In Wireshark (display filter)") {
            filters.insert(code, lines.next().unwrap().trim().to_owned());
        }
    }
    filters
}

#[test]
fn a_code_is_explained_in_the_language_that_is_asked_for() {
    let english = explain(&["syn_retransmitted"]).exits(0);
    for part in [
        "syn_retransmitted (warning): SYNs were sent more than once\n",
        "\nWhat to look at\n",
        "\nIn Wireshark (display filter)\n  tcp.port == 45000 && tcp.flags.syn == 1",
        "\nWhat to do\n",
        "\n  retransmitted_syns ",
    ] {
        assert!(english.stdout.contains(part), "{part}: {}", english.stdout);
    }
    assert_eq!(english.stderr, "");
    let indonesian = explain(&["--lang", "id", "syn_retransmitted"]).exits(0);
    for part in [
        "syn_retransmitted (warning): SYN dikirim lebih dari sekali\n",
        "\nYang perlu dilihat\n",
        "\nYang perlu dilakukan\n",
    ] {
        let text = &indonesian.stdout;
        assert!(text.contains(part), "{part}: {text}");
    }
    let locale = explain_in("id_ID.UTF-8", &["syn_retransmitted"]).exits(0);
    assert_eq!(locale.stdout, indonesian.stdout);
    let asked = explain_in("id_ID.UTF-8", &["--lang", "en", "syn_retransmitted"]).exits(0);
    assert_eq!(asked.stdout, english.stdout);
}

#[test]
fn several_codes_are_explained_one_after_the_other() {
    let one = explain(&["pool_width"]).exits(0).stdout;
    let other = explain(&["too_few_repeats"]).exits(0).stdout;
    // As they stand in a report, with brackets.
    let both = explain(&["[pool_width]", "TOO-FEW-REPEATS"]).exits(0);
    assert_eq!(both.stdout, format!("{one}\n{other}"));
}

#[test]
fn without_a_code_all_are_listed() {
    let codes = codes();
    let set: BTreeSet<&String> = codes.iter().collect();
    assert_eq!(set.len(), codes.len());
    assert!(codes.len() > 50, "{codes:?}");
    for code in ["syn_retransmitted", "pool_width", "runs_did_not_hold"] {
        assert!(codes.iter().any(|c| c == code), "{code}");
    }
    let indonesian = explain(&["--lang", "id"]).exits(0).stdout;
    for code in &codes {
        assert!(indonesian.contains(&format!("\n  {code} ")), "{code}");
    }
}

#[test]
fn an_unknown_code_is_refused_with_the_nearest() {
    let ran = explain(&["pool_widht"]).exits(2);
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr,
        "threadtap: there is no finding with the code pool_widht; did you mean pool_width? \
         threadtap explain lists them all\n"
    );
    // One that is right does not hide one that is wrong.
    let ran = explain(&["pool_width", "\u{1b}[2J"]).exits(2);
    assert_eq!(ran.stdout, "");
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    explain(&["--port", "0", "pool_width"]).exits(2);
    explain(&["--lang", "fr", "pool_width"]).exits(2);
}

/// Every code that the saved runs of this project have is one that is explained.
#[test]
fn the_findings_of_golden_runs_are_explained() {
    let known = codes();
    for name in ["pool-no-join", "python", "refused", "interrupted"] {
        let text = std::fs::read_to_string(runs().join(name).join("run.json")).unwrap();
        let run: serde_json::Value = serde_json::from_str(&text).unwrap();
        let findings = run["findings"].as_array().unwrap();
        assert!(!findings.is_empty(), "{name}");
        for finding in findings {
            let code = finding["code"].as_str().unwrap();
            assert!(known.iter().any(|c| c == code), "{code}");
        }
    }
}

fn runs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/golden-runs")
}

fn capture(name: &str) -> PathBuf {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/golden");
    captures.join(name)
}

/// How many frames a filter lets through; the error of tshark where it does not
/// understand it.
fn frames(file: &Path, filter: &str) -> Result<usize, String> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args(["-Y", filter]);
    let output = command.output().unwrap();
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return Ok(text.lines().count());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn tshark_understands_every_display_filter() {
    require!(Tool("tshark"));
    let filters: BTreeSet<String> = filters("45000").into_values().collect();
    assert!(filters.len() >= 12, "{filters:?}");
    for filter in filters {
        frames(&capture("thread.pcap"), &filter).unwrap_or_else(|e| panic!("{filter}: {e}"));
    }
    assert!(frames(&capture("thread.pcap"), "tcp.no_such_field").is_err());
}

/// Where a capture shows what a finding is about, its filter finds it, and finds
/// nothing in a capture that does not.
#[test]
fn display_filters_find_what_their_findings_are_about() {
    require!(Tool("tshark"));
    let flows = lines(&capture("overflow.pcap.jsonl"));
    let port = flows[0]["server"]["port"].as_u64().unwrap().to_string();
    let filters = filters(&port);
    for (code, shows, frames_there) in [
        ("syn_retransmitted", "overflow.pcap", 8),
        ("requests_failed", "reset.pcap", 2),
        ("server_died", "reset.pcap", 2),
        ("unanswered_flows", "silent.pcap", 2),
        ("answers_off_the_clock", "overflow.pcap", 6),
        ("requests_unknown", "cut-frames.pcap", 10),
        ("incomplete_figures", "snap70.pcap", 12),
        ("reset_unread", "reset.pcap", 2),
        ("never_accepted", "overflow.pcap", 9),
        ("slow_answers", "overflow.pcap", 3),
        ("closes_first", "closed.pcap", 4),
    ] {
        let filter = &filters[code];
        assert_eq!(frames(&capture(shows), filter), Ok(frames_there), "{code}");
    }
    for (code, silent) in [
        ("syn_retransmitted", "reset.pcap"),
        ("requests_failed", "closed.pcap"),
        ("incomplete_figures", "closed.pcap"),
        ("ports_reused", "overflow.pcap"),
        ("slow_answers", "closed.pcap"),
        ("frames_twice", "overflow.pcap"),
        ("capture_lossy", "overflow.pcap"),
    ] {
        assert_eq!(frames(&capture(silent), &filters[code]), Ok(0), "{code}");
    }
}

/// The connections that a client without a join attempted are those that its filter
/// finds.
#[test]
fn the_filter_of_a_run_counts_its_connections() {
    require!(Tool("tshark"));
    let folder = runs().join("pool-no-join");
    let text = std::fs::read_to_string(folder.join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&text).unwrap();
    let target = run["plan"]["target"].as_str().unwrap();
    let port = target.rsplit(':').next().unwrap();
    let ran = explain(&["--port", port, "not_joined"]).exits(0);
    let filter = ran
        .stdout
        .lines()
        .find(|l| l.contains("tcp.port =="))
        .unwrap();
    let found = frames(&folder.join("capture.pcap"), filter.trim()).unwrap();
    assert_eq!(found as u64, run["requests"]["attempted"].as_u64().unwrap());
}

/// Each table of findings leads to their explanation, with the port of the run.
#[test]
fn a_table_of_findings_says_how_to_have_them_explained() {
    let lab = Lab::new();
    let show = |name: &str, format: &str| {
        let mut command = lab.threadtap(&[]);
        command
            .arg("show")
            .arg(runs().join(name))
            .args(["--format", format]);
        lab.finish(&mut command).stdout
    };
    assert!(
        show("python", "table").ends_with(
            "What they mean: threadtap explain thread_per_request peak_below_requests\n"
        )
    );
    let told = show("pool-no-join", "table");
    let line = told.lines().last().unwrap();
    let command = line.strip_prefix("What they mean: ").unwrap();
    assert!(
        command.starts_with("threadtap explain --port ")
            && command.ends_with(" not_joined requests_failed"),
        "{command}"
    );
    let words: Vec<&str> = command.split(' ').skip(2).collect();
    explain(&words).exits(0);
    assert!(!show("async", "table").contains(" explain"));
    assert!(!show("python", "markdown").contains(" explain"));
    // Where it is not in PATH it is called as it was started, in a line that a shell takes.
    let mut command = lab.threadtap(&[]);
    command.env("PATH", "/usr/bin:/bin").env("COLUMNS", "200");
    let told = lab
        .finish(command.arg("show").arg(runs().join("python")))
        .stdout;
    let own = env!("CARGO_BIN_EXE_threadtap");
    let command = format!("{own} explain thread_per_request peak_below_requests");
    assert!(
        told.ends_with(&format!("What they mean: {command}\n")),
        "{told}"
    );
}
