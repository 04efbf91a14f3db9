//! Why programs in the kernel are refused, told apart by step, error and what the
//! system says of itself.

use std::error::Error;
use std::{fs, io};

use aya::BtfError;
use rustix::thread::CapabilitySet;

use crate::sys::errno;
use crate::sys::privilege::give_up::held;
use crate::sys::proc::Proc;
use crate::sys::proc::status::Status;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading the types of the running kernel (BTF), and adapting the programs to them.
    Types,
    /// Making a map.
    Map,
    /// Loading a program, or attaching it.
    Program,
    /// Knowing tasks by the numbers that programs in the kernel tell.
    Numbers,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// At which step.
    pub step: Step,
    /// The error's name, or what else there is to say.
    pub error: String,
    /// Why, as the end of a sentence, with what would change it.
    pub why: String,
}

/// What the system says of itself where a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own of the system"
)]
struct Switches {
    /// `CAP_BPF` and `CAP_PERFMON`, or `CAP_SYS_ADMIN`.
    permitted: bool,
    /// The process is in the first user namespace.
    first_namespace: bool,
    /// It has a filter of seccomp(2).
    filtered: bool,
    /// `/sys/kernel/security/lockdown` says `confidentiality`.
    locked_down: bool,
    /// It is root's, whatever root may do here.
    root: bool,
    /// The kernel is older than Linux 6.3; or what it is was not to be read.
    old: bool,
}

impl Switches {
    fn read() -> Self {
        let status = Status::read(Proc::this());
        let lockdown = fs::read_to_string("/sys/kernel/security/lockdown");
        let numbers = fs::read_to_string(Proc::this().path("uid_map"));
        Self {
            permitted: may(held()),
            // There all numbers are their own (user_namespaces(7)).
            first_namespace: numbers.is_ok_and(|map| map.split_whitespace().eq(ALL_NUMBERS)),
            filtered: status.as_ref().and_then(Status::seccomp) == Some(true),
            locked_down: lockdown.is_ok_and(|text| text.contains("[confidentiality]")),
            root: rustix::process::geteuid().is_root(),
            old: release(&rustix::system::uname().release().to_string_lossy()).as_slice()
                < FIRST.as_slice(),
        }
    }

    /// Why a call is refused with EPERM.
    fn why(self) -> &'static str {
        if !self.permitted && self.root {
            "root has no CAP_BPF and CAP_PERFMON here: a container needs --cap-add=BPF \
             --cap-add=PERFMON"
        } else if !self.permitted {
            "it needs root, or CAP_BPF and CAP_PERFMON"
        } else if !self.first_namespace {
            "a user namespace of one's own gives no right to it: run it as root outside"
        } else if self.locked_down {
            LOCKED_DOWN
        } else if self.filtered {
            "this container's seccomp profile forbids bpf(2): allow it (--cap-add=BPF \
             --cap-add=PERFMON), or use another profile"
        } else {
            "a security module of this system forbids it"
        }
    }
}

const LOCKED_DOWN: &str = "the kernel is locked down (lockdown=confidentiality)";

/// The numbers at the beginning of a kernel's release; none where there are none.
fn release(text: &str) -> Vec<u32> {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers
        .map_while(|number| number.parse().ok())
        .take(2)
        .collect()
}

const ALL_NUMBERS: [&str; 3] = ["0", "0", "4294967295"];

fn may(held: CapabilitySet) -> bool {
    held.contains(CapabilitySet::SYS_ADMIN)
        || held.contains(CapabilitySet::BPF | CapabilitySet::PERFMON)
}

/// The first kernel that has everything that is used.
const FIRST: [u32; 2] = [6, 3];
const SINCE: &str = "it needs Linux 6.3 or newer";
const NO_TYPES: &str =
    "this kernel does not describe its types (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF)";

impl Refused {
    /// By an error of the system.
    #[must_use]
    pub fn of(step: Step, error: &io::Error) -> Self {
        Self::by(step, error, Switches::read())
    }

    fn by(step: Step, error: &io::Error, switches: Switches) -> Self {
        let errno = error.raw_os_error();
        let why = match errno {
            Some(libc::EPERM | libc::EACCES) => switches.why(),
            Some(libc::ENOSYS) => "this kernel has no bpf(2), or a filter of seccomp(2) hides it",
            // A kernel that is locked down has no helper by which a program reads its
            // memory, and says of one that calls it that it is not valid
            // (`bpf_base_func_proto`, `check_helper_call`).
            Some(libc::EINVAL) if switches.locked_down => LOCKED_DOWN,
            Some(libc::EINVAL) if switches.old => SINCE,
            Some(libc::ENOMEM) => "there is no memory for it",
            _ => "",
        };
        Self {
            step,
            error: errno.map_or_else(|| error.to_string(), errno::name),
            why: why.to_owned(),
        }
    }

    /// While types were read.
    #[must_use]
    pub fn of_btf(step: Step, error: &BtfError) -> Self {
        match error {
            BtfError::FileError { error, .. } if error.kind() == io::ErrorKind::NotFound => Self {
                step,
                error: "no BTF".to_owned(),
                why: NO_TYPES.to_owned(),
            },
            BtfError::FileError { error, .. } => Self::of(step, error),
            BtfError::LoadError { io_error, .. } => Self::of(step, io_error),
            other => Self::other(step, other),
        }
    }

