//! Invented environments: what binds them is known by construction.

use proptest::prelude::*;

use super::remedy::Remedy;
use super::*;
use crate::model::CeilingKind::{Connection, Process, Thread};
use crate::model::LimitName as L;

const STACK: u64 = 8 << 20;

/// A machine with room for everything: every limit allows 100,000 and more.
fn roomy() -> Readings {
    Readings {
        tasks: TaskReadings {
            nproc: RlimitReading {
                soft: Some(1_000_000),
                hard: Some(1_000_000),
            },
            nproc_exempt: None,
            of_user: Some(10),
            of_user_is_all: true,
            groups: vec![group("/sys/fs/cgroup/pids/a", None, 12)],
            threads_max: Some(1_000_000),
            of_system: Some(100),
            pid_max: Some(4_194_304),
            first_pid: 300,
            numbers_of_all: true,
            pids_in_use: Some(80),
        },
        space: SpaceReadings {
            max_map_count: Some(1_000_000),
            maps: Some(60),
            guard_is_mapping: true,
            stack: RlimitReading {
                soft: Some(STACK),
                hard: None,
            },
            address_limit: RlimitReading::default(),
            data_limit: RlimitReading::default(),
            mapped_bytes: Some(20 << 20),
            data_bytes: Some(1 << 20),
            promised_bytes: Some(3 << 20),
            heap_each: 304,
            addressable: Some(1 << 47),
        },
        memory: MemoryReadings {
            overcommit: Some(0),
            commit_limit: Some(1 << 40),
            committed: Some(1 << 30),
            admin_reserve: 8 << 20,
            user_reserve: 128 << 20,
            memory_and_swap: Some(1 << 40),
            total: Some(1 << 40),
            available: Some(1 << 39),
            groups: vec![group("/sys/fs/cgroup/memory/a", None, 1 << 20)],
        },
        sockets: SocketReadings {
            nofile: RlimitReading {
                soft: Some(1_000_000),
                hard: Some(1_000_000),
            },
            client_files: Some(5),
            server_files: Some(14),
            nr_open: Some(1 << 20),
            file_max: Some(10_000_000),
            files: Some(1_000),
            files_exempt: None,
            port_range: Some((1024, 65_535)),
            reserved_ports: 0,
            ports_in_use: Some(1),
            somaxconn: Some(4096),
            tcp_mem: Some(500_000),
            conntrack_max: Some(1_000_000),
            conntrack: Some(0),
        },
    }
}

fn group(path: &str, max: Option<u64>, in_use: u64) -> GroupReading {
    GroupReading {
        path: path.to_owned(),
        max,
        in_use: Some(in_use),
    }
}

/// What binds, and how many it allows, in a machine that is `narrowed`.
fn binds(kind: CeilingKind, narrow: impl FnOnce(&mut Readings)) -> (L, u64) {
    let mut readings = roomy();
    narrow(&mut readings);
    let all = limits(kind, &readings, STACK);
    let outlook = weigh(&all, 0, None);
    (all[outlook.binds.unwrap()].name, outlook.very_end.unwrap())
}

#[test]
fn each_limit_of_tasks_binds_when_it_is_the_lowest() {
    for kind in [Thread, Process] {
        let by = |narrow: fn(&mut Readings)| binds(kind, narrow);
        assert_eq!(
            by(|r| r.tasks.nproc.soft = Some(500)),
            (L::Nproc, 490),
            "{kind}"
        );
        assert_eq!(
            by(|r| r.tasks.groups[0].max = Some(200)),
            (L::PidsMax, 188),
            "{kind}"
        );
        assert_eq!(
            by(|r| r.tasks.threads_max = Some(1_000)),
            (L::ThreadsMax, 900),
            "{kind}"
        );
        assert_eq!(
            by(|r| r.tasks.pid_max = Some(32_768)),
            (L::PidMax, 32_768 - 300 - 80),
            "{kind}"
        );
        let lean = |r: &mut Readings| r.memory.available = Some(0);
        assert_eq!(binds(kind, lean), (L::Memory, 0), "{kind}");
        let (name, _) = by(|r| r.memory.groups[0].max = Some(100 << 20));
        assert_eq!(name, L::MemoryMax, "{kind}");
    }
}

