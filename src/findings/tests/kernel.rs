//! What the kernel's own counts decide: accept queues, and limits.

use serde_json::{Value, json};

use super::evidence;
use super::scene::Scene;
use crate::model::observation::{KernelLook, TaskLimit};
use crate::model::{LimitName, Outcome, ServerKind, Side};

/// A scene with two looks at the kernel.
fn looked(first: KernelLook, last: KernelLook) -> Scene {
    let mut scene = Scene::normal();
    scene.observation.kernel = vec![first, last];
    scene
}

/// Before and after, with so many overflows and drops of accept queues in between.
fn overflowed(overflows: u64, drops: u64, backlog: Option<u64>) -> Scene {
    let look = |n: u64, m: u64| KernelLook {
        backlog,
        listen_overflows: Some(100 + n),
        listen_drops: Some(200 + m),
        ..KernelLook::default()
    };
    let mut scene = looked(look(0, 0), look(overflows, drops));
    for at in [1, 2, 4] {
        scene.fixture.retried(at);
    }
    scene
}

fn of_syns(scene: &Scene) -> String {
    scene.one("syn_retransmitted").message
}

#[test]
fn the_kernel_says_whether_an_accept_queue_was_full() {
    let mut full = overflowed(57, 60, Some(5));
    full.fixture.run.plan.isolated = true;
    let finding = full.one("syn_retransmitted");
    assert_eq!(
        finding.message,
        "3 flows had to send the SYN more than once (up to 2 SYNs; the slowest handshake took \
         1.01 s), because the server's accept queue was full: the kernel counted 57 overflows of \
         accept queues in the network of this run, and the server's backlog is 5; raise --backlog \
         and net.core.somaxconn."
    );
    let figures = evidence(&finding);
    assert_eq!(figures["listen_overflows"], 57);
    assert_eq!(figures["listen_drops"], 60);
    assert_eq!(figures["backlog"], 5);
    // Where others may listen, too, it is likely and no more.
    let shared = of_syns(&overflowed(57, 60, Some(5)));
    assert!(shared.contains("probably because the server's accept queue was full: the kernel"));
    assert!(shared.contains("on this machine, whoever listened"));
    // Each SYN that is dropped for it is counted.
    let partly = of_syns(&overflowed(2, 2, Some(5)));
    assert!(partly.contains("at most some of them because"), "{partly}");
    let other = of_syns(&overflowed(0, 4, Some(5)));
    assert!(
        other.contains(
            "not because an accept queue was full: the kernel counted no overflow and 4 drops"
        ),
        "{other}"
    );
}

/// No program of the server's is blamed for SYNs that its host never answered.
#[test]
fn a_syn_without_an_answer_is_told_as_such() {
    let knocking = |overflows, n: usize| {
        let mut scene = overflowed(overflows, overflows, Some(5));
        for at in 0..n {
            scene.fixture.no_syn_ack(at);
        }
        if n < 20 {
            scene.fixture.fail(19, Outcome::Timeout, None);
        }
        scene.one("requests_failed").message
    };
    let all = |n| knocking(n, 20);
    assert!(
        all(0).ends_with(
            "; no SYN was answered, and not because an accept queue was full: the kernel counted \
             no overflow; look for what drops frames, such as a firewall."
        ),
        "{}",
        all(0)
    );
    assert!(
        all(9).contains("; no SYN was answered; raise --timeout, --backlog"),
        "{}",
        all(9)
    );
    let some = knocking(0, 2);
    assert!(
        some.contains("; on 2 of these connections no SYN was answered, and not because")
            && some.contains("raise --timeout"),
        "{some}"
    );
    assert!(!knocking(0, 0).contains("no SYN"));
}

