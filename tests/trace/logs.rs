//! What programs print: bounded, and shown so that nothing acts upon a terminal.

use std::fs;

use super::common::findings;
use super::common::need::Need::{Namespaces, Root, Tool};
use super::stage::Stage;
use crate::require;

const PRINTS: [&str; 4] = ["port_client.py", "print", "{port}", "2000"];

#[test]
fn a_log_is_bounded_and_says_where_it_ends() {
    require!(Tool("python3"), Tool("cc"));
    for observe in ["exact", "sampled", "off"] {
        let stage = Stage::new(&["epoll_server", "{port}"]).with(&[
            "--no-capture",
            "--observe",
            observe,
            "--log-limit",
            "4k",
        ]);
        let whole = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture"]);
        let ran = whole.lab.finish(&mut whole.command(&PRINTS)).exits(0);
        assert!(findings(&ran.record(), "log_cut").is_empty());
        let all = fs::read(whole.lab.out().join("client.log")).unwrap();
        assert!(all.len() > 10_000, "{}", all.len());

        let ran = stage.lab.finish(&mut stage.command(&PRINTS)).exits(0);
        let record = ran.record();
        let cut = findings(&record, "log_cut");
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0]["evidence"]["side"], "client");
        assert_eq!(cut[0]["evidence"]["limit_bytes"], 4096);
        let log = fs::read(stage.lab.out().join("client.log")).unwrap();
        let (begins, note) = log.split_at(4096);
        assert!(begins.contains(&b'\n'));
        assert_eq!(
            String::from_utf8_lossy(note),
            "\nthreadtap: the log ends here, at its limit of 4.10 kB (--log-limit)\n"
        );
        // The server printed less.
        let server = fs::read_to_string(stage.lab.out().join("server.log")).unwrap();
        assert!(!server.contains("--log-limit"));
    }
}

#[test]
fn what_is_shown_says_whose_it_is_and_acts_upon_nothing() {
    require!(Tool("python3"), Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture", "--show-output"]);
    let ran = stage.lab.finish(&mut stage.command(&PRINTS)).exits(0);
    let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!ran.stderr.contains(acts), "{:?}", &ran.stderr[..500]);
    let of = |side: &str| ran.stderr.lines().filter(|l| l.starts_with(side)).count();
    let (client, server) = (of("client: "), of("server: "));
    assert!(client >= 4000, "{client}");
    assert!(server > 0);
    let others: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|l| !l.starts_with("client: ") && !l.starts_with("server: "))
        .collect();
    assert_eq!(others[0], "saved in out");
    assert!(others[1].starts_with("next: "), "{others:?}");
    assert_eq!(others.len(), 2, "{others:?}");
    // The log has it as it was printed.
    let log = fs::read(stage.lab.out().join("client.log")).unwrap();
    assert!(log.contains(&0x1b), "escapes are kept");
}

/// The program does not notice that the disk is full, and what is missing is named.
#[test]
fn a_log_that_a_full_disk_cuts_is_named() {
    require!(Root, Namespaces, Tool("python3"), Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture"]);
    let mut command = stage.lab.command("unshare");
    let script = "mkdir out && mount -t tmpfs -o size=64k none out && exec \"$@\"";
    command.args(["-m", "sh", "-c", script, "sh", super::common::PROGRAM]);
    stage.words(
        &mut command,
        &["port_client.py", "print", "{port}", "20000"],
    );
    let ran = stage.lab.finish(&mut command).exits(1);
    let said = &ran.stderr;
    assert!(said.contains("client.log holds only the first"), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    let record: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    // The server's may not be saved either, if it prints when the disk is full.
    let not_saved = findings(&record, "log_not_saved").into_iter();
    let of_client = not_saved.filter(|f| f["evidence"]["side"] == "client");
    assert_eq!(of_client.count(), 1, "{record:#}");
    assert_eq!(record["programs"]["client"]["exit_code"], 0);
}

/// `ulimit -f`: the capture is cut, and that is told; the program has SIGXFSZ as it
/// would have it alone.
#[test]
fn files_that_may_not_grow() {
    use super::common::need::Need::Capture;
    require!(Capture, Tool("prlimit"), Tool("cc"));
    let stage = Stage::new(&["thread_server", "{port}"]).behind(&["prlimit", "--fsize=40000"]);
    let mut command = stage.command(&["thread_client", "{port}", "300"]);
    let ran = stage.lab.finish(&mut command).exits(1);
    let said = &ran.stderr;
    assert!(said.contains("File too large"), "{said}");
    assert!(
        said.contains("raise the limit on the size of files (ulimit -f)"),
        "{said}"
    );
    let record: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(record["capture"]["stop_reason"], "fault");
    assert_eq!(findings(&record, "capture_not_saved").len(), 1);
    let capture = fs::metadata(stage.lab.out().join("capture.pcap")).unwrap();
    assert!(capture.len() <= 40_000);
}