#[test]
fn every_ancestor_counts() {
    let outer = |r: &mut Readings| {
        r.tasks.groups[0].max = Some(200);
        r.tasks
            .groups
            .push(group("/sys/fs/cgroup/pids", Some(150), 100));
    };
    assert_eq!(binds(Process, outer), (L::PidsMax, 50));
}

#[test]
fn each_limit_of_mappings_binds_when_it_is_the_lowest() {
    let by = |narrow: fn(&mut Readings)| binds(Thread, narrow);
    assert_eq!(
        by(|r| r.space.max_map_count = Some(65_530)),
        (L::MaxMapCount, (65_530 - 60) / 2)
    );
    assert_eq!(
        by(|r| r.space.address_limit.soft = Some(1 << 30)),
        (
            L::AddressSpaceLimit,
            ((1 << 30) - (20 << 20)) / (STACK + 4096 + 304)
        )
    );
    assert_eq!(
        by(|r| r.space.data_limit.soft = Some(1 << 30)),
        (L::Data, ((1 << 30) - (1 << 20)) / (STACK + 304))
    );
    assert_eq!(
        by(|r| r.space.addressable = Some(1 << 32)).0,
        L::AddressSpace
    );
    assert_eq!(
        by(|r| r.memory.memory_and_swap = Some(1 << 20)),
        (L::Overcommit, 0)
    );
    let shared = |r: &mut Readings| {
        r.space.guard_is_mapping = false;
        r.space.max_map_count = Some(65_530);
    };
    assert_ne!(binds(Thread, shared).0, L::MaxMapCount);
}

/// Mode 2, as Linux 6.18 reckons it: 1 GiB may be promised, 100 MiB are.
#[test]
fn promises_are_kept_in_mode_2() {
    let strict = |r: &mut Readings| {
        r.memory.overcommit = Some(2);
        r.memory.commit_limit = Some(1 << 30);
        r.memory.committed = Some(100 << 20);
    };
    let (name, allows) = binds(Thread, strict);
    assert_eq!(name, L::CommitLimit);
    // The promise of n stacks and the 32nd of the process's mappings that is
    // kept for others are within what is left; those of n + 1 are not.
    let left = (1024 - 100 - 8) << 20;
    let each = STACK + 304;
    let need = |n: u64| n * each + ((20 << 20) + n * each) / 32;
    assert!(need(allows) <= left && need(allows + 1) > left, "{allows}");
    let mut readings = roomy();
    strict(&mut readings);
    let all = limits(Thread, &readings, STACK);
    let row = all.iter().find(|l| l.name == L::CommitLimit).unwrap();
    assert!(row.note.as_ref().unwrap().contains("keeps for root"));
    assert_eq!(
        binds(Process, strict),
        // A fork is promised all that its parent may write, shared or not.
        (L::CommitLimit, ((1024 - 100 - 8) - 1) / 3)
    );
}

#[test]
fn each_limit_of_connections_binds_when_it_is_the_lowest() {
    let by = |narrow: fn(&mut Readings)| binds(Connection, narrow);
    assert_eq!(
        by(|r| r.sockets.nofile.soft = Some(1024)),
        (L::Nofile, 1010)
    );
    assert_eq!(
        by(|r| r.sockets.port_range = Some((32_768, 60_999))),
        (L::PortRange, 28_231)
    );
    assert_eq!(
        by(|r| r.sockets.file_max = Some(2_000)),
        (L::FileMax, 500),
        "both ends are files"
    );
    assert_eq!(
        by(|r| r.sockets.conntrack_max = Some(1_000)),
        (L::ConntrackMax, 1_000)
    );
}

/// A server under the same limits takes its heap from them: an estimate, of
/// which no reserve is kept.
#[test]
fn a_servers_memory_bounds_its_connections() {
    let small = |r: &mut Readings| r.space.address_limit.soft = Some(40 << 20);
    let (name, allows) = binds(Connection, small);
    assert_eq!(name, L::AddressSpaceLimit);
    let mut readings = roomy();
    small(&mut readings);
    let all = limits(Connection, &readings, 0);
    assert_eq!(weigh(&all, 5, None).predicted, Some(allows));
    assert_eq!(
        binds(Connection, |r| r.space.data_limit.soft = Some(2 << 20)).0,
        L::Data
    );
}