#[test]
fn of_a_server_that_is_not_seen_the_kernel_counts_nothing() {
    let unseen = overflowed(57, 60, None);
    let message = of_syns(&unseen);
    assert!(
        message.ends_with(
            "because the server's accept queue was full (raise --backlog and net.core.somaxconn), \
             or because something dropped frames, such as a firewall: which of them is not known, \
             for what the kernel counted was not seen."
        ),
        "{message}"
    );
    assert_eq!(
        evidence(&unseen.one("syn_retransmitted"))["listen_overflows"],
        Value::Null
    );
    // Somebody here listens on the port, and the server is on another host.
    let mut away = overflowed(57, 60, Some(5));
    away.fixture.run.plan.server = ServerKind::Existing;
    away.fixture.run.plan.target = "192.0.2.1:45000".to_owned();
    assert_eq!(
        evidence(&away.one("syn_retransmitted"))["backlog"],
        Value::Null
    );
    away.fixture.run.plan.target = "127.0.0.1:45000".to_owned();
    assert_eq!(evidence(&away.one("syn_retransmitted"))["backlog"], 5);
    // One look alone tells of no difference.
    let mut cut = overflowed(57, 60, Some(5));
    cut.observation.kernel.pop();
    assert_eq!(
        evidence(&cut.one("syn_retransmitted"))["backlog"],
        Value::Null
    );
}

#[test]
fn a_queue_that_never_overflowed_was_waited_in() {
    let stuck = |overflows| {
        let mut scene = overflowed(overflows, overflows, Some(128));
        let flow = &mut scene.fixture.flows[7];
        flow.server_owner = None;
        flow.server_payload_bytes = 0;
        flow.exchanges[0].response_ns = None;
        scene.one("never_accepted").message
    };
    assert!(stuck(0).contains("it waited in its accept queue, which never overflowed by the"));
    let full = stuck(9);
    assert!(
        full.contains("or found it full (the kernel counted 9 overflows"),
        "{full}"
    );
    assert!(
        full.contains("the server's backlog is 128); raise --backlog"),
        "{full}"
    );
}

fn limit(name: LimitName, value: u64, in_use: impl Into<Option<u64>>) -> TaskLimit {
    let path = (name == LimitName::PidsMax).then(|| format!("/sys/fs/cgroup/{value}"));
    TaskLimit {
        name,
        value,
        in_use: in_use.into(),
        in_use_at_least: false,
        path,
    }
}

/// A client that had 500 tasks at most and wanted more, within these limits; `groups`
/// is how often pids.max refused one.
fn refused(limits: Vec<TaskLimit>, groups: Option<u64>) -> Scene {
    let look = |refused, limits| KernelLook {
        pids_refused: refused,
        limits,
        ..KernelLook::default()
    };
    let then = groups.map(|_| 7);
    let now = groups.map(|n| 7 + n);
    let mut scene = looked(look(then, limits), look(now, Vec::new()));
    scene.totals(Side::Client).refused_tasks = 10;
    scene.fixture.run.census.client.threads.peak = Some(500);
    scene.fixture.run.census.server.threads.before = Some(2);
    scene.fixture.run.census.server.threads.peak = Some(12);
    scene
}

fn which(limits: Vec<TaskLimit>, groups: Option<u64>) -> String {
    let message = refused(limits, groups).one("client_refused_tasks").message;
    let (_, after) = message.split_once("those it had: ").unwrap();
    after.split_once(". Lower -n").unwrap().0.to_owned()
}

