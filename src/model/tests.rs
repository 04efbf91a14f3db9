//! The names of the enums.

use super::{
    CeilingKind, Close, ConnState, LimitName, Outcome, Provenance, Scope, ServerKind, ServerModel,
    Severity, Side, StopReason, StoppedBy, Strategy,
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
        StopReason: "drained timeout interrupted";
        Side: "client server";
        Outcome: "valid not_attempted not_seen abandoned refused reset closed timeout bad_answer
            no_thread no_process no_descriptor no_port unreachable other";
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