#[test]
fn who_is_exempt_is_not_bound() {
    let root = |r: &mut Readings| {
        r.tasks.nproc.soft = Some(5);
        r.tasks.nproc_exempt = Some("root is exempt from this limit");
        r.tasks.threads_max = Some(1_000);
    };
    assert_eq!(binds(Thread, root).0, L::ThreadsMax);
    let admin = |r: &mut Readings| {
        r.sockets.file_max = Some(5);
        r.sockets.files_exempt = Some("CAP_SYS_ADMIN exempts");
        r.sockets.port_range = Some((40_000, 40_099));
    };
    assert_eq!(binds(Connection, admin).0, L::PortRange);
}

/// In a fresh pid namespace the numbers below 300 are still to be given.
#[test]
fn the_first_numbers_are_given_once() {
    let fresh = |r: &mut Readings| {
        r.tasks.pid_max = Some(1_000);
        r.tasks.first_pid = 4;
        r.tasks.pids_in_use = Some(0);
    };
    assert_eq!(binds(Process, fresh), (L::PidMax, 996));
}

#[test]
fn the_reserve_is_kept_of_what_all_share() {
    let mut readings = roomy();
    readings.tasks.pid_max = Some(10_380);
    let all = limits(Thread, &readings, STACK);
    let outlook = weigh(&all, 5, None);
    assert_eq!(
        (outlook.very_end, outlook.predicted, outlook.cap),
        (Some(10_000), Some(9_500), Some(9_500))
    );
    let stopped = weigh(&all, 5, Some(70));
    assert_eq!((stopped.predicted, stopped.goal), (Some(9_500), Some(70)));
    assert_eq!(weigh(&all, 0, None).cap, None, "to the very end");
    assert_eq!(weigh(&all, 5, Some(70)).cap, Some(70));
    // A user's own limit is used up: the refusal is what is looked for.
    readings.tasks.nproc.soft = Some(510);
    let all = limits(Thread, &readings, STACK);
    assert_eq!(weigh(&all, 5, None).goal, Some(500));
}

#[test]
fn memory_keeps_its_reserve_but_caps_nothing() {
    let mut readings = roomy();
    readings.memory.groups[0].max = Some(101 << 20);
    let all = limits(Process, &readings, STACK);
    let outlook = weigh(&all, 10, None);
    let end = outlook.very_end.unwrap();
    assert_eq!(outlook.predicted, Some(end - end.div_ceil(10)));
    assert!(outlook.cap > outlook.very_end);
}

#[test]
fn nothing_readable_promises_nothing() {
    for kind in CeilingKind::ALL {
        let all = limits(kind, &Readings::default(), STACK);
        let outlook = weigh(&all, 5, None);
        assert_eq!((outlook.binds, outlook.goal), (None, None), "{kind}");
    }
}

/// What is blamed for a refusal, after the limits at the top.
fn blame_on(
    kind: CeilingKind,
    call: Call,
    errno: i32,
    narrow: fn(&mut Readings),
) -> Result<(L, Scope), Blame> {
    let mut readings = roomy();
    narrow(&mut readings);
    let all = limits(kind, &readings, STACK);
    let refusal = Refusal { call, errno };
    match blame(kind, refusal, &all, 1_000) {
        Blame::Limit(at) => Ok((all[at].name, all[at].scope)),
        nobody => Err(nobody),
    }
}

#[test]
fn a_refusal_is_blamed_on_what_can_refuse_it() {
    let full = |r: &mut Readings| {
        r.tasks.groups[0].max = Some(12);
        r.space.max_map_count = Some(61);
        r.memory.available = Some(0);
    };
    let of = |kind, call, errno| blame_on(kind, call, errno, full).map(|(name, _)| name);
    assert_eq!(of(Thread, Call::Clone, libc::EAGAIN), Ok(L::PidsMax));
    assert_eq!(of(Thread, Call::Mmap, libc::ENOMEM), Ok(L::MaxMapCount));
    assert_eq!(of(Process, Call::Fork, libc::ENOMEM), Ok(L::Memory));
    assert_eq!(of(Connection, Call::Socket, libc::ENOBUFS), Ok(L::Memory));
    assert_eq!(
        of(Connection, Call::Answer, libc::ECONNRESET),
        Ok(L::Memory)
    );
}

