//! `/proc/PID/status` (`proc_pid_status`(5)).

use super::handle::Proc;
use super::meminfo::kibibytes;
use crate::model::{Pid, Tid};

/// What the file of a task says. A field that is missing, or no number where one
/// should stand, is `None`.
#[derive(Clone, Debug)]
pub struct Status(String);

impl Status {
    /// Reads it; `None` when the task is gone or may not be looked at.
    #[must_use]
    pub fn read(of: Proc) -> Option<Self> {
        of.text("status").ok().map(Self)
    }

    /// Behind a field's name, the spaces around it taken off. The kernel writes
    /// a line break in a task's name as `\n`, so no name passes for a field.
    fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines();
        let rest = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(rest.trim())
    }

    /// The first number of a field.
    fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.field(name)?.split_whitespace().next()?.parse().ok()
    }

    /// The process that the task is of.
    #[must_use]
    pub fn process(&self) -> Option<Pid> {
        self.number("Tgid").map(Pid)
    }

    /// The parent of that process; 0 where it has none here.
    #[must_use]
    pub fn parent(&self) -> Option<Pid> {
        self.number("PPid").map(Pid)
    }

    /// The state, as one of the letters of proc(5).
    #[must_use]
    pub fn state(&self) -> Option<char> {
        self.field("State")?.chars().next()
    }

    /// Who traces the task; `Some(None)` is nobody.
    #[must_use]
    #[expect(clippy::option_option, reason = "it was not told, or there is none")]
    pub fn tracer(&self) -> Option<Option<Tid>> {
        let tracer = self.number("TracerPid")?;
        Some((tracer != 0).then_some(Tid(tracer)))
    }

    /// The real user.
    #[must_use]
    pub fn user(&self) -> Option<u32> {
        self.number("Uid")
    }

    /// The threads of the process.
    #[must_use]
    pub fn threads(&self) -> Option<u64> {
        self.number("Threads")
    }

    /// Whether system calls are filtered or forbidden (seccomp(2)).
    #[must_use]
    pub fn seccomp(&self) -> Option<bool> {
        self.number("Seccomp").map(|mode: u32| mode != 0)
    }

    /// Whether capabilities and set-user-ID bits of files are ignored (prctl(2),
    /// `PR_SET_NO_NEW_PRIVS`).
    #[must_use]
    pub fn no_new_privs(&self) -> Option<bool> {
        self.number("NoNewPrivs").map(|set: u32| set != 0)
    }

    /// A set of signals, as bits: signal 1 is the lowest.
    fn signals(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(self.field(name)?, 16).ok()
    }

    /// Whether a signal waits for the task that it does not block and its program
    /// has a handler for.
    #[must_use]
    pub fn handles_one_that_waits(&self) -> Option<bool> {
        let waiting = self.signals("SigPnd")? | self.signals("ShdPnd")?;
        Some(waiting & !self.signals("SigBlk")? & self.signals("SigCgt")? != 0)
    }

    /// Whether its program ignores a signal, in so many words or by default
    /// (signal(7)).
    #[must_use]
    pub fn ignores(&self, signal: i32) -> bool {
        let by_default = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH, libc::SIGCONT];
        let is_in = |set: u64| {
            let bit = u32::try_from(signal - 1).ok();
            bit.and_then(|bit| set.checked_shr(bit)).unwrap_or(0) & 1 == 1
        };
        let (Some(ignored), Some(caught)) = (self.signals("SigIgn"), self.signals("SigCgt")) else {
            return false;
        };
        is_in(ignored) || by_default.contains(&signal) && !is_in(caught)
    }

    /// Bytes of all mappings of the process.
    #[must_use]
    pub fn mapped_bytes(&self) -> Option<u64> {
        kibibytes(&self.0, "VmSize")
    }

    /// Bytes of its private writable mappings.
    #[must_use]
    pub fn data_bytes(&self) -> Option<u64> {
        kibibytes(&self.0, "VmData")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Name:\tPPid:\\n9\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t40\n\
        Pid:\t41\nPPid:\t1\nTracerPid:\t7\nUid:\t1000\t1001\t1001\t1001\nVmSize:\t  24 kB\n\
        VmData:\t 8 kB\nThreads:\t3\nSeccomp:\t2\nSeccomp_filters:\t0\n";

    #[test]
    fn every_field_is_found_by_its_whole_name() {
        let status = Status(TEXT.to_owned());
        assert_eq!(status.process(), Some(Pid(40)));
        assert_eq!(status.parent(), Some(Pid(1)), "not the name's");
        assert_eq!(status.state(), Some('S'));
        assert_eq!(status.tracer(), Some(Some(Tid(7))));
        assert_eq!(status.user(), Some(1000), "the real one");
        assert_eq!(status.threads(), Some(3));
        assert_eq!(status.seccomp(), Some(true));
        assert_eq!(status.mapped_bytes(), Some(24 << 10));
        assert_eq!(status.data_bytes(), Some(8 << 10));
    }

    #[test]
    fn signals_are_ignored_by_default_or_in_so_many_words() {
        // SIGPIPE (13) is ignored; SIGUSR1 (10) and SIGURG (23) have handlers.
        let text = |pending: &str, blocked: &str| {
            Status(format!(
                "SigPnd:\t{pending}\nShdPnd:\t0000000000000000\nSigBlk:\t{blocked}\n\
                 SigIgn:\t0000000000001000\nSigCgt:\t0000000000400200\n"
            ))
        };
        let none = text("0", "0");
        assert!(none.ignores(libc::SIGPIPE) && none.ignores(libc::SIGCHLD));
        assert!(!none.ignores(libc::SIGURG) && !none.ignores(libc::SIGTERM));
        assert!(!none.ignores(0) && !none.ignores(64));
        assert_eq!(none.handles_one_that_waits(), Some(false));
        assert_eq!(text("200", "0").handles_one_that_waits(), Some(true));
        assert_eq!(text("200", "200").handles_one_that_waits(), Some(false));
        assert_eq!(text("4000", "0").handles_one_that_waits(), Some(false));
        assert_eq!(Status(String::new()).handles_one_that_waits(), None);
    }

    #[test]
    fn nobody_is_not_the_same_as_unknown() {
        let of = |text: &str| Status(text.to_owned());
        assert_eq!(of("TracerPid:\t0\n").tracer(), Some(None));
        assert_eq!(of("").tracer(), None);
        assert_eq!(of("Seccomp:\t0\n").seccomp(), Some(false));
        assert_eq!(of("").seccomp(), None);
    }

    #[test]
    fn what_is_cut_off_or_no_number_is_not_known() {
        for text in [
            "Tgid:",
            "Tgid:\t",
            "Tgid:\tx",
            "Tgid:\t-1",
            "Tgid",
            "Tgid:\t4294967296",
        ] {
            assert_eq!(Status(text.to_owned()).process(), None, "{text:?}");
        }
        let huge = format!("Name:\t{}\nTgid:\t5\n", "x".repeat(1 << 20));
        assert_eq!(Status(huge).process(), Some(Pid(5)));
        assert_eq!(
            Status("VmSize:\t18446744073709551615 kB\n".into()).mapped_bytes(),
            None
        );
        // A process without memory of its own (a zombie) has no such line.
        assert_eq!(Status("State:\tZ (zombie)\n".into()).mapped_bytes(), None);
    }

    #[test]
    fn a_name_that_is_no_text_hides_nothing() {
        let thread = std::thread::spawn(|| {
            rustix::thread::set_name(c"\xff\xe2\x80").unwrap();
            let status = Status::read(Proc::this_thread()).unwrap();
            assert_eq!(status.process(), Some(Pid(std::process::id())));
            assert!(status.state().is_some());
        });
        thread.join().unwrap();
    }
}
