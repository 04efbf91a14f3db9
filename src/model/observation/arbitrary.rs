//! Any header and any facts, for tests: mostly such as belong together, and
//! some at the ends of what their types can hold.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{
    Endpoint, Environment, Exit, FlowChoice, LimitName, Outcome, Pid, Provenance, Rate,
    ServerModel, SideCost, StopReason, Strategy as Way, Tid, Timestamp, Tool, WorkerId,
};

fn side() -> BoxedStrategy<Side> {
    select(vec![Side::Client, Side::Server]).boxed()
}

fn time() -> BoxedStrategy<Timestamp> {
    let near = (0i64..100).prop_map(|n| 1_700_000_000_000_000_000 + n * 1000);
    prop_oneof![8 => near, 1 => any::<i64>(), 1 => select(vec![i64::MIN, 0, i64::MAX])]
        .prop_map(Timestamp::from_nanos)
        .boxed()
}

fn nanos() -> BoxedStrategy<Nanos> {
    prop_oneof![0i64..1000, any::<i64>()]
        .prop_map(Nanos::new)
        .boxed()
}

fn count() -> BoxedStrategy<u64> {
    prop_oneof![6 => 0u64..10, 1 => any::<u64>(), 1 => Just(u64::MAX)].boxed()
}

fn id() -> BoxedStrategy<u32> {
    prop_oneof![8 => 10u32..16, 1 => any::<u32>()].boxed()
}

fn pid() -> BoxedStrategy<Pid> {
    id().prop_map(Pid).boxed()
}

fn tid() -> BoxedStrategy<Tid> {
    id().prop_map(Tid).boxed()
}