#[test]
fn a_limit_is_named_where_no_other_can_have_refused() {
    use LimitName::{Nproc, PidMax, PidsMax, ThreadsMax};
    let wide = || {
        vec![
            limit(ThreadsMax, 100_000, 400),
            limit(PidMax, 4_194_304, 400),
        ]
    };
    let and = |more: TaskLimit| {
        let mut limits = wide();
        limits.insert(0, more);
        limits
    };
    // 510 more than there were before.
    let is_nproc = "the limit that was reached is RLIMIT_NPROC = 600";
    assert_eq!(which(and(limit(Nproc, 600, 90)), None), is_nproc);
    assert_eq!(which(and(limit(Nproc, 600, 85)), Some(0)), is_nproc);
    // There was room for more than that, or nobody could see how much.
    let one_of = "the limit that was reached may be RLIMIT_NPROC = 1,000";
    assert_eq!(which(and(limit(Nproc, 1000, 90)), None), one_of);
    assert_eq!(which(and(limit(Nproc, 1000, None)), None), one_of);
    // More may be in use than can be seen: what is seen to be full is full.
    let at_least = |value| TaskLimit {
        in_use_at_least: true,
        ..limit(Nproc, value, 90)
    };
    assert_eq!(which(and(at_least(600)), None), is_nproc);
    let maybe = "the limit that was reached may be RLIMIT_NPROC = 60,000";
    assert_eq!(which(and(at_least(60_000)), None), maybe);
    // The kernel counts what a group refuses.
    let group = "the limit that was reached is pids.max = 5,000 of the control group \
                 /sys/fs/cgroup/5000";
    assert_eq!(which(and(limit(PidsMax, 5000, 90)), Some(1)), group);
    assert_eq!(
        which(and(limit(PidsMax, 600, 90)), Some(0)),
        "no limit that can be read from here was near"
    );
    let two = vec![limit(PidsMax, 600, 90), limit(Nproc, 600, 90)];
    let both = "one of these limits was reached: pids.max = 600 of the control group \
                /sys/fs/cgroup/600, RLIMIT_NPROC = 600";
    assert_eq!(which(two, None), both);
    let nested = vec![limit(PidsMax, 600, 90), limit(PidsMax, 900, 90)];
    assert!(which(nested, Some(3)).starts_with("the limit that was reached is pids.max = 600 of"));
    assert_eq!(
        which(wide(), None),
        "no limit that can be read from here was near"
    );
    let of_system = vec![limit(ThreadsMax, 910, 400)];
    assert_eq!(
        which(of_system, None),
        "the limit that was reached is kernel.threads-max = 910"
    );

    let scene = refused(and(limit(Nproc, 600, 90)), None);
    let expected = json!([
        {"name": "RLIMIT_NPROC", "value": 600, "in_use_before": 90, "in_use_at_least": false, "path": null}
    ]);
    assert_eq!(
        evidence(&scene.one("client_refused_tasks"))["limits"],
        expected
    );
}

#[test]
fn a_request_that_got_no_thread_names_the_limit() {
    for outcome in [Outcome::NoThread, Outcome::NoProcess] {
        let mut scene = refused(vec![limit(LimitName::Nproc, 600, 90)], None);
        scene.fixture.fail(1, outcome, None);
        let failed = scene.one("requests_failed").message;
        assert!(
            failed.contains("; the limit that was reached is RLIMIT_NPROC = 600; use fewer"),
            "{failed}"
        );
    }
}

#[test]
fn the_limit_of_descriptors_is_the_one_of_the_side() {
    let mut scene = Scene::normal();
    let totals = scene.totals(Side::Server);
    totals.refused_descriptors = 3;
    totals.refusal_errno = Some(libc::EMFILE);
    totals.most_descriptors = Some(64);
    let message = scene.one("server_refused_descriptors").message;
    assert!(
        message.contains("closed: the limit that was reached is RLIMIT_NOFILE = 64. Raise"),
        "{message}"
    );
    scene.totals(Side::Server).refusal_errno = Some(libc::ENFILE);
    let message = scene.one("server_refused_descriptors").message;
    assert!(
        message.contains("reached is fs.file-max. Raise"),
        "{message}"
    );
}

#[test]
fn an_exception_that_speaks_of_a_limit_has_its_number() {
    let of = |first: &str| {
        let mut scene = refused(vec![limit(LimitName::Nproc, 600, 90)], None);
        let nofile = LimitName::Nofile.to_string();
        scene
            .fixture
            .run
            .environment
            .limits
            .insert(nofile, Some(64));
        scene.printed(Side::Client, 1, Some(first), None);
        scene.one("exceptions_logged").message
    };
    let open = "OSError: [Errno 24] Too many open files";
    assert!(
        of(open).ends_with("Too many open files”; it was started with RLIMIT_NOFILE = 64."),
        "{}",
        of(open)
    );
    let system = "OSError: [Errno 23] Too many open files in system";
    assert!(
        of(system).ends_with("; the limit that was reached is fs.file-max."),
        "{}",
        of(system)
    );
    let thread = "RuntimeError: can't start new thread";
    assert!(
        of(thread).ends_with("; the limit that was reached is RLIMIT_NPROC = 600."),
        "{}",
        of(thread)
    );
    assert!(!of("ValueError: 3").contains("limit"));
}
