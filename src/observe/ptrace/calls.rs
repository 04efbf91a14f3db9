//! The system calls that a tracer stops at, and what each of them does.

use crate::sys::ptrace::arch::{CONVENTIONS, Convention, Name, SOCKET_CALLS};
use crate::sys::ptrace::filter::{Stop, Test};
use crate::sys::ptrace::made_to_call::POSSIBLE;

/// What a call does, as far as a tracer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// connect(2).
    Connect,
    /// sendto(2) and its relatives with `MSG_FASTOPEN`: it connects as well.
    FastOpen {
        /// Whether the address is in a `struct msghdr`, not among the arguments.
        message: bool,
    },
    /// listen(2).
    Listen,
    /// accept(2), accept4(2).
    Accept,
    /// A call that receives from its first argument.
    Receive {
        /// Which argument has its flags (`MSG_…`), if one has.
        flags: Option<usize>,
        /// What comes with it.
        passes: Passes,
    },
    /// A call that sends on its first argument.
    Send {
        /// What goes with it.
        passes: Passes,
    },
    /// The same from a file: it may fail for that one's sake.
    SendFile,
    /// close(2).
    Close,
    /// getsockopt(2) with `SO_ERROR`: how a connection went that was made in the
    /// background.
    AskError,
    /// `exit_group(2)`: the whole process ends.
    ExitGroup,
    /// ptrace(2) by the program itself.
    Ptrace,
    /// `io_uring_setup(2)`: what goes through the ring makes no call of its own.
    SetUpRing,
    /// seccomp(2) with `SECCOMP_FILTER_FLAG_NEW_LISTENER`: a supervisor answers
    /// calls, and hides them from filters that stop at them.
    Supervise,
    /// prctl(2) or seccomp(2): strict mode, which a program with a filter is refused.
    Strict,
    /// prctl(2) or seccomp(2): a filter of the program's own.
    Filter,
    /// `pidfd_getfd(2)`: it takes a descriptor of another process.
    TakeDescriptor,
    /// clone(2) with `CLONE_UNTRACED`: nobody tells of what it creates.
    CreateUnseen,
}

/// Whether descriptors may go over a Unix socket with a call (`SCM_RIGHTS` of unix(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// None.
    Nothing,
    /// In the `struct msghdr` that its second argument points to.
    One,
    /// In several of them.
    Several,
}

/// What is asked about a program's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Its connections to this TCP port.
    Client {
        /// The server's port.
        port: u16,
        /// Whether to look at what it sends and receives on them, too, by any call: what
        /// is not looked at would pass for an answer that never came.
        exchanges: bool,
    },
    /// The connections that it accepts, and who receives and sends first.
    Server {
        /// Whether to look at read(2) and write(2) too, which stops the
        /// program at every read and write of a file as well.
        read_write: bool,
        /// Whether a process that is alone with the connections that it accepts is not
        /// looked at where it receives and sends: the wire tells whether it did.
        alone: bool,
        /// Whether to look at what it connects to itself.
        outside: bool,
    },
}

