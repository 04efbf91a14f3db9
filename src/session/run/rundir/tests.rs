//! The run directory on a real disk.

use std::os::unix::fs::{MetadataExt, symlink};

use super::*;
use crate::sys::clock;

fn wanted(folder: &Path) -> SaveIn {
    SaveIn {
        folder: Some(folder.to_owned()),
        ..SaveIn::default()
    }
}

fn replacing(folder: &Path) -> SaveIn {
    SaveIn {
        replace: true,
        ..wanted(folder)
    }
}

fn create(wanted: &SaveIn) -> Result<RunDir, NotWritable> {
    RunDir::create(wanted, Kind::Run, clock::local_now(), "test")
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = all
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with a run in it, whose capture is `capture`.
fn earlier(folder: &Path, capture: &str) {
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("run.json"), "{\"schema\": \"threadtap.run/1\"}").unwrap();
    fs::write(folder.join("capture.pcap"), capture).unwrap();
}

fn write(dir: &mut RunDir, name: &'static str, text: &str) -> io::Result<()> {
    dir.write_whole(name, &mut |out| out.write_all(text.as_bytes()))
}

#[test]
fn what_is_saved_is_private() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("a/b");
    let mut dir = create(&wanted(&out)).unwrap();
    drop(Store::create(&mut dir, "capture.pcap").unwrap());
    write(&mut dir, "run.json", "{}").unwrap();
    dir.log("client.log").unwrap();
    assert_eq!(names(&out), ["capture.pcap", "client.log", "run.json"]);
    assert_eq!(mode(&out), 0o700);
    for file in names(&out) {
        assert_eq!(mode(&out.join(&file)), 0o600, "{file}");
    }
}

#[test]
fn a_class_may_read_what_is_shared() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("on/the/way");
    let shared = SaveIn {
        shared: true,
        ..wanted(&out)
    };
    let mut dir = create(&shared).unwrap();
    write(&mut dir, "run.json", "{}").unwrap();
    dir.log("client.log").unwrap();
    for folder in ["on", "on/the", "on/the/way"] {
        assert_eq!(mode(&lab.path().join(folder)), 0o755, "{folder}");
    }
    assert_eq!(mode(&out.join("run.json")), 0o644);
    assert_eq!(mode(&out.join("client.log")), 0o644);
}

#[test]
fn a_folder_that_holds_anything_is_refused() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    earlier(&out, "theirs");
    let error = create(&wanted(&out)).unwrap_err().to_string();
    assert!(error.contains("is not empty: choose another folder"));
    assert!(error.contains("--force replaces a run of threadtap's"));
    assert_eq!(names(&out), ["capture.pcap", "run.json"]);
}

#[test]
fn an_earlier_run_is_replaced_and_nothing_else() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    earlier(&out, "first");
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let mut dir = create(&replacing(&out)).unwrap();
    write(&mut dir, "run.json", "second").unwrap();
    dir.keep();
    assert_eq!(names(&out), ["notes.txt", "run.json"]);
    assert_eq!(fs::read(out.join("run.json")).unwrap(), b"second");
    assert_eq!(fs::read(out.join("notes.txt")).unwrap(), b"mine");
}

/// Where the new run does not take place, the earlier one is as it was.
#[test]
fn an_earlier_run_comes_back() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    earlier(&out, "first");
    let mut dir = create(&replacing(&out)).unwrap();
    drop(Store::create(&mut dir, "capture.pcap").unwrap());
    dir.take_back();
    assert_eq!(names(&out), ["capture.pcap", "run.json"]);
    assert_eq!(fs::read(out.join("capture.pcap")).unwrap(), b"first");
}

/// One that was killed while it replaced another leaves what the next replaces.
#[test]
fn what_a_killed_run_has_left_is_replaced() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    earlier(&out, "first");
    let mut dir = create(&replacing(&out)).unwrap();
    dir.make("capture.pcap", OFlags::empty()).unwrap();
    dir.folder.make(".run.json.tmp", OFlags::empty()).unwrap();
    drop(dir);
    let mut dir = create(&replacing(&out)).unwrap();
    dir.keep();
    assert_eq!(names(&out), [""; 0]);
}

