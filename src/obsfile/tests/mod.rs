//! What is written is read back, and whatever is read does no harm.

mod hostile;
mod size;

use proptest::prelude::*;

use super::*;
use crate::model::observation::arbitrary::{facts, header};
use crate::model::observation::{Change, Event, Fact, Header, SocketId};
use crate::model::{Endpoint, Pid, Side, Tid, Timestamp};

fn breaks(log: &[u8]) -> usize {
    log.split(|b| *b == b'\n').count() - 1
}

/// The log of a run, packed.
fn packed(header: &Header, facts: &[Fact]) -> Vec<u8> {
    let mut writer = ObservationWriter::new(Vec::new());
    writer
        .write(&Fact::Header(Box::new(header.clone())))
        .unwrap();
    for fact in facts {
        writer.write(fact).unwrap();
    }
    let (lines, bytes) = (writer.facts(), writer.bytes());
    let log = writer.into_inner();
    assert_eq!(bytes, log.len() as u64);
    assert_eq!(lines, breaks(&log) as u64);
    log
}

/// The same in its long form.
fn long(header: &Header, facts: &[Fact]) -> Vec<u8> {
    let mut log = Vec::new();
    write_long(&Fact::Header(Box::new(header.clone())), &mut log).unwrap();
    for fact in facts {
        write_long(fact, &mut log).unwrap();
    }
    log
}

/// The facts of a log after its header.
fn read(log: &[u8]) -> Vec<Fact> {
    let facts: Result<Vec<Fact>, _> = ObservationReader::open(log).unwrap().collect();
    facts.unwrap().split_off(1)
}

/// A header as every run has one.
fn some_header() -> Header {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    header().new_tree(&mut runner).unwrap().current()
}

proptest! {
    #[test]
    fn what_is_packed_comes_back(header in header(), facts in facts(0..60)) {
        let log = packed(&header, &facts);
        let back: Result<Vec<Fact>, _> = ObservationReader::open(&log[..]).unwrap().collect();
        let mut expected = vec![Fact::Header(Box::new(header))];
        expected.extend(facts);
        prop_assert_eq!(back.unwrap(), expected);
    }

    #[test]
    fn the_long_form_is_a_log_too(header in header(), facts in facts(0..40)) {
        prop_assert_eq!(read(&long(&header, &facts)), facts);
    }

    #[test]
    fn both_forms_may_stand_in_one_log(
        header in header(),
        facts in facts(0..40),
        forms in proptest::collection::vec(any::<bool>(), 40),
    ) {
        // A long line changes nothing of what packed ones rest on, but for the
        // target, which has no other form.
        let mut writer = ObservationWriter::new(Vec::new());
        writer.write(&Fact::Header(Box::new(header))).unwrap();
        for (fact, packed) in facts.iter().zip(&forms) {
            if *packed || matches!(fact, Fact::Target(_)) {
                writer.write(fact).unwrap();
            } else {
                write_long(fact, &mut writer.out).unwrap();
            }
        }
        prop_assert_eq!(read(&writer.into_inner()), facts);
    }

    #[test]
    fn a_log_that_is_cut_keeps_what_comes_before(
        header in header(),
        facts in facts(1..20),
        at in any::<proptest::sample::Index>(),
    ) {
        let log = packed(&header, &facts);
        let first = log.iter().position(|b| *b == b'\n').unwrap() + 1;
        let cut = first + at.index(log.len() - first);
        let whole = breaks(&log[..cut]) - 1;
        let (mut kept, mut damage) = (Vec::new(), None);
        for fact in ObservationReader::open(&log[..cut]).unwrap().skip(1) {
            match fact {
                Ok(fact) => kept.push(fact),
                Err(e) => damage = Some(e),
            }
        }
        // A line that lacks nothing but its break is whole.
        prop_assert!(kept.len() == whole || kept.len() == whole + 1);
        prop_assert_eq!(&kept[..], &facts[..kept.len()]);
        let torn = log[cut - 1] != b'\n' && kept.len() == whole;
        prop_assert_eq!(damage.is_some(), torn);
        if let Some(damage) = damage {
            let said = format!("cut off in line {}", whole + 2);
            prop_assert_eq!(damage.to_string(), said);
        }
    }
}

fn event(at: i64, tid: u32, what: Change) -> Fact {
    let event = Event {
        at: Timestamp::from_nanos(at),
        pid: Pid(100),
        tid: Tid(tid),
        what,
    };
    Fact::Event {
        side: Side::Client,
        event,
    }
}

fn local(port: u16) -> Endpoint {
    std::net::SocketAddr::from(([127, 0, 0, 1], port)).into()
}

/// As `docs/observation.md` tells it.
#[test]
fn the_lines_are_as_they_are_described() {
    let thread = Change::Started {
        process: false,
        parent: None,
    };
    let connected = Change::Connected {
        socket: Some(SocketId(51)),
        target: local(45_000),
        from: Timestamp::from_nanos(4_000),
        local: Some(local(50_000)),
        errno: Some(0),
    };
    let ended = |signal| Change::Ended(crate::model::Exit::Signal(signal));
    let facts = [
        Fact::Target("127.0.0.1:45000".to_owned()),
        event(1_000, 101, thread),
        event(5_000, 101, connected),
        event(4_900, 101, ended(9)),
        event(4_900, 100, Change::ThreadExiting),
    ];
    let log = packed(&some_header(), &facts);
    let lines: Vec<&str> = std::str::from_utf8(&log).unwrap().lines().collect();
    let expected = [
        r#"{"target":"127.0.0.1:45000"}"#,
        r#"["s",1000,101,100,0]"#,
        r#"["c",4000,0,0,51,45000,-1000,50000,0]"#,
        r#"["x",-100,0,0,null,9]"#,
        r#"["t",0,-1,0]"#,
    ];
    assert_eq!(lines[1..], expected);
}

#[test]
fn every_tag_is_of_one_kind() {
    let letters: std::collections::BTreeSet<u8> = tag::KINDS.iter().map(|k| k.1).collect();
    assert_eq!(letters.len(), tag::KINDS.len());
    assert!(!letters.contains(&tag::SYSTEM));
    let description = include_str!("../../../docs/observation.md");
    for (kind, letter) in tag::KINDS {
        for side in [Side::Client, Side::Server] {
            let tag = char::from(kind.letter(side));
            assert_eq!(tag::Kind::of(&tag.to_string()), Some((kind, side)));
            assert!(description.contains(&format!("`{tag}`")), "{tag}");
        }
        assert!(letter.is_ascii_lowercase());
    }
}
