//! The names of the enums, and what the words of the records can do.

use super::exit::signal_name;
use super::{
    CeilingKind, Close, ConnState, Exchange, Exit, Handshake, LimitName, Nanos, Outcome,
    Provenance, Scope, SeqNum, ServerKind, ServerModel, Severity, Side, StopReason, StoppedBy,
    Strategy, TcpFlags, TimeOfDay, Timestamp,
};

/// The names are the contract: other programs have them in their sources.
macro_rules! are {
    ($($name:ident: $names:literal;)*) => {$(
        let names: Vec<&str> = $names.split_whitespace().collect();
        assert_eq!($name::ALL.map($name::name).to_vec(), names);
        for (one, name) in $name::ALL.into_iter().zip(names) {
            let json = format!("{name:?}");
            assert_eq!(one.to_string(), name);
            assert_eq!(serde_json::to_string(&one).unwrap(), json);
            assert_eq!(serde_json::from_str::<$name>(&json).unwrap(), one);
        }
    )*};
}

#[test]
fn the_names_are_the_contract() {
    are! {
        Strategy: "thread pool process async iterative";
        ServerModel: "thread pool process async iterative";
        ServerKind: "embedded command existing";
        StopReason: "drained timeout interrupted left fault";
        Side: "client server";
        Outcome: "valid not_attempted not_seen abandoned refused reset closed timeout bad_answer
            no_thread no_process reserve_kept no_descriptor no_port unreachable other";
        Provenance: "instrumented traced matched captured sampled";
        ConnState: "S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH";
        Close: "fin rst open";
        Severity: "info warning error";
        CeilingKind: "thread process connection";
        Scope: "process client server user cgroup address system";
        StoppedBy: "refused reserve max interrupted oom killed";
    }
    let limits = "RLIMIT_NPROC, pids.max, kernel.threads-max, kernel.pid_max, \
        vm.max_map_count, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, address space, \
        vm.overcommit_memory, CommitLimit, MemAvailable, memory.max, RLIMIT_NOFILE, \
        fs.nr_open, fs.file-max, ip_local_port_range, net.core.somaxconn, \
        net.ipv4.tcp_mem, net.netfilter.nf_conntrack_max";
    assert_eq!(LimitName::ALL.map(LimitName::name).join(", "), limits);
}

#[test]
fn a_name_of_a_later_version_is_refused_with_those_that_are_known() {
    let error = serde_json::from_str::<Close>("\"half\"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown variant `half`, expected one of `fin`, `rst`, `open` at line 1 column 6"
    );
    assert_eq!(Close::from_name("half"), None);
}

#[test]
fn what_is_no_name_is_refused_with_those_that_are_known() {
    let error = serde_json::from_str::<Close>("3").unwrap_err().to_string();
    assert!(
        error.contains("invalid type: integer `3`, expected one of fin, rst, open"),
        "{error}"
    );
}

/// signal(7): the numbers of x86 and ARM.
#[test]
fn signals_have_their_names() {
    let names = "1 SIGHUP 2 SIGINT 3 SIGQUIT 4 SIGILL 5 SIGTRAP 6 SIGABRT 7 SIGBUS 8 SIGFPE \
        9 SIGKILL 10 SIGUSR1 11 SIGSEGV 12 SIGUSR2 13 SIGPIPE 14 SIGALRM 15 SIGTERM \
        24 SIGXCPU 25 SIGXFSZ 26 SIGVTALRM 27 SIGPROF 31 SIGSYS";
    let words: Vec<&str> = names.split_whitespace().collect();
    for pair in words.chunks(2) {
        let signal: i32 = pair[0].parse().unwrap();
        assert_eq!(signal_name(signal), Some(pair[1]));
        let told = format!("signal {signal}, {}", pair[1]);
        assert_eq!(Exit::Signal(signal).to_string(), told);
    }
    assert_eq!(signal_name(34), None);
    assert_eq!(Exit::Signal(34).to_string(), "signal 34");
    assert_eq!(Exit::Code(3).to_string(), "exit status 3");
}