/// A call of interest: it is stopped at where all its tests hold.
type Rule = (Name, &'static [Test], Kind);

/// `SECCOMP_SET_MODE_STRICT` and the mode of prctl(2), `SECCOMP_MODE_STRICT`.
const SET_STRICT: u32 = libc::SECCOMP_SET_MODE_STRICT;
const SET_FILTER: u32 = libc::SECCOMP_SET_MODE_FILTER;
const STRICT: u32 = libc::SECCOMP_MODE_STRICT;
/// `SECCOMP_FILTER_FLAG_NEW_LISTENER`.
const LISTENER: u32 = 1 << 3;
/// `PR_SET_SECCOMP`.
const PR_SET_SECCOMP: u32 = 22;
/// `SECCOMP_MODE_FILTER`, of prctl(2).
const FILTER: u32 = libc::SECCOMP_MODE_FILTER;
/// `CLONE_UNTRACED`.
const UNTRACED: u32 = 0x0080_0000;
/// `MSG_FASTOPEN`.
const FAST: u32 = 0x2000_0000;

const ALWAYS: [Rule; 6] = [
    (Name::ExitGroup, &[], Kind::ExitGroup),
    (Name::Ptrace, &[], Kind::Ptrace),
    (Name::IoUringSetup, &[], Kind::SetUpRing),
    (
        Name::Seccomp,
        &[Test::Equals(0, SET_FILTER), Test::HasAnyOf(1, LISTENER)],
        Kind::Supervise,
    ),
    (Name::Seccomp, &[Test::Equals(0, SET_STRICT)], Kind::Strict),
    (
        Name::Prctl,
        &[Test::Equals(0, PR_SET_SECCOMP), Test::Equals(1, STRICT)],
        Kind::Strict,
    ),
];

const CONNECT: Rule = (Name::Connect, &[], Kind::Connect);

const CLIENT: [Rule; 4] = [
    CONNECT,
    (
        Name::SendTo,
        &[Test::HasAnyOf(3, FAST)],
        Kind::FastOpen { message: false },
    ),
    (
        Name::SendMsg,
        &[Test::HasAnyOf(2, FAST)],
        Kind::FastOpen { message: true },
    ),
    // Of several messages the first one connects.
    (
        Name::SendMMsg,
        &[Test::HasAnyOf(3, FAST)],
        Kind::FastOpen { message: true },
    ),
];

/// `SOL_SOCKET` and `SO_ERROR`: the same numbers on the processors that are known here.
const SOL_SOCKET: u32 = 1;
const SO_ERROR: u32 = 4;

/// How a client learns of its connection, and lets go of it.
const ENDS: [Rule; 2] = [
    (
        Name::GetSockOpt,
        &[Test::Equals(1, SOL_SOCKET), Test::Equals(2, SO_ERROR)],
        Kind::AskError,
    ),
    (Name::Close, &[], Kind::Close),
];

const SERVER: [Rule; 3] = [
    (Name::Listen, &[], Kind::Listen),
    (Name::Accept, &[], Kind::Accept),
    (Name::Accept4, &[], Kind::Accept),
];

/// Behind these a process is alone no longer, or is about to be seen no more.
const GUARDS: [Rule; 4] = [
    (Name::Seccomp, &[Test::Equals(0, SET_FILTER)], Kind::Filter),
    (
        Name::Prctl,
        &[Test::Equals(0, PR_SET_SECCOMP), Test::Equals(1, FILTER)],
        Kind::Filter,
    ),
    (Name::PidfdGetFd, &[], Kind::TakeDescriptor),
    (
        Name::Clone,
        &[Test::HasAnyOf(0, UNTRACED)],
        Kind::CreateUnseen,
    ),
];

const fn receive(flags: Option<usize>, passes: Passes) -> Kind {
    Kind::Receive { flags, passes }
}

const fn send(passes: Passes) -> Kind {
    Kind::Send { passes }
}

/// Those with which descriptors may go.
const PASSING: [Rule; 4] = [
    (Name::RecvMsg, &[], receive(Some(2), Passes::One)),
    (Name::RecvMMsg, &[], receive(Some(3), Passes::Several)),
    (Name::SendMsg, &[], send(Passes::One)),
    (Name::SendMMsg, &[], send(Passes::Several)),
];

const TALK: [Rule; 2] = [
    (Name::RecvFrom, &[], receive(Some(3), Passes::Nothing)),
    (Name::SendTo, &[], send(Passes::Nothing)),
];

const READ_WRITE: [Rule; 5] = [
    (Name::Read, &[], receive(None, Passes::Nothing)),
    (Name::ReadV, &[], receive(None, Passes::Nothing)),
    (Name::Write, &[], send(Passes::Nothing)),
    (Name::WriteV, &[], send(Passes::Nothing)),
    (Name::SendFile, &[], Kind::SendFile),
];

/// A call of interest, as it is made in one of the conventions.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The convention.
    pub convention: &'static Convention,
    /// Its number there.
    pub number: u32,
    /// Where it is made through socketcall(2), which of that one's calls it is:
    /// its arguments are then in memory.
    pub socket_call: Option<u32>,
    tests: &'static [Test],
    /// What it does.
    pub kind: Kind,
}

impl Interest {
    /// Whether a client's exchanges are looked at.
    #[must_use]
    pub const fn looks_at_exchanges(self) -> bool {
        matches!(
            self,
            Self::Client {
                exchanges: true,
                ..
            }
        )
    }

    const fn reads_and_writes(self) -> bool {
        match self {
            Self::Client { exchanges, .. } => exchanges,
            Self::Server { read_write, .. } => read_write,
        }
    }

    /// Whether a process that is alone with its connections is not looked at there.
    #[must_use]
    pub const fn leaves_alone(self) -> bool {
        POSSIBLE && matches!(self, Self::Server { alone: true, .. })
    }

    /// The calls of interest, in every convention.
    #[must_use]
    pub fn calls(self) -> Vec<Watched> {
        let mut all = self.calls_at_first();
        all.extend(self.calls_in_company());
        all
    }

