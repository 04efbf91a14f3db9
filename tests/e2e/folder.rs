//! The run directory: it belongs to one run, and to the person who made it.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use super::common::need::Need::{Root, Tool};
use super::common::{Lab, Ran, findings, start, until};
use crate::require;

const RUN: &str = "run -s pool -w 2 -n 5 --port 0 --no-capture --out out";
const COMPARE: &str =
    "compare -s pool,async -n 5 --repeat 1 --warmup 1 --no-capture --format json --out out";

fn threadtap(lab: &Lab, line: &str, more: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    lab.finish(command.args(line.split(' ')).args(more))
}

/// Refused in one line that holds these words.
fn refused(ran: Ran, words: &[&str]) {
    let ran = ran.exits(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    for word in words {
        assert!(ran.stderr.contains(word), "{word} not in {}", ran.stderr);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = all
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const NOT_EMPTY: [&str; 2] = [
    "out is not empty: choose another folder",
    "--force replaces a run of threadtap's",
];

const FILES: [&str; 7] = [
    "client.log",
    "flows.jsonl",
    "observation.jsonl",
    "report.html",
    "run.json",
    "server.log",
    "workers.jsonl",
];

#[test]
fn a_second_run_in_a_folder_is_refused_and_replaces_it_by_force() {
    let lab = Lab::new();
    threadtap(&lab, RUN, &[]).exits(0);
    let first = fs::read(lab.out().join("run.json")).unwrap();
    refused(threadtap(&lab, RUN, &[]), &NOT_EMPTY);
    assert_eq!(fs::read(lab.out().join("run.json")).unwrap(), first);

    fs::write(lab.out().join("notes.txt"), "mine").unwrap();
    threadtap(&lab, RUN, &["--force"]).exits(0);
    assert_ne!(fs::read(lab.out().join("run.json")).unwrap(), first);
    let mut all: Vec<&str> = FILES.to_vec();
    all.insert(2, "notes.txt");
    assert_eq!(names(&lab.out()), all);
}

#[test]
fn a_run_that_is_not_made_replaces_nothing() {
    let lab = Lab::new();
    threadtap(&lab, RUN, &[]).exits(0);
    let first = fs::read(lab.out().join("run.json")).unwrap();
    let broken = ["--force", "--server-cmd", "/no/such/server"];
    let line = "run --no-capture -s pool -n 5 --out out";
    threadtap(&lab, line, &broken).exits(2);
    assert_eq!(fs::read(lab.out().join("run.json")).unwrap(), first);
    assert_eq!(names(&lab.out()), FILES);
}

#[test]
fn a_person_s_own_files_are_never_overwritten() {
    let lab = Lab::new();
    fs::create_dir(lab.out()).unwrap();
    fs::write(lab.out().join("capture.pcap"), "mine").unwrap();
    refused(threadtap(&lab, RUN, &[]), &NOT_EMPTY);
    let words = ["no run of threadtap's", "choose another folder"];
    refused(threadtap(&lab, RUN, &["--force"]), &words);
    let words = ["no comparison of threadtap's"];
    refused(threadtap(&lab, COMPARE, &["--force"]), &words);
    assert_eq!(fs::read(lab.out().join("capture.pcap")).unwrap(), b"mine");
    assert_eq!(names(&lab.out()), ["capture.pcap"]);
}

#[test]
fn a_folder_that_is_a_link_is_refused() {
    let lab = Lab::new();
    fs::create_dir(lab.path().join("elsewhere")).unwrap();
    symlink("elsewhere", lab.out()).unwrap();
    refused(threadtap(&lab, RUN, &[]), &["out: it is a symbolic link"]);
    assert_eq!(names(&lab.path().join("elsewhere")), [""; 0]);
}

/// Nor is one on the way to the default folder, if another user put it there.
#[test]
fn a_link_of_another_user_does_not_say_where_a_run_goes() {
    require!(Root);
    for link in ["captures", "captures/runs"] {
        let lab = Lab::new();
        let elsewhere = lab.path().join("elsewhere");
        fs::create_dir_all(elsewhere.join("runs")).unwrap();
        let link = lab.path().join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&elsewhere, &link).unwrap();
        let run = "run --no-capture --port 0 -n 1";
        std::os::unix::fs::lchown(&link, Some(65534), Some(65534)).unwrap();
        refused(
            threadtap(&lab, run, &[]),
            &["is a symbolic link of another user"],
        );
        assert_eq!(names(&elsewhere), ["runs"]);
        assert_eq!(names(&elsewhere.join("runs")), [""; 0]);
        // One's own says it.
        std::os::unix::fs::lchown(&link, Some(0), Some(0)).unwrap();
        threadtap(&lab, run, &[]).exits(0);
    }
}

#[test]
fn two_runs_at_once_do_not_share_a_folder() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    let line = "run --no-capture --port 0 --out out -- sleep 600";
    let started = start(command.args(line.split(' ')));
    until("its client runs", || {
        let mut all = lab.left().into_iter();
        all.any(|line| line.split(' ').nth(1) == Some("sleep"))
    });
    for line in [RUN, COMPARE] {
        for force in [&[][..], &["--force"]] {
            let words = ["out is in use: another run is being saved there"];
            refused(threadtap_beside(&lab, line, force), &words);
        }
    }
    started.signal(rustix::process::Signal::INT);
    let ran = lab.end(started).exits(130);
    assert_eq!(findings(&ran.record(), "interrupted").len(), 1);
    // Of a run that was interrupted nothing is made that was not asked for.
    let saved = FILES.into_iter().filter(|file| *file != "report.html");
    assert!(saved.eq(names(&lab.out())));
    let last = ran.stderr.lines().last().unwrap();
    assert_eq!(last, "next: threadtap report out");
}

/// While another of the lab's goes on.
fn threadtap_beside(lab: &Lab, line: &str, more: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    lab.end(start(command.args(line.split(' ')).args(more)))
}

#[test]
fn a_comparison_has_its_folder_for_itself() {
    let lab = Lab::new();
    threadtap(&lab, COMPARE, &[]).exits(0);
    let first = fs::read(lab.out().join("compare.json")).unwrap();
    refused(threadtap(&lab, COMPARE, &[]), &NOT_EMPTY);
    refused(threadtap(&lab, RUN, &["--force"]), &["no run of"]);
    let before = names(&lab.out());
    fs::write(lab.out().join("notes.txt"), "mine").unwrap();
    threadtap(&lab, COMPARE, &["--force"]).exits(0);
    assert_ne!(fs::read(lab.out().join("compare.json")).unwrap(), first);
    fs::remove_file(lab.out().join("notes.txt")).unwrap();
    assert_eq!(names(&lab.out()), before);
}

/// The modes of a folder and of all that is in it.
fn modes(folder: &Path) -> (u32, Vec<u32>) {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o7777;
    let mut files: Vec<u32> = names(folder)
        .iter()
        .map(|f| mode(&folder.join(f)))
        .collect();
    files.sort_unstable();
    files.dedup();
    (mode(folder), files)
}

#[test]
fn what_is_saved_is_private_unless_it_is_shared() {
    for (more, folder, file) in [(&[][..], 0o700, 0o600), (&["--shared"], 0o755, 0o644)] {
        let lab = Lab::new();
        threadtap(&lab, RUN, more).exits(0);
        assert_eq!(modes(&lab.out()), (folder, vec![file]));

        let lab = Lab::new();
        threadtap(&lab, COMPARE, more).exits(0);
        assert_eq!(modes(&lab.out()), (folder, vec![file, folder]));
        let runs = names(&lab.out());
        let run = runs.iter().find(|name| !name.contains(".json")).unwrap();
        assert_eq!(modes(&lab.out().join(run)), (folder, vec![file]));
    }
}

/// The variables are what sudo(8) sets; to set them needs no sudo.
#[test]
fn under_sudo_all_of_it_is_the_callers() {
    require!(Root);
    let lab = Lab::new();
    for line in [
        "run -s pool -n 5 --port 0 --no-capture",
        "run -s pool -n 5 --port 0 --no-capture --out a/b/out",
        "compare -s pool -n 5 --repeat 1 --warmup 0 --no-capture --out c/out",
    ] {
        let mut command = lab.threadtap(&[]);
        command.env("SUDO_UID", "4321").env("SUDO_GID", "8765");
        lab.finish(command.args(line.split(' '))).exits(0);
    }
    let mut seen = 0;
    let mut folders: Vec<_> = ["a", "c", "captures"].map(|f| lab.path().join(f)).into();
    while let Some(path) = folders.pop() {
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), (4321, 8765), "{path:?}");
        seen += 1;
        if found.is_dir() {
            folders.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn who_is_not_root_gives_nothing_away() {
    require!(Root, Tool("setpriv"));
    let lab = Lab::new();
    std::os::unix::fs::chown(lab.path(), Some(65534), Some(65534)).unwrap();
    let mut command = lab.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command
        .arg(super::common::public_copy())
        .args(RUN.split(' '));
    command.env("SUDO_UID", "4321").env("SUDO_GID", "8765");
    lab.finish(&mut command).exits(0);
    let found = fs::metadata(lab.out().join("run.json")).unwrap();
    assert_eq!((found.uid(), found.gid()), (65534, 65534));
}

/// A program may have put something there meanwhile: it stays.
#[test]
fn what_a_program_puts_there_meanwhile_stays() {
    let lab = Lab::new();
    let line = "run --no-capture --port 0 --out out -- sh -c";
    let script = "ln -s ../mine out/run.json; mkfifo out/flows.jsonl";
    fs::write(lab.path().join("mine"), "mine").unwrap();
    let ran = threadtap(&lab, line, &[script]).exits(1);
    for file in ["run.json", "flows.jsonl"] {
        let told = format!("{file} was not saved: File exists");
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    assert_eq!(fs::read(lab.path().join("mine")).unwrap(), b"mine");
    assert!(lab.out().join("workers.jsonl").exists());
}

#[test]
fn a_program_and_not_its_address_names_the_folder() {
    let lab = Lab::new();
    let line = "run --no-capture --port 0 -- sh -c true http://127.0.0.1/page.html";
    threadtap(&lab, line, &[]);
    let runs = names(&lab.path().join("captures/runs"));
    assert_eq!(runs.len(), 1);
    assert!(runs[0].ends_with("-sh"), "{runs:?}");
}
