//! Logs that nobody wrote in good faith.

use super::*;

/// What is said of a log with this after its header.
fn said_of(tail: &[u8]) -> String {
    let mut log = packed(&some_header(), &[]);
    log.extend_from_slice(tail);
    let mut facts = ObservationReader::open(&log[..]).unwrap();
    let error = facts.find_map(Result::err).expect("an error");
    assert!(facts.next().is_none(), "after an error it has ended");
    error.to_string()
}

fn refused(log: &[u8]) -> String {
    ObservationReader::open(log).unwrap_err().to_string()
}

#[test]
fn a_log_has_a_header() {
    assert_eq!(refused(b""), "it is empty");
    let no_header = "its first line is not the header of an observation";
    let others: [&[u8]; 7] = [
        b"\n",
        b"{}\n",
        b"[1]\n",
        b"{\"target\":\"a\"}\n",
        b"\0\0\0\0",
        b"\xff\xfe\n",
        b"{\"header\":{\"schema\":1}}\n",
    ];
    for other in others {
        assert_eq!(refused(other), no_header, "{other:?}");
    }
    let torn = packed(&some_header(), &[]);
    assert_eq!(refused(&torn[..torn.len() / 2]), no_header);
}

#[test]
fn another_version_s_log_is_refused_in_one_line() {
    let said = refused(b"{\"header\":{\"schema\":\"threadtap.observation/2\",\"new\":[]}}\n");
    assert!(said.contains("threadtap.observation/2"), "{said}");
    assert!(said.contains("use the version that wrote it"), "{said}");
    let said = refused(b"{\"header\":{\"schema\":\"\\u001b[31m\\nx\"}}\n");
    assert!(!said.contains(['\n', '\u{1b}']), "{said}");
    let said = refused(b"{\"header\":{\"schema\":\"threadtap.observation/1\"}}\n");
    assert!(said.starts_with("its header cannot be read: "), "{said}");
}

#[test]
fn a_line_that_is_no_fact_is_told_with_its_number() {
    let second = packed(&some_header(), &[]);
    let said = said_of(&second);
    assert_eq!(said, "line 2: there is a second header");
    for (line, reason) in [
        ("\n", "it is no fact"),
        ("\0\n", "it is no fact"),
        ("\u{feff}[]\n", "it is no fact"),
        ("[]\n", "item 1 is not a text"),
        ("[1]\n", "item 1 is not a text or null"),
        ("[\"\"]\n", "there is no tag \"\""),
        ("[\"!\",1]\n", "there is no tag \"!\""),
        ("[\"Z\",1]\n", "there is no tag \"Z\""),
        ("[\"b\"]\n", "item 2 is not a number"),
        ("[\"b\",1,2,3,4]\n", "there are more than 4 items"),
        ("[\"b\",1,9999999999,3]\n", "item 3 is not in range"),
        ("[\"s\",1,1,1,2]\n", "item 5 is not 0 or 1"),
        (
            "[\"l\",1,1,1,80]\n",
            "item 5 is a port, and no target was named",
        ),
        (
            "[\"l\",1,1,1,\"here\"]\n",
            "item 5 is not an address and a port",
        ),
        ("[\"q\",1,0,\"fine\"]\n", "there is no outcome \"fine\""),
        (
            "[\"q\",1,0,\"valid\",null,1,1,1,null,1]\n",
            "a thread without a worker",
        ),
    ] {
        assert_eq!(said_of(line.as_bytes()), format!("line 2: {reason}"));
    }
}