    /// Those that every process is stopped at from its beginning.
    #[must_use]
    pub fn calls_at_first(self) -> Vec<Watched> {
        let mut rules = ALWAYS.to_vec();
        match self {
            Self::Client { exchanges, .. } => {
                rules.extend(CLIENT);
                // Behind those that connect as well: the first that it may be is what
                // a call is taken for.
                if exchanges {
                    rules.extend(ENDS);
                    rules.extend(PASSING);
                }
            }
            Self::Server { outside, .. } => {
                rules.extend(SERVER);
                rules.extend(outside.then_some(CONNECT));
                rules.extend(PASSING);
            }
        }
        if self.leaves_alone() {
            rules.extend(GUARDS);
        } else {
            rules.extend(self.rules_in_company());
        }
        in_all_conventions(&rules)
    }

    /// Those that it is stopped at besides when it is alone with its connections no
    /// longer; none where it is stopped at them from the beginning.
    #[must_use]
    pub fn calls_in_company(self) -> Vec<Watched> {
        if !self.leaves_alone() {
            return Vec::new();
        }
        in_all_conventions(&self.rules_in_company())
    }

    fn rules_in_company(self) -> Vec<Rule> {
        let mut rules = Vec::new();
        if matches!(self, Self::Server { .. }) || self.looks_at_exchanges() {
            rules.extend(TALK);
        }
        if self.reads_and_writes() {
            rules.extend(READ_WRITE);
        }
        rules
    }
}

fn in_all_conventions(rules: &[Rule]) -> Vec<Watched> {
    let in_all = |rule: &Rule| {
        let rule = *rule;
        CONVENTIONS.iter().flat_map(move |c| made_in(c, rule))
    };
    rules.iter().flat_map(in_all).collect()
}

/// How a call is made in one convention.
fn made_in(convention: &'static Convention, rule: Rule) -> Vec<Watched> {
    let (name, tests, kind) = rule;
    let numbers = |of: Name, among: &'static [(Name, u32)]| {
        let of_that_name = among.iter().filter(move |call| call.0 == of);
        of_that_name.map(|call| call.1)
    };
    let watched = |number, socket_call| Watched {
        convention,
        number,
        socket_call,
        tests,
        kind,
    };
    let mut all: Vec<Watched> = numbers(name, convention.calls)
        .map(|number| watched(number, None))
        .collect();
    for number in numbers(Name::SocketCall, convention.calls) {
        all.extend(numbers(name, SOCKET_CALLS).map(|call| watched(number, Some(call))));
    }
    all
}

impl Watched {
    /// Where a filter stops for it. The arguments of socketcall(2) are in memory,
    /// which no filter sees: there it stops without looking at them.
    #[must_use]
    pub fn stop(&self) -> Stop {
        let tests = match self.socket_call {
            Some(call) => vec![Test::Equals(0, call)],
            None => self.tests.to_vec(),
        };
        Stop {
            convention: self.convention.audit,
            number: self.number,
            tests,
        }
    }

    /// Whether a call with this number and these arguments may be this one.
    #[must_use]
    pub fn may_be(&self, audit: u32, number: u64, arguments: &[u64; 6]) -> bool {
        let same = self.convention.audit == audit && u64::from(self.number) == number;
        same && match self.socket_call {
            Some(call) => Test::Equals(0, call).holds(arguments),
            None => self.is(arguments),
        }
    }