fn endpoint() -> BoxedStrategy<Endpoint> {
    let ip = prop_oneof![
        6 => Just(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        1 => Just(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        1 => Just(IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped())),
        1 => any::<u32>().prop_map(|n| IpAddr::V4(n.into())),
        1 => any::<u128>().prop_map(|n| IpAddr::V6(Ipv6Addr::from(n))),
    ];
    let port = prop_oneof![Just(45_000u16), 50_000u16..50_004, any::<u16>()];
    (ip, port)
        .prop_map(|(ip, port)| Endpoint { ip, port })
        .boxed()
}

fn text() -> BoxedStrategy<String> {
    let odd = select(vec!["", "\u{1b}[31m", "\"\\\n\0", "…", "{", "0"]).prop_map(str::to_owned);
    prop_oneof!["[a-z]{1,8}", odd, any::<String>()].boxed()
}

fn exit() -> BoxedStrategy<Exit> {
    let number = prop_oneof![0i32..16, any::<i32>()];
    (any::<bool>(), number)
        .prop_map(|(code, n)| if code { Exit::Code(n) } else { Exit::Signal(n) })
        .boxed()
}

fn socket() -> BoxedStrategy<SocketId> {
    prop_oneof![8 => 1u64..6, 1 => any::<u64>()]
        .prop_map(SocketId)
        .boxed()
}

fn change() -> BoxedStrategy<Change> {
    let name = || text().prop_map(String::into_boxed_str);
    let errno = option::of(prop_oneof![
        select(vec![0, 4, 106, 111, 114, 115]),
        any::<i32>()
    ]);
    prop_oneof![
        (any::<bool>(), option::of(pid()))
            .prop_map(|(process, parent)| Change::Started { process, parent }),
        any::<bool>().prop_map(|process| Change::Found { process }),
        (tid(), name(), any::<[bool; 2]>(), option::of(count())).prop_map(
            |(former, name, [unprivileged, foreign], sockets)| Change::Executed {
                former,
                name,
                unprivileged,
                foreign,
                sockets
            }
        ),
        name().prop_map(|name| Change::Named { name }),
        Just(Change::ExitBegun),
        exit().prop_map(Change::Ended),
        Just(Change::ThreadExiting),
        endpoint().prop_map(|local| Change::Listening { local }),
        (
            option::of(socket()),
            endpoint(),
            time(),
            option::of(endpoint()),
            errno
        )
            .prop_map(|(socket, target, from, local, errno)| Change::Connected {
                socket,
                target,
                from,
                local,
                errno
            }),
        (endpoint(), any::<i32>())
            .prop_map(|(target, errno)| Change::ConnectedElsewhere { target, errno }),
        (socket(), endpoint(), option::of(endpoint())).prop_map(|(socket, peer, local)| {
            Change::Accepted {
                socket,
                peer,
                local,
            }
        }),
        (socket(), option::of(any::<i64>()), option::of(any::<u64>())).prop_map(
            |(socket, result, byte)| Change::Received {
                socket,
                result,
                byte
            }
        ),
        (socket(), option::of(any::<u64>()))
            .prop_map(|(socket, byte)| Change::ReceivedElsewhere { socket, byte }),
        (socket(), endpoint(), option::of(endpoint())).prop_map(|(socket, peer, local)| {
            Change::TakenOver {
                socket,
                peer,
                local,
            }
        }),
        (socket(), option::of(time())).prop_map(|(socket, from)| Change::Sent { socket, from }),
        (socket(), any::<i32>()).prop_map(|(socket, errno)| Change::Settled { socket, errno }),
        socket().prop_map(|socket| Change::Closed { socket }),
        socket().prop_map(|socket| Change::Deferred { socket }),
        socket().prop_map(|socket| Change::Disconnected { socket }),
        Just(Change::Alone),
        Just(Change::Accompanied),
        (socket(), any::<bool>(), any::<bool>()).prop_map(|(socket, received, sent)| {
            Change::Shared {
                socket,
                received,
                sent,
            }
        }),
        Just(Change::CalledPtrace),
        (name(), any::<i32>(), any::<bool>(), any::<bool>()).prop_map(
            |(call, errno, of_all, found)| Change::LookRefused {
                call,
                errno,
                of_all,
                found,
            }
        ),
        Just(Change::SetUpRing),
        Just(Change::Supervised),
        Just(Change::StrictRefused),
    ]
    .boxed()
}

fn event() -> BoxedStrategy<Event> {
    (time(), pid(), tid(), change())
        .prop_map(|(at, pid, tid, what)| Event { at, pid, tid, what })
        .boxed()
}

pub(crate) fn task() -> BoxedStrategy<TaskNote> {
    let ids = option::of((pid(), tid()));
    (any::<bool>(), ids, time(), option::of(time()))
        .prop_map(|(process, ids, started, ended)| TaskNote {
            process,
            ids,
            started,
            ended,
        })
        .boxed()
}

pub(crate) fn request() -> BoxedStrategy<RequestNote> {
    let taken = option::of((id().prop_map(WorkerId), pid(), tid()));
    let time = || option::of(time());
    let got = option::of(text().prop_map(String::into_boxed_str));
    let times = (time(), time(), time(), time());
    let outcome = select(Outcome::ALL.to_vec());
    let errno = prop_oneof![Just(0u16), any::<u16>()];
    (
        count(),
        taken,
        times,
        option::of(endpoint()),
        outcome,
        errno,
        got,
    )
        .prop_map(
            |(number, taken_by, times, client, outcome, errno, got)| RequestNote {
                number,
                taken_by,
                started: times.0,
                connect: times.1,
                connected: times.2,
                ended: times.3,
                client,
                outcome,
                errno,
                got,
            },
        )
        .boxed()
}

pub(crate) fn connection() -> BoxedStrategy<ConnectionNote> {
    let who = || (pid(), tid());
    let times = (time(), option::of(time()), option::of(time()));
    (endpoint(), times, who(), option::of(who()))
        .prop_map(|(client, times, accepted_by, served_by)| ConnectionNote {
            client,
            accepted: times.0,
            accepted_by,
            served: times.1,
            served_by,
            closed: times.2,
        })
        .boxed()
}

fn sample() -> BoxedStrategy<Sample> {
    (time(), option::of(count()), option::of(count()))
        .prop_map(|(at, threads, processes)| Sample {
            at,
            threads,
            processes,
        })
        .boxed()
}

fn started() -> BoxedStrategy<SideStarted> {
    let observer = select(vec![
        ObserverName::Ledger,
        ObserverName::Ptrace,
        ObserverName::Ptrace,
        ObserverName::Proc,
        ObserverName::Nobody,
    ]);
    let provenance = option::of(select(vec![Provenance::Traced, Provenance::Sampled]));
    let command = option::of(vec(text(), 0..3));
    (observer, provenance, command, pid(), time())
        .prop_map(|(observer, provenance, command, root, at)| SideStarted {
            observer,
            provenance,
            command,
            root,
            at,
        })
        .boxed()
}

fn ended() -> BoxedStrategy<SideEnded> {
    let flags = (any::<bool>(), any::<bool>());
    (
        time(),
        option::of(exit()),
        flags,
        option::of(time()),
        count(),
    )
        .prop_map(|(at, exit, flags, asked_at, left_behind)| SideEnded {
            at,
            exit,
            asked_to_end: flags.0,
            asked_at,
            went_on: flags.1,
            left_behind,
        })
        .boxed()
}

fn totals() -> BoxedStrategy<OwnTotals> {
    let time = || option::of(time());
    let kept = (count(), count());
    let refusal = (option::of(any::<i32>()), option::of(count()));
    (
        (time(), time(), time()),
        (count(), count(), count()),
        kept,
        refusal,
    )
        .prop_map(|(times, counts, kept, refusal)| OwnTotals {
            first: times.0,
            first_due: times.0.filter(|_| counts.0 % 2 == 0),
            ready: times.1,
            after: times.2,
            refused_tasks: counts.0,
            kept_tasks: kept.0,
            kept_memory: kept.1,
            refused_descriptors: counts.1,
            refusal_errno: refusal.0,
            most_descriptors: refusal.1,
            unrecorded: counts.2,
        })
        .boxed()
}

fn wire() -> BoxedStrategy<WireFacts> {
    let stop = select(vec![
        StopReason::Drained,
        StopReason::Timeout,
        StopReason::Left,
        StopReason::Fault,
    ]);
    let counts = (count(), count(), option::of(count()), option::of(count()));
    (text(), text(), counts, stop, option::of(nanos()))
        .prop_map(
            |(link_type, filter, counts, stop_reason, cpu_ns)| WireFacts {
                files: Vec::new(),
                link_type,
                filter,
                frames: counts.0,
                bytes: counts.1,
                dropped_by_kernel: counts.2,
                dropped_by_interface: counts.3,
                stop_reason,
                cpu_ns,
            },
        )
        .boxed()
}

fn trouble() -> BoxedStrategy<Trouble> {
    prop_oneof![
        (side(), text(), text()).prop_map(|(side, error, remedy)| Trouble::NotTraced {
            side,
            error,
            remedy
        }),
        text().prop_map(|error| Trouble::CaptureFailed { error }),
        nanos().prop_map(|by_ns| Trouble::ClockSet { by_ns }),
        (text(), count()).prop_map(|(error, frames)| Trouble::CaptureNotSaved { error, frames }),
        (side(), text(), text()).prop_map(|(side, error, remedy)| Trouble::NotStarted {
            side,
            error,
            remedy,
        }),
        (
            option::of(any::<u16>()),
            option::of(nanos()),
            option::of(any::<u16>()),
            option::of(text()),
            option::of(text())
        )
            .prop_map(
                |(port, waited_ns, instead, held, said)| Trouble::NotListening {
                    port,
                    waited_ns,
                    instead,
                    held,
                    said,
                }
            ),
        (side(), count(), count()).prop_map(|(side, printed_bytes, limit_bytes)| {
            Trouble::LogCut {
                side,
                printed_bytes,
                limit_bytes,
            }
        }),
        (side(), text(), count()).prop_map(|(side, error, saved_bytes)| Trouble::LogNotSaved {
            side,
            error,
            saved_bytes
        }),
    ]
    .boxed()
}

fn end() -> BoxedStrategy<Fact> {
    let end = select(vec![
        End::Complete,
        End::TimeLimit,
        End::Interrupted,
        End::Fault,
    ]);
    (end, time(), time(), time(), time())
        .prop_map(
            |(end, client_started, client_ended, at_rest, over)| Fact::End {
                end,
                moments: Moments {
                    client_started,
                    client_ended,
                    at_rest,
                    over,
                },
            },
        )
        .boxed()
}

fn leftovers() -> BoxedStrategy<Leftovers> {
    (count(), option::of(count()), vec(pid(), 0..3))
        .prop_map(|(reaped, lived, not_ended)| Leftovers {
            reaped,
            lived,
            not_ended,
        })
        .boxed()
}

fn kernel() -> BoxedStrategy<KernelLook> {
    let known = || option::of(count());
    let limit = (
        select(vec![LimitName::Nproc, LimitName::PidsMax]),
        count(),
        known(),
        any::<bool>(),
        option::of(text()),
    );
    let limit = limit.prop_map(|(name, value, in_use, in_use_at_least, path)| TaskLimit {
        name,
        value,
        in_use,
        in_use_at_least,
        path,
    });
    let counts = (known(), known(), known(), known());
    (time(), counts, vec(limit, 0..3))
        .prop_map(|(at, counts, limits)| KernelLook {
            at,
            backlog: counts.0,
            listen_overflows: counts.1,
            listen_drops: counts.2,
            pids_refused: counts.3,
            limits,
        })
        .boxed()
}

fn cost() -> BoxedStrategy<Fact> {
    let observer = option::of((nanos(), count()));
    (side(), option::of(nanos()), option::of(count()), observer)
        .prop_map(|(side, cpu_ns, peak_memory_bytes, observer)| Fact::Cost {
            side,
            cost: SideCost {
                cpu_ns,
                peak_memory_bytes,
            },
            observer: observer.map(|(cpu_ns, stops)| ObserverCost { cpu_ns, stops }),
        })
        .boxed()
}

fn output() -> BoxedStrategy<Fact> {
    (side(), count(), option::of(text()), option::of(text()))
        .prop_map(|(side, exceptions, first, last_line)| Fact::Output {
            side,
            output: Output {
                exceptions,
                first,
                last_line,
            },
        })
        .boxed()
}

/// Any fact but a header.
pub(crate) fn fact() -> BoxedStrategy<Fact> {
    let of = select(vec![Counted::Client, Counted::Server, Counted::System]);
    let target = prop_oneof![
        Just("127.0.0.1:45000".to_owned()),
        Just("[::1]:45000".to_owned()),
        text()
    ];
    prop_oneof![
        1 => target.prop_map(Fact::Target),
        1 => (side(), started()).prop_map(|(side, started)| Fact::Started {
            side,
            started: Box::new(started),
        }),
        8 => (side(), event()).prop_map(|(side, event)| Fact::Event { side, event }),
        3 => (side(), task()).prop_map(|(side, task)| Fact::Task { side, task }),
        4 => request().prop_map(Fact::Request),
        4 => connection().prop_map(Fact::Connection),
        3 => (of, sample()).prop_map(|(of, sample)| Fact::Sample { of, sample }),
        1 => (side(), totals()).prop_map(|(side, totals)| Fact::Totals { side, totals }),
        1 => (side(), ended()).prop_map(|(side, ended)| Fact::Ended { side, ended }),
        1 => cost(),
        1 => output(),
        1 => wire().prop_map(Fact::Wire),
        1 => kernel().prop_map(Fact::Kernel),
        1 => trouble().prop_map(Fact::Trouble),
        1 => leftovers().prop_map(Fact::Leftovers),
        1 => end(),
    ]
    .boxed()
}

/// So many facts.
pub(crate) fn facts(how_many: std::ops::Range<usize>) -> BoxedStrategy<Vec<Fact>> {
    vec(fact(), how_many).boxed()
}

/// Any header of this version.
pub(crate) fn header() -> BoxedStrategy<Header> {
    let built_in = (
        count(),
        option::of(count()),
        any::<[bool; 2]>(),
        option::of(count()),
        nanos(),
    )
        .prop_map(|(requests, workers, flags, max_in_flight, timeout_ns)| {
            AskedClient::BuiltIn {
                strategy: Way::Pool,
                requests,
                workers,
                join: flags[0],
                gate: flags[1],
                max_in_flight,
                rate: max_in_flight.and_then(|n| Rate::in_1000_seconds(n % 1_000_000)),
                duration_ns: max_in_flight.map(|_| timeout_ns),
                timeout_ns,
            }
        });
    let program = option::of(count()).prop_map(|requests| AskedClient::Program { requests });
    let existing = any::<bool>().prop_map(|attached| AskedClient::Existing { attached });
    let client = prop_oneof![built_in, program, existing];
    let server = select(vec![
        AskedServer::Embedded {
            model: ServerModel::Thread,
        },
        AskedServer::Program,
        AskedServer::Existing { attached: true },
        AskedServer::Existing { attached: false },
    ]);
    let capture = option::of((text(), any::<u32>()));
    let texts = vec(text(), 5);
    (client, server, capture, texts, count())
        .prop_map(|(client, server, capture, texts, n)| Header {
            schema: SCHEMA_OBSERVATION.to_owned(),
            tool: Tool {
                name: texts[0].clone(),
                version: texts[1].clone(),
            },
            started: texts[2].clone(),
            clock: texts[3].clone(),
            environment: Environment {
                kernel: texts[4].clone(),
                cpus: n,
                memory_bytes: Some(n),
                limits: [("RLIMIT_NPROC".to_owned(), None)].into(),
            },
            asked: Asked {
                isolated: false,
                client,
                server,
                capture: capture.map(|(interface, snaplen)| AskedCapture { interface, snaplen }),
                read_write: n == 1,
                client_exchanges: n == 2,
                programs: AskedPrograms {
                    client: (n % 2 == 1).then(|| AskedProgram {
                        command: texts.clone(),
                        folder: (n % 4 == 1).then(|| texts[3].clone()),
                    }),
                    server: None,
                    root_inside: n == 3,
                },
                flows: FlowChoice::default(),
                time_limit_ns: (n == 2).then(|| Nanos::new(5_000_000_000)),
            },
        })
        .boxed()
}