#[test]
fn a_time_of_day_is_eight_bytes() {
    for (text, parts) in [
        ("00:00:00", (0, 0, 0)),
        ("12:34:56", (12, 34, 56)),
        ("23:59:60", (23, 59, 60)),
    ] {
        let time: TimeOfDay = text.parse().unwrap();
        assert_eq!(time.parts(), parts);
        assert_eq!(time.to_string(), text);
        let json = format!("{text:?}");
        assert_eq!(serde_json::to_string(&time).unwrap(), json);
        assert_eq!(serde_json::from_str::<TimeOfDay>(&json).unwrap(), time);
    }
    for wrong in [
        "24:00:00",
        "00:60:00",
        "00:00:61",
        "1:00:00",
        "001:00:00",
        "12-00-00",
        "12:00-00",
        "a0:00:00",
        "0a:00:00",
        "00:0/:00",
        "00:00:/0",
        "00:00:: ",
        "",
    ] {
        let error = wrong.parse::<TimeOfDay>().unwrap_err();
        assert_eq!(error, format!("not a time of day hh:mm:ss: {wrong:?}"));
        assert!(serde_json::from_str::<TimeOfDay>(&format!("{wrong:?}")).is_err());
    }
}

/// RFC 9293, section 3.4.
#[test]
fn sequence_numbers_are_compared_around_their_end() {
    let (last, first) = (SeqNum(u32::MAX), SeqNum(0));
    assert_eq!(last.plus(1), first);
    assert_eq!(
        (first.distance_from(last), last.distance_from(first)),
        (1, -1)
    );
    assert!(last.before(first) && !first.before(last) && !first.before(first));
    assert!(first.after(last) && !last.after(first) && !first.after(first));
    assert!(last < first && first == SeqNum(0));
    // Half the numbers away is neither before nor after.
    assert_eq!(first.partial_cmp(&SeqNum(1 << 31)), None);
}

#[test]
fn flags_are_bits() {
    let both = TcpFlags::SYN.with(TcpFlags::ACK);
    assert_eq!(both, TcpFlags(0x12));
    assert_eq!(both.with(TcpFlags::ACK), both);
    assert!(both.has(TcpFlags::SYN) && both.has(TcpFlags::ACK) && both.has(both));
    assert!(!both.has(TcpFlags::FIN) && !TcpFlags::SYN.has(both));
}

#[test]
fn times_are_kept_within_their_range() {
    let at = Timestamp::from_nanos;
    assert_eq!(at(7).since(at(9)), Nanos::new(-2));
    assert_eq!(at(7).plus(Nanos::new(-9)), at(-2));
    assert_eq!(at(i64::MAX).plus(Nanos::new(1)), at(i64::MAX));
    assert_eq!(at(i64::MIN).since(at(2)), Nanos::new(i64::MIN));
    assert_eq!(at(i64::MIN), at(i64::MIN + 1), "the first moment of all");
    assert_eq!(at(i64::MIN).as_nanos(), i64::MIN + 1);
    let order = [i64::MIN, -1, 0, 1, i64::MAX].map(at);
    assert!(order.is_sorted() && order[2] == Timestamp::default());
    assert_eq!(size_of::<Option<Timestamp>>(), 8);
    assert_eq!(serde_json::to_string(&at(-7)).unwrap(), "-7");
    assert_eq!(serde_json::from_str::<Timestamp>("-7").unwrap(), at(-7));
    assert_eq!(format!("{:?}", at(-7)), "Timestamp(-7)");
    assert_eq!(at(-5).as_nanos(), -5);
    let span = std::time::Duration::from_millis(3);
    assert_eq!(Nanos::from(span).get(), 3_000_000);
    assert_eq!(Nanos::from(std::time::Duration::MAX).get(), i64::MAX);
}

#[test]
fn what_runs_backwards_has_no_duration() {
    let at = Timestamp::from_nanos;
    let handshake = |ack_ns: Option<i64>| Handshake {
        syn_ns: at(10),
        syn_ack_ns: None,
        ack_ns: ack_ns.map(at),
        syn_count: 1,
    };
    let exchange = |response_ns: Option<i64>| Exchange {
        response_ns: response_ns.map(at),
        ..Exchange::begun(at(10), None)
    };
    for (end, duration) in [
        (None, None),
        (Some(9), None),
        (Some(10), Some(0)),
        (Some(13), Some(3)),
    ] {
        let duration = duration.map(Nanos::new);
        assert_eq!(handshake(end).duration(), duration);
        assert_eq!(exchange(end).duration(), duration);
    }
}

#[test]
fn several_of_a_kind_have_their_word() {
    let words = CeilingKind::ALL.map(CeilingKind::plural);
    assert_eq!(words, ["threads", "processes", "connections"]);
}