    /// Whether its tests hold for its own arguments.
    #[must_use]
    pub fn is(&self, arguments: &[u64; 6]) -> bool {
        self.tests.iter().all(|test| test.holds(arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Vec<Watched> {
        let port = 45_000;
        Interest::Client {
            port,
            exchanges: false,
        }
        .calls()
    }

    /// Whose exchanges are looked at, too.
    fn talking() -> Interest {
        Interest::Client {
            port: 45_000,
            exchanges: true,
        }
    }

    #[test]
    fn a_client_whose_exchanges_count_is_stopped_at_where_it_sends_and_receives() {
        let native = CONVENTIONS[0].audit;
        let met = |number: i64, arguments: [u64; 6]| {
            let all = talking().calls();
            let mut met = all.iter();
            let number = u64::try_from(number).unwrap();
            met.find(|w| w.may_be(native, number, &arguments) && w.is(&arguments))
                .map(|w| w.kind)
        };
        let plain = [3, 0, 6, 0x4000, 0, 0];
        let sends = Some(send(Passes::Nothing));
        assert_eq!(met(libc::SYS_sendto, plain), sends);
        let receives = Some(receive(Some(3), Passes::Nothing));
        assert_eq!(met(libc::SYS_recvfrom, plain), receives);
        let fast = [3, 0, 6, 0x2000_4000, 0, 16];
        let connects = Some(Kind::FastOpen { message: false });
        assert_eq!(met(libc::SYS_sendto, fast), connects);
        assert_eq!(met(libc::SYS_write, plain), sends);
        let error = [3, 1, 4, 0, 0, 0];
        assert_eq!(met(libc::SYS_getsockopt, error), Some(Kind::AskError));
        assert_eq!(met(libc::SYS_getsockopt, [3, 1, 7, 0, 0, 0]), None);
        assert_eq!(met(libc::SYS_getsockopt, [3, 6, 4, 0, 0, 0]), None);
    }

    #[test]
    fn a_client_that_sends_is_not_stopped_at_unless_it_connects_so() {
        let send = u64::try_from(libc::SYS_sendto).unwrap();
        let native = CONVENTIONS[0].audit;
        let met = |arguments: [u64; 6]| {
            let all = client().into_iter();
            all.filter(|w| w.may_be(native, send, &arguments)).count()
        };
        assert_eq!(met([3, 0, 6, 0x4000, 0, 0]), 0);
        assert_eq!(met([3, 0, 6, 0x2000_4000, 0, 16]), 1);
    }

    /// Every call of interest is one in every convention that has it at all.
    #[test]
    fn every_convention_is_looked_at() {
        for convention in CONVENTIONS {
            for (name, _) in convention.calls {
                let interest = Interest::Server {
                    read_write: true,
                    alone: true,
                    outside: false,
                };
                let client = talking().calls().into_iter();
                let all: Vec<Watched> = client.chain(interest.calls()).collect();
                let of = |w: &&Watched| w.convention == convention;
                let number = |w: &Watched| convention.calls.contains(&(*name, w.number));
                assert!(all.iter().filter(of).any(number), "{name:?}");
            }
        }
    }

    /// Which filter stops at a call, or none.
    fn stops(of: &[Watched], number: i64, arguments: [u64; 6]) -> bool {
        let number = u64::try_from(number).unwrap();
        let native = CONVENTIONS[0].audit;
        of.iter().any(|w| w.may_be(native, number, &arguments))
    }

    #[test]
    fn a_server_that_is_alone_is_not_stopped_at_where_it_receives_and_sends() {
        let alone = |read_write| Interest::Server {
            read_write,
            alone: true,
            outside: false,
        };
        let plain = [3, 0, 6, 0x4000, 0, 0];
        for read_write in [false, true] {
            let at_first = alone(read_write).calls_at_first();
            let later = alone(read_write).calls_in_company();
            for call in [libc::SYS_recvfrom, libc::SYS_sendto] {
                assert!(!stops(&at_first, call, plain) && stops(&later, call, plain));
            }
            for call in [libc::SYS_read, libc::SYS_write, libc::SYS_writev] {
                assert!(!stops(&at_first, call, plain));
                assert_eq!(stops(&later, call, plain), read_write);
            }
            // Descriptors may go with these.
            for call in [libc::SYS_recvmsg, libc::SYS_sendmsg, libc::SYS_accept4] {
                assert!(stops(&at_first, call, plain));
            }
            let clone = |flags| stops(&at_first, libc::SYS_clone, [flags, 0, 0, 0, 0, 0]);
            assert!(clone(0x0080_0011) && !clone(0x11));
        }
    }

    #[test]
    fn a_server_is_stopped_at_where_it_connects_only_where_that_is_asked() {
        let connects = |outside| {
            let interest = Interest::Server {
                read_write: false,
                alone: true,
                outside,
            };
            stops(
                &interest.calls_at_first(),
                libc::SYS_connect,
                [3, 0, 16, 0, 0, 0],
            )
        };
        assert!(connects(true) && !connects(false));
    }

    #[test]
    fn where_nothing_else_tells_a_server_is_stopped_at_them_from_the_beginning() {
        let interest = Interest::Server {
            read_write: false,
            alone: false,
            outside: false,
        };
        assert!(interest.calls_in_company().is_empty());
        let plain = [3, 0, 6, 0x4000, 0, 0];
        assert!(stops(&interest.calls_at_first(), libc::SYS_recvfrom, plain));
        let filter = [1, 0, 0, 0, 0, 0];
        assert!(!stops(
            &interest.calls_at_first(),
            libc::SYS_seccomp,
            filter
        ));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn calls_of_32_bit_programs_are_told_from_the_machine_s_own() {
        const I386: u32 = 0x4000_0003;
        let is = |audit, number, arguments: [u64; 6]| {
            let all = client().into_iter();
            let mut met = all.filter(|w| w.may_be(audit, number, &arguments));
            met.next().map(|w| w.kind)
        };
        assert_eq!(is(I386, 362, [0; 6]), Some(Kind::Connect));
        assert_eq!(is(I386, 42, [0; 6]), None);
        assert_eq!(is(I386, 102, [3, 0, 0, 0, 0, 0]), Some(Kind::Connect));
        assert_eq!(is(I386, 102, [1, 0, 0, 0, 0, 0]), None);
        assert_eq!(is(I386, 252, [0; 6]), Some(Kind::ExitGroup));
    }
}