    /// A tracepoint that the kernel does not have.
    #[must_use]
    pub fn tracepoint(name: &str) -> Self {
        Self {
            step: Step::Program,
            error: format!("no tracepoint {name}"),
            why: SINCE.to_owned(),
        }
    }

    /// By anything else.
    #[must_use]
    pub fn other(step: Step, error: &dyn Error) -> Self {
        // What is under it says more, and the first line is for a person.
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        let line: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        Self {
            step,
            error: line,
            why: String::new(),
        }
    }

    /// There is no object for this processor.
    #[must_use]
    pub fn processor() -> Self {
        Self {
            step: Step::Program,
            error: std::env::consts::ARCH.to_owned(),
            why: "it is made for x86-64 only".to_owned(),
        }
    }

    /// This is not the first pid namespace, whose numbers programs in the kernel tell.
    #[must_use]
    pub fn pid_namespace() -> Self {
        Self {
            step: Step::Numbers,
            error: "pid_namespaces(7)".to_owned(),
            why:
                "this is a pid namespace of its own, as in a container: run threadtap outside of it"
                    .to_owned(),
        }
    }

    /// The object is not the one that this program was built with.
    #[must_use]
    pub fn object() -> Self {
        Self {
            step: Step::Types,
            error: "the object has no such part".to_owned(),
            why: String::new(),
        }
    }

    /// All of it, as a sentence without its end.
    #[must_use]
    pub fn sentence(&self) -> String {
        let what = match self.step {
            Step::Types => "the kernel's types cannot be read",
            Step::Map => "bpf(2) refuses a map",
            Step::Program => "bpf(2) refuses a program",
            Step::Numbers => "programs in the kernel tell other numbers of tasks",
        };
        let why = match self.why.as_str() {
            "" => String::new(),
            why => format!(": {why}"),
        };
        format!("{what} ({}){why}", self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Switches = Switches {
        permitted: true,
        first_namespace: true,
        filtered: false,
        locked_down: false,
        root: true,
        old: false,
    };

    fn said(errno: i32, switches: Switches) -> String {
        let error = io::Error::from_raw_os_error(errno);
        Refused::by(Step::Program, &error, switches).sentence()
    }

    #[test]
    fn each_refusal_is_told_by_what_causes_it() {
        let cases = [
            (
                Switches {
                    permitted: false,
                    root: false,
                    ..ALL
                },
                "needs root, or CAP_BPF",
            ),
            (
                Switches {
                    permitted: false,
                    ..ALL
                },
                "root has no CAP_BPF and CAP_PERFMON here",
            ),
            (
                Switches {
                    first_namespace: false,
                    ..ALL
                },
                "a user namespace",
            ),
            (
                Switches {
                    locked_down: true,
                    ..ALL
                },
                "locked down",
            ),
            (
                Switches {
                    filtered: true,
                    ..ALL
                },
                "seccomp profile",
            ),
            (ALL, "a security module"),
        ];
        for (switches, words) in cases {
            let said = said(libc::EPERM, switches);
            assert!(said.contains(words), "{said}");
            assert!(
                said.starts_with("bpf(2) refuses a program (EPERM): "),
                "{said}"
            );
        }
        assert!(said(libc::ENOSYS, ALL).contains("this kernel has no bpf(2)"));
        assert_eq!(said(libc::ENOSPC, ALL), "bpf(2) refuses a program (ENOSPC)");
    }

    /// Not by the error alone, which has several.
    #[test]
    fn what_is_not_valid_is_told_by_what_the_kernel_is() {
        let old = Switches { old: true, ..ALL };
        assert!(said(libc::EINVAL, old).ends_with("6.3 or newer"));
        let locked_down = Switches {
            locked_down: true,
            ..ALL
        };
        assert!(said(libc::EINVAL, locked_down).ends_with("(lockdown=confidentiality)"));
        assert_eq!(said(libc::EINVAL, ALL), "bpf(2) refuses a program (EINVAL)");
    }

    #[test]
    fn kernels_are_told_apart_by_two_numbers() {
        assert_eq!(release("6.18.44-fc-v769"), [6, 18]);
        assert_eq!(release("6.3.0"), [6, 3]);
        for old in ["6.2.0-39-generic", "5.15.0", "4.19", "6", "", "odd"] {
            assert!(release(old).as_slice() < FIRST.as_slice(), "{old}");
        }
        for new in ["6.3", "6.10.1", "7.0-rc1"] {
            assert!(release(new).as_slice() >= FIRST.as_slice(), "{new}");
        }
    }

    #[test]
    fn a_kernel_that_does_not_describe_its_types_is_told() {
        let missing = BtfError::FileError {
            path: "/sys/kernel/btf/vmlinux".into(),
            error: io::ErrorKind::NotFound.into(),
        };
        let said = Refused::of_btf(Step::Types, &missing).sentence();
        let begins = "the kernel's types cannot be read (no BTF): this kernel does not describe";
        assert!(said.starts_with(begins), "{said}");
    }

    #[test]
    fn an_older_kernel_is_told_by_what_it_lacks() {
        let said = Refused::tracepoint("sock_send_length").sentence();
        assert_eq!(
            said,
            "bpf(2) refuses a program (no tracepoint sock_send_length): it needs Linux 6.3 or newer"
        );
    }

    #[test]
    fn who_may_do_it() {
        let both = CapabilitySet::BPF | CapabilitySet::PERFMON;
        assert!(may(both) && may(CapabilitySet::SYS_ADMIN));
        assert!(!may(CapabilitySet::BPF) && !may(CapabilitySet::PERFMON));
    }
}