#[test]
fn what_is_no_run_is_not_replaced() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    fs::create_dir(&out).unwrap();
    for (name, text) in [
        ("capture.pcap", "mine"),
        ("run.json", "{\"schema\": \"another/1\"}"),
    ] {
        fs::write(out.join(name), text).unwrap();
        let error = create(&replacing(&out)).unwrap_err().to_string();
        assert!(error.contains("no run of threadtap's"), "{error}");
        assert_eq!(fs::read(out.join(name)).unwrap(), text.as_bytes());
    }
}

#[test]
fn links_and_fifos_are_neither_followed_nor_replaced() {
    let lab = tempfile::tempdir().unwrap();
    let mine = lab.path().join("mine");
    fs::write(&mine, "mine").unwrap();
    let out = lab.path().join("out");
    earlier(&out, "first");
    symlink(&mine, out.join("client.log")).unwrap();
    let error = create(&replacing(&out)).unwrap_err().to_string();
    assert!(error.contains("client.log was not written by threadtap"));
    fs::remove_file(out.join("client.log")).unwrap();

    let mut dir = create(&replacing(&out)).unwrap();
    for name in ["client.log", "capture.pcap", "flows.jsonl"] {
        symlink(&mine, out.join(name)).unwrap();
    }
    fs::hard_link(&mine, out.join("server.log")).unwrap();
    fs::hard_link(&mine, out.join(".run.json.tmp")).unwrap();
    assert!(dir.log("client.log").is_err());
    assert!(dir.log("server.log").is_err());
    assert!(Store::create(&mut dir, "capture.pcap").is_err());
    assert!(write(&mut dir, "run.json", "ours").is_err());
    assert!(write(&mut dir, "flows.jsonl", "ours").is_err());
    dir.cut("capture.pcap", 0);
    assert_eq!(dir.last_line("client.log"), None);
    dir.take_back();
    assert_eq!(fs::read(&mine).unwrap(), b"mine");

    let fifo = out.join("workers.jsonl");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(dir.folder.open("workers.jsonl", OFlags::RDONLY).is_err());
    assert!(dir.folder.open("workers.jsonl", OFlags::WRONLY).is_err());
}

#[test]
fn the_folder_itself_is_no_link() {
    let lab = tempfile::tempdir().unwrap();
    let there = lab.path().join("there");
    fs::create_dir(&there).unwrap();
    let link = lab.path().join("link");
    symlink(&there, &link).unwrap();
    for named in [link.clone(), link.join("")] {
        let error = create(&wanted(&named)).unwrap_err().to_string();
        assert!(error.contains("it is a symbolic link"), "{error}");
    }
    // On the way to it, it is the user's own way to name it.
    create(&wanted(&link.join("run"))).unwrap();
    assert_eq!(names(&there), ["run"]);
}

#[test]
fn a_folder_belongs_to_one_run_at_a_time() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    let first = create(&wanted(&out)).unwrap();
    for second in [wanted(&out), replacing(&out)] {
        let error = create(&second).unwrap_err().to_string();
        assert!(error.contains("another run is being saved there"));
    }
    assert!(out.exists());
    drop(first);
    create(&wanted(&out)).unwrap();
}

/// A reader finds the file whole or not at all.
#[test]
fn a_file_that_cannot_be_written_is_not_there() {
    let lab = tempfile::tempdir().unwrap();
    let out = lab.path().join("out");
    let mut dir = create(&wanted(&out)).unwrap();
    let failed = dir.write_whole("run.json", &mut |file| {
        file.write_all(b"half")?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert!(failed.is_err());
    assert_eq!(names(&out), [""; 0]);
    write(&mut dir, "run.json", "1").unwrap();
    write(&mut dir, "run.json", "2").unwrap();
    assert_eq!(fs::read(out.join("run.json")).unwrap(), b"2");
    // Somebody else's is not replaced.
    fs::write(out.join("flows.jsonl"), "mine").unwrap();
    assert!(write(&mut dir, "flows.jsonl", "ours").is_err());
    assert_eq!(fs::read(out.join("flows.jsonl")).unwrap(), b"mine");
}

#[test]
fn folders_that_were_made_are_taken_back() {
    let lab = tempfile::tempdir().unwrap();
    let mut dir = create(&wanted(&lab.path().join("a/b/c/"))).unwrap();
    assert_eq!(mode(&lab.path().join("a/b/c")), 0o700);
    dir.take_back();
    assert_eq!(names(lab.path()), [""; 0]);
}