/// Where an error has one reason only, it needs no reading: with the last file
/// taken none could be had.
#[test]
fn an_error_of_one_limit_is_blamed_on_it() {
    let unread = |r: &mut Readings| r.sockets = SocketReadings::default();
    let of = |call, errno| blame_on(Connection, call, errno, unread);
    let system = Ok((L::FileMax, Scope::System));
    assert_eq!(of(Call::Socket, libc::ENFILE), system);
    assert_eq!(of(Call::Accept, libc::ENFILE), system);
    let nofile = |scope| Ok((L::Nofile, scope));
    assert_eq!(of(Call::Socket, libc::EMFILE), nofile(Scope::Client));
    assert_eq!(of(Call::Accept, libc::EMFILE), nofile(Scope::Server));
    let ports = Ok((L::PortRange, Scope::Address));
    assert_eq!(of(Call::Connect, libc::EADDRNOTAVAIL), ports);
}

/// With gigabytes free, memory is not what has ended a connection.
#[test]
fn an_estimate_is_blamed_when_it_is_nearly_used_up() {
    let reset = |narrow| blame_on(Connection, Call::Answer, libc::ECONNRESET, narrow);
    assert_eq!(reset(|_| ()), Err(Blame::Unread));
    let nearly = |r: &mut Readings| r.space.address_limit.soft = Some((20 << 20) + 400_000);
    let server = Ok((L::AddressSpaceLimit, Scope::Server));
    assert_eq!(reset(nearly), server);
    let data = |r: &mut Readings| r.space.data_limit.soft = Some(2 << 20);
    assert_eq!(reset(data), Err(Blame::Unread), "476 more would fit");
    let gone = |r: &mut Readings| {
        r.space.data_limit.soft = Some(2 << 20);
        r.space = r.space.clone().with_connections(400);
    };
    assert_eq!(reset(gone), Ok((L::Data, Scope::Server)));
}

#[test]
fn a_call_is_called_by_its_name() {
    let all = [
        (Call::Mmap, "mmap"),
        (Call::Clone, "clone"),
        (Call::Fork, "fork"),
        (Call::Socket, "socket"),
        (Call::Connect, "connect"),
        (Call::Accept, "accept"),
        (Call::Answer, "recv"),
    ];
    for (call, name) in all {
        assert_eq!(call.name(), name);
    }
}

/// What is full forgets a segment; memory that is gone says so, or ends the server.
#[test]
fn a_client_waits_in_vain_for_what_was_forgotten() {
    let forgets = |r: &mut Readings| {
        r.sockets.conntrack_max = Some(1_000);
        r.sockets.conntrack = Some(1_000);
        r.memory.available = Some(0);
    };
    let of = |call, errno| blame_on(Connection, call, errno, forgets).map(|(name, _)| name);
    for waits in [libc::ETIMEDOUT, libc::EINPROGRESS] {
        assert_eq!(of(Call::Connect, waits), Ok(L::ConntrackMax));
        assert_eq!(of(Call::Answer, waits), Ok(L::ConntrackMax));
        assert_eq!(of(Call::Socket, waits), Err(Blame::Unread));
    }
    assert_eq!(of(Call::Connect, libc::ENOBUFS), Ok(L::Memory));
    assert_eq!(of(Call::Answer, libc::EPIPE), Ok(L::Memory));
    // No server is asked for a socket, or has ended by then.
    assert_eq!(of(Call::Socket, libc::ECONNRESET), Err(Blame::Other));
}

#[test]
fn a_promise_is_what_refuses_a_process_and_no_thread_s_stack() {
    let promised = |r: &mut Readings| {
        r.memory.overcommit = Some(2);
        r.memory.commit_limit = Some(1 << 30);
        r.memory.committed = Some(1 << 30);
    };
    let of = |kind, call| blame_on(kind, call, libc::ENOMEM, promised).map(|(name, _)| name);
    assert_eq!(of(Process, Call::Fork), Ok(L::CommitLimit));
    assert_eq!(of(Thread, Call::Clone), Err(Blame::Unread));
    assert_eq!(of(Thread, Call::Mmap), Ok(L::CommitLimit));
}

/// Others begin and end tasks while limits are read: of 1,000 that were reached, ten.
#[test]
fn a_hundredth_may_have_been_given_back_meanwhile() {
    let blamed = |left: u64, reached: u64| {
        let mut readings = roomy();
        readings.tasks.groups[0].max = Some(12 + left);
        let all = limits(Thread, &readings, STACK);
        let refusal = Refusal {
            call: Call::Clone,
            errno: libc::EAGAIN,
        };
        blame(Thread, refusal, &all, reached) != Blame::Unread
    };
    assert!(blamed(10, 1_000) && !blamed(11, 1_000));
    assert!(blamed(3, 50) && !blamed(4, 50), "three at least");
}