#[test]
fn odd_json_is_refused() {
    let deep = format!("[\"b\",{}\n", "[".repeat(100_000));
    let deep_object = format!("{{\"trouble\":{}\n", "{\"a\":".repeat(100_000));
    let many = format!("[\"b\"{}]\n", ",1".repeat(1000));
    for line in [
        &deep,
        &deep_object,
        &many,
        "[\"b\",1.5,1,1]\n",
        "[\"b\",1e999,1,1]\n",
        "[\"b\",123456789012345678901234567890,1,1]\n",
        "[\"b\",true,1,1]\n",
        "[\"b\",{},1,1]\n",
        "{\"unknown\":1}\n",
        "{\"\\u001b[31m\":1}\n",
        "{\"target\":1}\n",
        "[\"n\",1,1,1,\"\\ud800\"]\n",
    ] {
        let said = said_of(line.as_bytes());
        assert!(said.starts_with("line 2: "), "{said}");
        assert!(
            said.len() < 400 && !said.contains(['\u{1b}', '\n']),
            "{said}"
        );
    }
    let said = said_of(b"[\"n\",1,1,1,\"\xff\xfe\"]\n");
    assert!(said.starts_with("line 2: "), "{said}");
}

#[test]
fn a_line_may_be_long_and_not_endless() {
    let mut log = packed(&some_header(), &[Fact::Target("a".repeat(9_000))]);
    let most = 9_100;
    let open = |log: &[u8]| {
        let facts = ObservationReader::over(Lines::bounded(log, most)).unwrap();
        facts
            .skip(1)
            .map(|f| f.map_err(|e| e.to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(open(&log).len(), 1);
    log.extend(std::iter::repeat_n(b'x', 20_000));
    assert!(
        open(&log)[1]
            .as_ref()
            .unwrap_err()
            .starts_with("line 3 is longer than")
    );
    let endless = Lines::bounded(std::io::repeat(b'{'), most);
    let said = ObservationReader::over(endless).unwrap_err().to_string();
    assert!(said.starts_with("its first line"), "{said}");
}

#[test]
fn an_input_that_fails_is_told() {
    struct Failing(bool, Vec<u8>);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::Error::from_raw_os_error(libc::EIO));
            }
            buffer[..self.1.len()].copy_from_slice(&self.1);
            Ok(self.1.len())
        }
    }
    let log = packed(&some_header(), &[]);
    let (observation, damage) = gather(Failing(false, log)).unwrap();
    assert_eq!(observation.header, some_header());
    assert!(damage.unwrap().to_string().contains("os error 5"));
    assert!(gather(Failing(true, Vec::new())).is_err());
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = gather(&bytes[..]);
        let mut log = packed(&some_header(), &[]);
        log.extend_from_slice(&bytes);
        let (observation, _) = gather(&log[..]).unwrap();
        prop_assert_eq!(observation.header, some_header());
    }

    #[test]
    fn a_log_with_a_byte_changed_does_no_harm(
        facts in facts(1..20),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut log = packed(&some_header(), &facts);
        let at = at.index(log.len());
        log[at] = byte;
        let _ = gather(&log[..]);
    }

    #[test]
    fn any_items_do_no_harm(
        tag in "[a-zA-Z]",
        items in proptest::collection::vec(
            prop_oneof![
                any::<i64>().prop_map(|n| n.to_string()),
                any::<u64>().prop_map(|n| n.to_string()),
                Just("null".to_owned()),
                Just("\"valid\"".to_owned()),
                Just("\"[::1]:1\"".to_owned()),
                Just("0".to_owned()),
                Just("1".to_owned()),
            ],
            0..14,
        ),
    ) {
        let items = std::iter::once(format!("\"{tag}\"")).chain(items);
        let line = items.collect::<Vec<_>>().join(",");
        let target = Fact::Target("[::1]:45000".to_owned());
        let mut log = packed(&some_header(), &[target]);
        log.extend_from_slice(format!("[{line}]\n").as_bytes());
        let (observation, damage) = gather(&log[..]).unwrap();
        // What was understood can be written and read again.
        if damage.is_none() {
            prop_assert_eq!(observation.target, "[::1]:45000");
            let facts = read(&log);
            prop_assert_eq!(read(&packed(&some_header(), &facts)), facts);
        }
    }
}
