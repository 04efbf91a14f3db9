//! What the capture file writers write, read back by tshark, capinfos and
//! tcpdump; and what editcap writes, read back by the reader.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::Path;
use std::process::Command;

use threadtap::capfile::{
    CaptureReader, Direction, InterfaceInfo, Note, PcapWriter, PcapngWriter, SectionInfo,
    Statistics,
};
use threadtap::model::{Frame, LinkType, Pid, Tid, Timestamp};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Whether the tool is there; if not, the test says that it is skipped, and
/// fails where everything is required.
fn have(tool: &str) -> bool {
    if Command::new(tool).arg("--version").output().is_ok() {
        return true;
    }
    assert!(
        std::env::var_os("THREADTAP_REQUIRE_ALL").is_none_or(|v| v != "1"),
        "{tool} is missing, and THREADTAP_REQUIRE_ALL=1"
    );
    eprintln!("SKIPPED: {tool} is missing");
    false
}

fn run(tool: &str, args: &[&str], file: &Path) -> std::io::Result<String> {
    let output = Command::new(tool)
        .env("TZ", "UTC")
        .args(args)
        .arg(file)
        .output()?;
    assert!(
        output.status.success(),
        "{tool}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn frame(link: LinkType, nanos: i64, bytes: &[u8]) -> Frame<'_> {
    Frame {
        time: Timestamp::from_nanos(nanos),
        link,
        wire_len: 60,
        bytes,
    }
}

fn annotated(path: &Path) -> Outcome {
    let mut w = PcapngWriter::new(
        File::create(path)?,
        &SectionInfo {
            application: "threadtap 0.1.0",
            os: "Linux",
            hardware: "a machine",
            comment: "a run",
        },
    )?;
    let lo = w.interface(&InterfaceInfo {
        link: LinkType::ETHERNET,
        snaplen: 40,
        name: "lo",
        description: "loopback",
        filter: "tcp port 45000",
    })?;
    let any = w.interface(&InterfaceInfo {
        link: LinkType::RAW,
        snaplen: 0,
        name: "any",
        description: "",
        filter: "",
    })?;
    let comments = ["client worker 3, thread 4711", "zweite Bemerkung"];
    let note = Note {
        comments: &comments,
        direction: Some(Direction::Outbound),
        owner: Some((Pid(10), Tid(11))),
    };
    w.write(
        lo,
        &frame(LinkType::ETHERNET, 1_700_000_000_123_456_789, &[0; 50]),
        &note,
    )?;
    w.write(
        any,
        &frame(LinkType::RAW, 1_700_000_000_123_456_790, &[0x45; 41]),
        &Note::default(),
    )?;
    w.statistics(
        lo,
        &Statistics {
            at: Timestamp::from_nanos(1_700_000_001_000_000_000),
            start: Some(Timestamp::from_nanos(1_700_000_000_000_000_000)),
            received: Some(2),
            dropped_by_kernel: Some(0),
            ..Statistics::default()
        },
    )?;
    w.flush()?;
    assert_eq!(w.frames(), 2);
    assert_eq!(w.whole_bytes(), path.metadata()?.len());
    Ok(())
}

#[test]
fn tshark_reads_what_is_written_on_the_frames() -> Outcome {
    if !have("tshark") || !have("capinfos") {
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("annotated.pcapng");
    annotated(&path)?;
    let fields = [
        "frame.time_epoch",
        "frame.cap_len",
        "frame.len",
        "frame.interface_name",
        "frame.comment",
        "frame.packet_flags",
    ];
    let mut args = vec!["-n", "-T", "fields"];
    for field in fields {
        args.extend(["-e", field]);
    }
    args.push("-r");
    assert_eq!(
        run("tshark", &args, &path)?,
        "1700000000.123456789\t40\t60\tlo\tclient worker 3, thread 4711,zweite Bemerkung\t0x00000002\n\
         1700000000.123456790\t41\t60\tany\t\t\n"
    );
    let about = run("capinfos", &[], &path)?;
    for said in [
        "threadtap 0.1.0",
        "tcp port 45000",
        "Number of stat entries = 1",
        "loopback",
    ] {
        assert!(about.contains(said), "{said} in:\n{about}");
    }
    Ok(())
}

#[test]
fn both_files_come_back_through_the_reader() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("annotated.pcapng");
    annotated(&path)?;
    let mut reader = CaptureReader::open(File::open(&path)?)?;
    let first = reader.next()?.ok_or("a frame")?;
    assert_eq!(
        first,
        frame(LinkType::ETHERNET, 1_700_000_000_123_456_789, &[0; 40])
    );
    let second = reader.next()?.ok_or("a frame")?;
    assert_eq!(
        second,
        frame(LinkType::RAW, 1_700_000_000_123_456_790, &[0x45; 41])
    );
    assert_eq!(reader.next()?, None);

    let mut file = Vec::new();
    let mut w = PcapWriter::new(&mut file, LinkType::RAW, 0)?;
    let frames: Vec<_> = (0..200_u8).map(|n| vec![n; usize::from(n)]).collect();
    for bytes in &frames {
        let wire_len = 1000;
        w.write(&Frame {
            wire_len,
            ..frame(LinkType::RAW, 77, bytes)
        })?;
    }
    drop(w);
    let mut reader = CaptureReader::open(&file[..])?;
    for bytes in &frames {
        let wire_len = 1000;
        assert_eq!(
            reader.next()?,
            Some(Frame {
                wire_len,
                ..frame(LinkType::RAW, 77, bytes)
            })
        );
    }
    assert_eq!(reader.next()?, None);
    Ok(())
}

#[test]
fn tcpdump_reads_the_pcap_file_and_the_reader_what_editcap_makes_of_it() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("plain.pcap");
    let mut w = PcapWriter::new(File::create(&path)?, LinkType::ETHERNET, 0)?;
    for n in 0..5 {
        w.write(&frame(
            LinkType::ETHERNET,
            1_700_000_000_000_000_000 + n,
            &[0; 60],
        ))?;
    }
    w.flush()?;
    if have("tcpdump") {
        let out = run(
            "tcpdump",
            &["-tt", "-n", "--time-stamp-precision=nano", "-r"],
            &path,
        )?;
        assert_eq!(out.lines().count(), 5);
        assert!(out.starts_with("1700000000.000000000 "), "{out}");
    }
    if have("editcap") {
        for format in [
            "pcapng",
            "nseclibpcap",
            "rh6_1libpcap",
            "suse6_3libpcap",
            "modlibpcap",
        ] {
            let other = dir.path().join(format);
            let status = Command::new("editcap")
                .args(["-F", format])
                .args([&path, &other])
                .status()?;
            assert!(status.success(), "editcap -F {format}");
            let mut reader = CaptureReader::open(File::open(&other)?)?;
            let mut frames = 0;
            while let Some(frame) = reader.next()? {
                assert_eq!(
                    (frame.bytes, frame.wire_len),
                    (&[0; 60][..], 60),
                    "{format}"
                );
                frames += 1;
            }
            assert_eq!(frames, 5, "{format}");
        }
    }
    Ok(())
}