#[test]
fn what_no_limit_says_is_blamed_on_none() {
    for errno in [libc::ENETUNREACH, libc::EACCES, libc::EHOSTUNREACH] {
        let lean = |r: &mut Readings| r.memory.available = Some(0);
        assert_eq!(
            blame_on(Connection, Call::Connect, errno, lean),
            Err(Blame::Other)
        );
    }
}

#[test]
fn a_refusal_with_room_everywhere_is_not_explained() {
    let some = |r: &mut Readings| r.tasks.nproc.soft = Some(5_000);
    assert_eq!(
        blame_on(Process, Call::Fork, libc::EAGAIN, some),
        Err(Blame::Unread)
    );
}

/// `RLIMIT_NPROC` counts tasks that cannot be seen from a pid or user namespace.
#[test]
fn of_what_is_hidden_the_limit_that_counts_it_is_the_suspect() {
    let hidden = |r: &mut Readings| {
        r.tasks.nproc.soft = Some(5_000);
        r.tasks.of_user_is_all = false;
    };
    let at = |call, errno| blame_on(Process, call, errno, hidden);
    let mut readings = roomy();
    hidden(&mut readings);
    let all = limits(Process, &readings, STACK);
    let nproc = all.iter().position(|l| l.name == L::Nproc).unwrap();
    assert!(all[nproc].in_use_at_least && all[nproc].note.is_some());
    assert_eq!(at(Call::Fork, libc::EAGAIN), Err(Blame::Suspect(nproc)));
    assert_eq!(at(Call::Fork, libc::ENOMEM), Err(Blame::Unread));
    // One that was seen to be used up is to blame.
    let full = |r: &mut Readings| {
        r.tasks.of_user_is_all = false;
        r.tasks.groups[0].max = Some(12);
    };
    let blamed = blame_on(Process, Call::Fork, libc::EAGAIN, full);
    assert_eq!(blamed, Ok((L::PidsMax, Scope::Cgroup)));
    // Whom it does not bound, it does not stop.
    let exempt = |r: &mut Readings| {
        r.tasks.of_user_is_all = false;
        r.tasks.nproc_exempt = Some("root is exempt from this limit");
    };
    let blamed = blame_on(Process, Call::Fork, libc::EAGAIN, exempt);
    assert_eq!(blamed, Err(Blame::Unread));
}

/// Two searches that see the same 10,000 leave the reserve of 500 together, but
/// for the tenth that is left to what comes and goes.
#[test]
fn what_others_create_is_kept_from_the_reserve() {
    let mut readings = roomy();
    readings.tasks.pid_max = Some(10_380);
    readings.tasks.threads_max = Some(20_100);
    let all = limits(Thread, &readings, STACK);
    assert_eq!(growth(&all, 5, true), Some(9_550));
    assert!(growth(&all, 5, true) >= weigh(&all, 5, None).cap);
    // Their numbers are not of this namespace.
    assert_eq!(growth(&all, 5, false), Some(20_000 - 900));
    assert_eq!(growth(&all, 0, true), None, "to the very end");
    assert_eq!(growth(&limits(Connection, &readings, 0), 5, true), None);
}

#[test]
fn remedies_name_the_limit_and_its_place() {
    let mut readings = roomy();
    readings.tasks.nproc = RlimitReading {
        soft: Some(500),
        hard: Some(700),
    };
    readings.tasks.pid_max = Some(3 << 20);
    readings.tasks.groups = vec![
        group("/sys/fs/cgroup/pids/a", Some(100), 1),
        group("/sys/fs/cgroup/user.slice/user-7.slice", Some(100), 1),
    ];
    readings.memory.groups[0].max = Some(1 << 30);
    let of = |kind, name| {
        let all = limits(kind, &readings, STACK);
        let each = all.iter().filter(|l| l.name == name);
        let command = |l| remedy(kind, l, &readings).command.unwrap();
        each.map(command).collect::<Vec<_>>()
    };
    assert_eq!(of(Thread, L::Nproc), ["ulimit -Su 700"]);
    assert_eq!(
        of(Thread, L::PidsMax),
        [
            "echo max | sudo tee /sys/fs/cgroup/pids/a/pids.max",
            "sudo systemctl set-property --runtime user-7.slice TasksMax=infinity"
        ]
    );
    assert_eq!(
        of(Thread, L::MemoryMax),
        ["echo -1 | sudo tee /sys/fs/cgroup/memory/a/memory.limit_in_bytes"]
    );
    assert_eq!(
        of(Thread, L::PidMax),
        ["sudo sysctl kernel.pid_max=4194304"]
    );
    for kind in CeilingKind::ALL {
        for limit in limits(kind, &readings, STACK) {
            let Remedy { command, advice } = remedy(kind, &limit, &readings);
            assert!(command.is_some() || advice.is_some(), "{limit:?}");
        }
    }
}

/// What a remedy is for one limit of a kind.
fn remedy_of(kind: CeilingKind, name: L, narrow: impl FnOnce(&mut Readings)) -> Remedy {
    let mut readings = roomy();
    narrow(&mut readings);
    let all = limits(kind, &readings, STACK);
    remedy(
        kind,
        all.iter().find(|l| l.name == name).unwrap(),
        &readings,
    )
}

#[test]
fn a_remedy_is_a_command_and_raises() {
    let command = |kind, name, narrow: fn(&mut Readings)| remedy_of(kind, name, narrow).command;
    let some = |text: &str| Some(text.to_owned());
    let both = |soft, hard| RlimitReading {
        soft: Some(soft),
        hard: Some(hard),
    };
    // With all that there may be in use, twice as much is not enough.
    let full = |hard| {
        move |r: &mut Readings| {
            r.tasks.nproc = both(2, hard);
            r.tasks.of_user = Some(10);
        }
    };
    let of_user = |hard| remedy_of(Thread, L::Nproc, full(hard)).command;
    assert_eq!(of_user(2), some("sudo prlimit --pid $$ --nproc=1010:1010"));
    assert_eq!(of_user(5), some("sudo prlimit --pid $$ --nproc=1010:1010"));
    assert_eq!(of_user(90), some("ulimit -Su 90"));
    // Nobody has more descriptors than fs.nr_open.
    let files = |hard: u64, most: u64| {
        let narrow = |r: &mut Readings| {
            r.sockets.nofile = both(hard, hard);
            r.sockets.nr_open = Some(most);
        };
        remedy_of(Connection, L::Nofile, narrow).command.unwrap()
    };
    assert_eq!(
        files(500, 9_000),
        "sudo prlimit --pid $$ --nofile=1005:1005"
    );
    assert_eq!(
        files(8_000, 9_000),
        "sudo prlimit --pid $$ --nofile=9000:9000"
    );
    assert_eq!(
        files(9_000, 9_000),
        "sudo sysctl fs.nr_open=18000 && sudo prlimit --pid $$ --nofile=18000:18000"
    );
    let all = remedy_of(Connection, L::PortRange, |_| ());
    assert_eq!(all.command, None, "no port is left to be added");
    assert!(all.advice.is_some());
    assert_eq!(
        command(Connection, L::PortRange, |r| r.sockets.reserved_ports = 7),
        some("echo | sudo tee /proc/sys/net/ipv4/ip_local_reserved_ports")
    );
    assert_eq!(
        command(Connection, L::PortRange, |r| {
            r.sockets.port_range = Some((32_768, 60_999));
        }),
        some("sudo sysctl net.ipv4.ip_local_port_range='1024 65535'")
    );
    assert_eq!(
        command(Thread, L::Overcommit, |_| ()),
        some("sudo sysctl vm.overcommit_memory=1")
    );
    assert_eq!(
        command(Thread, L::PidMax, |_| ()),
        None,
        "the highest there is"
    );
}

/// A range is the widest where neither end can be moved.
#[test]
fn both_ends_of_the_port_range_can_be_moved() {
    let by = |low, high| {
        let range = |r: &mut Readings| r.sockets.port_range = Some((low, high));
        remedy_of(Connection, L::PortRange, range).command.is_some()
    };
    assert!(!by(1024, 65_535));
    assert!(by(1025, 65_535) && by(1024, 65_534));
}

/// Only version 1 of control groups has a folder of memory, with a file of its own.
#[test]
fn a_group_s_memory_has_another_file_in_version_1() {
    let of = |path: &'static str| {
        let narrow = |r: &mut Readings| r.memory.groups = vec![group(path, Some(1 << 30), 1)];
        remedy_of(Thread, L::MemoryMax, narrow).command.unwrap()
    };
    assert_eq!(
        of("/sys/fs/cgroup/memory/a"),
        "echo -1 | sudo tee /sys/fs/cgroup/memory/a/memory.limit_in_bytes"
    );
    assert_eq!(
        of("/sys/fs/cgroup/a"),
        "echo max | sudo tee /sys/fs/cgroup/a/memory.max"
    );
    let tasks = |r: &mut Readings| r.tasks.groups = vec![group("/memory/pids/a", Some(9), 1)];
    assert_eq!(
        remedy_of(Thread, L::PidsMax, tasks).command.unwrap(),
        "echo max | sudo tee /memory/pids/a/pids.max"
    );
}

/// The row of the policy tells the policy, not the memory.
#[test]
fn the_heuristic_is_told_by_its_number() {
    let all = limits(Thread, &roomy(), STACK);
    let row = all.iter().find(|l| l.name == L::Overcommit).unwrap();
    assert_eq!((row.value, row.allows), (Some(0), None));
    assert!(row.note.as_ref().unwrap().contains("1.10 TB"), "{row:?}");
    let stacks_of = |memory_and_swap| {
        let mut readings = roomy();
        readings.memory.memory_and_swap = Some(memory_and_swap);
        let all = limits(Thread, &readings, STACK);
        let row = all.iter().find(|l| l.name == L::Overcommit).unwrap();
        row.allows
    };
    assert_eq!(stacks_of(STACK), None, "as large as memory is not larger");
    assert_eq!(stacks_of(STACK - 1), Some(0));
}

fn some_limit() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), (0u64..1 << 50).prop_map(Some)]
}

prop_compose! {
    fn some_readings()(
        nproc in some_limit(), of_user in some_limit(), pids in some_limit(),
        threads in some_limit(), of_system in some_limit(), pid_max in some_limit(),
        maps in some_limit(), space in some_limit(), data in some_limit(),
        commit in some_limit(), mode in 0u64..3,
    ) -> Readings {
        let mut readings = roomy();
        readings.tasks.nproc.soft = nproc;
        readings.tasks.of_user = of_user;
        readings.tasks.groups[0].max = pids;
        readings.tasks.threads_max = threads;
        readings.tasks.of_system = of_system;
        readings.tasks.pid_max = pid_max;
        readings.space.max_map_count = maps;
        readings.space.address_limit.soft = space;
        readings.space.data_limit.soft = data;
        readings.memory.commit_limit = commit;
        readings.memory.overcommit = Some(mode);
        readings
    }
}

proptest! {
    /// The very end is the least that any limit allows, what is predicted is
    /// never more, and a higher reserve never gives more.
    #[test]
    fn the_least_binds(readings in some_readings(), reserve in 0u64..=100,
                       max in proptest::option::of(1u64..100_000), stack in 1u64<<14..1<<40) {
        for kind in CeilingKind::ALL {
            let all = limits(kind, &readings, stack);
            let outlook = weigh(&all, reserve, max);
            let least = all.iter().filter_map(|l| l.allows).min();
            prop_assert_eq!(outlook.very_end, least);
            prop_assert!(outlook.predicted <= least);
            prop_assert_eq!(outlook.binds.and_then(|at| all[at].allows), least);
            prop_assert!(outlook.goal <= least.or(max));
            let stricter = weigh(&all, 100, max);
            prop_assert!(stricter.goal <= outlook.goal);
            if let (Some(cap), Some(max)) = (outlook.cap, max) {
                prop_assert!(cap <= max);
            }
        }
    }

    /// One more than is allowed would not fit.
    #[test]
    fn what_is_allowed_fits_and_one_more_does_not(readings in some_readings()) {
        for kind in CeilingKind::ALL {
            for limit in limits(kind, &readings, STACK) {
                let plain = !matches!(limit.name, L::PidMax | L::CommitLimit | L::Overcommit);
                if let (true, Some(value), Some(used), Some(each), Some(n)) =
                    (plain, limit.value, limit.in_use, limit.each, limit.allows)
                {
                    prop_assert!(n == 0 || used + n * each <= value, "{limit:?}");
                    prop_assert!(used + (n + 1) * each > value, "{limit:?}");
                }
            }
        }
    }
}
