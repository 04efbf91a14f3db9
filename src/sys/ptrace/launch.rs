//! Starting a program so that nothing of it goes unseen: fork, seize, filter,
//! execute, in this order.
//!
//! std's `Command` returns only when the program has been executed, which is
//! too late. The child waits at a gate until it is traced, installs the filter
//! and executes the program.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use rustix::pipe::{PipeFlags, pipe_with};

use super::filter::Filter;
use super::search::{Executable, Prepared};
use crate::model::Pid;
use crate::sys::process::guardian::{Guarded, Posts};
use crate::sys::process::{die_first, signals};

/// A program to be started.
#[derive(Debug)]
pub struct Launch {
    /// Its name, searched for in `PATH` when it has no slash, and its arguments.
    pub words: Vec<OsString>,
    /// The folder that it runs in, where a relative name is looked for too, as with
    /// env(1)'s `-C`; `None`: this process's own.
    pub folder: Option<OwnedFd>,
    /// Its standard input.
    pub stdin: OwnedFd,
    /// Its standard output.
    pub stdout: OwnedFd,
    /// Its standard error.
    pub stderr: OwnedFd,
    /// Whether it is killed when the thread that started it ends. A traced one
    /// dies with its tracer anyway.
    pub tied: bool,
}

/// What the child says on its pipe as soon as it may be traced: seized any
/// earlier, it would be refused.
const READY: [u8; 1] = *b"r";

/// What the child was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its standard streams, its folder, or its group.
    Prepare,
    /// The filter.
    Filter,
    /// The program itself.
    Execute,
}

impl Step {
    const fn number(self) -> u8 {
        match self {
            Self::Prepare => 0,
            Self::Filter => 1,
            Self::Execute => 2,
        }
    }
}

/// A child that waits at its gate.
#[derive(Debug)]
pub struct Waiting {
    /// The child.
    pub pid: Pid,
    gate: File,
    failure: File,
}

impl Waiting {
    /// Lets it go on. Whether it came through is told by its exec, or by its
    /// end and [`Waiting::failure`].
    pub fn open_gate(&mut self) {
        // It may have been killed: its end will tell.
        let _ = self.gate.write_all(b"!");
    }

    /// What went wrong, when the child has ended before its exec.
    #[must_use]
    pub fn failure(mut self) -> Option<(Step, io::Error)> {
        let mut said = [0u8; 5];
        self.failure.read_exact(&mut said).ok()?;
        let errno = i32::from_ne_bytes(said[1..].try_into().ok()?);
        let step = [Step::Prepare, Step::Filter, Step::Execute]
            .into_iter()
            .find(|s| s.number() == said[0])?;
        Some((step, io::Error::from_raw_os_error(errno)))
    }
}

impl Launch {
    /// Forks a child that waits at its gate.
    ///
    /// # Errors
    /// When a word holds a NUL, or the system refuses the process.
    pub fn fork(&self, filter: Option<&Filter>) -> io::Result<Waiting> {
        let path = std::env::var_os("PATH");
        Ok(self.fork_with(filter, path.as_deref(), None)?.0)
    }

    /// Forks a guardian, and from that a child that waits at its gate.
    ///
    /// # Errors
    /// As [`Launch::fork`].
    pub fn fork_guarded(&self) -> io::Result<(Waiting, Option<Guarded>)> {
        let path = std::env::var_os("PATH");
        self.fork_with(None, path.as_deref(), Some(Posts::new()?))
    }

    /// The same, looking for the program where `path` says.
    fn fork_with(
        &self,
        filter: Option<&Filter>,
        path: Option<&OsStr>,
        posts: Option<Posts>,
    ) -> io::Result<(Waiting, Option<Guarded>)> {
        let executable = Executable::find(&self.words, path)?;
        let (gate_out, gate_in) = pipe_with(PipeFlags::CLOEXEC)?;
        let (failure_out, failure_in) = pipe_with(PipeFlags::CLOEXEC)?;
        let mut child = ChildSide {
            executable: executable.prepare(),
            streams: [
                self.stdin.as_raw_fd(),
                self.stdout.as_raw_fd(),
                self.stderr.as_raw_fd(),
            ],
            launch: self,
            gate: gate_out.as_raw_fd(),
            other_gate: gate_in.as_raw_fd(),
            failure: failure_in.as_raw_fd(),
            filter,
            without_new_privileges: !may_filter_with_privileges(),
            default_sigpipe: !signals::sigpipe_was_ignored(),
            default_sigxfsz: !signals::sigxfsz_was_ignored(),
        };
        // SAFETY: the child calls async-signal-safe functions only, on memory
        // that was prepared before.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: this is the child.
            0 => unsafe {
                match &posts {
                    None => child.run(),
                    Some(posts) => posts.guard(|| child.run()),
                }
            },
            pid => {
                // So that the pipe ends with the child, whatever it dies of.
                drop(failure_in);
                let forked = Pid(pid.cast_unsigned());
                let (pid, guarded) = match posts.map(|posts| posts.taken_up(forked)) {
                    None => (forked, None),
                    Some(taken) => taken.map(|(pid, guarded)| (pid, Some(guarded)))?,
                };
                let mut failure = File::from(failure_out);
                // Until the child may be traced. One that has died does not
                // say it: its end will tell.
                let _ = failure.read_exact(&mut [0; READY.len()]);
                let waiting = Waiting {
                    pid,
                    gate: File::from(gate_in),
                    failure,
                };
                Ok((waiting, guarded))
            }
        }
    }
}

/// Whether a filter may be installed without giving up set-user-ID programs
/// (seccomp(2): `CAP_SYS_ADMIN`, or `PR_SET_NO_NEW_PRIVS`).
#[must_use]
pub fn may_filter_with_privileges() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// Everything that the child needs, without a heap.
struct ChildSide<'a> {
    executable: Prepared<'a>,
    streams: [RawFd; 3],
    launch: &'a Launch,
    gate: RawFd,
    other_gate: RawFd,
    failure: RawFd,
    filter: Option<&'a Filter>,
    without_new_privileges: bool,
    default_sigpipe: bool,
    default_sigxfsz: bool,
}

impl ChildSide<'_> {
    /// The child's part, which never returns.
    ///
    /// # Safety
    /// To be called in a process that has just been forked, and no more.
    unsafe fn run(&mut self) -> ! {
        // SAFETY: every function called is async-signal-safe
        // (signal-safety(7)), and all pointers are to live memory.
        unsafe {
            // A process that has executed a file with capabilities may not be
            // traced, nor may what it forks (ptrace(2), PR_SET_DUMPABLE in
            // prctl(2)). Only who has the same capabilities can trace this one.
            libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0);
            libc::write(self.failure, READY.as_ptr().cast(), READY.len());
            // So that the gate breaks when the tracer dies.
            libc::close(self.other_gate);
            for (from, to) in self.streams.into_iter().zip(0..) {
                if libc::dup2(from, to) == -1 {
                    self.fail(Step::Prepare);
                }
            }
            if let Some(folder) = &self.launch.folder
                && libc::fchdir(folder.as_raw_fd()) == -1
            {
                self.fail(Step::Prepare);
            }
            // threadtap is to be there when memory ends, and to tell of it.
            die_first();
            // What it sends to its group reaches nobody but itself (kill(2)).
            if libc::setpgid(0, 0) == -1 {
                self.fail(Step::Prepare);
            }
            if self.launch.tied {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
            }
            // Rust ignores SIGPIPE, threadtap SIGXFSZ, and a program must not inherit
            // that from us.
            if self.default_sigpipe {
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            }
            if self.default_sigxfsz {
                libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
            }
            let mut byte = 0u8;
            loop {
                match libc::read(self.gate, (&raw mut byte).cast(), 1) {
                    1 => break,
                    -1 if *libc::__errno_location() == libc::EINTR => {}
                    // The parent has died before it opened the gate.
                    _ => libc::_exit(127),
                }
            }
            if let Some(filter) = self.filter {
                let sealed = !self.without_new_privileges
                    || libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
                if !sealed || filter.install().is_err() {
                    self.fail(Step::Filter);
                }
            }
            let errno = self.executable.execute();
            *libc::__errno_location() = errno;
            self.fail(Step::Execute)
        }
    }

    /// Tells what failed, and ends.
    ///
    /// # Safety
    /// As [`ChildSide::run`]; `errno` is that of the failure.
    unsafe fn fail(&self, step: Step) -> ! {
        // SAFETY: as in `run`.
        unsafe {
            let errno = (*libc::__errno_location()).to_ne_bytes();
            let said = [step.number(), errno[0], errno[1], errno[2], errno[3]];
            libc::write(self.failure, said.as_ptr().cast(), said.len());
            libc::_exit(127)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::sys::process::rusage::reap;

    /// Starts a program, looked for in these folders. Its status and what it has
    /// printed, or the error.
    fn start(words: &[&str], folders: &[&Path]) -> Result<(i32, String), io::Error> {
        let (printed, stdout) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let null = || File::options().read(true).write(true).open("/dev/null");
        let launch = Launch {
            words: words.iter().map(OsString::from).collect(),
            folder: None,
            stdin: null().unwrap().into(),
            stdout,
            stderr: null().unwrap().into(),
            tied: true,
        };
        let path = std::env::join_paths(folders).unwrap();
        let mut waiting = launch.fork_with(None, Some(&path), None).unwrap().0;
        drop(launch);
        let pid = waiting.pid;
        waiting.open_gate();
        let failed = waiting.failure();
        let mut text = String::new();
        File::from(printed).read_to_string(&mut text).unwrap();
        let status = reap(pid).unwrap().0;
        match failed {
            None => Ok((status.code().unwrap(), text)),
            Some((step, e)) => {
                assert_eq!((step, status.code()), (Step::Execute, Some(127)));
                Err(e)
            }
        }
    }

    /// A folder with a file of this name.
    fn folder_with(name: &str, text: &str, mode: u32) -> TempDir {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        folder
    }

    const SCRIPT: &str = "echo \"$0 $1 $#\"; exit 3\n";

    #[test]
    fn a_script_without_a_first_line_is_the_shells() {
        let folder = folder_with("greet", SCRIPT, 0o755);
        let file = folder.path().join("greet").display().to_string();
        let expected = (3, format!("{file} hello 2\n"));
        let found = start(&["greet", "hello", "you"], &[folder.path()]);
        assert_eq!(found.unwrap(), expected);
        // A name with a slash is looked for nowhere else.
        assert_eq!(start(&[&file, "hello", "you"], &[]).unwrap(), expected);
    }

    #[test]
    fn what_is_no_script_is_not_the_shells() {
        for text in ["\x7fELF\x02\x01\x01", "PK\x03\x04\0\0"] {
            let folder = folder_with("greet", text, 0o755);
            let error = start(&["greet"], &[folder.path()]).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENOEXEC), "{text:?}");
        }
    }

    #[test]
    fn a_folder_of_the_same_name_is_passed_over() {
        let first = TempDir::new().unwrap();
        fs::create_dir(first.path().join("greet")).unwrap();
        let second = folder_with("greet", SCRIPT, 0o755);
        let found = start(&["greet", "x"], &[first.path(), second.path()]);
        assert_eq!(found.unwrap().0, 3);
        let error = start(&["greet"], &[first.path()]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EACCES));
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_passed_over_and_remembered() {
        let first = folder_with("greet", SCRIPT, 0o644);
        let second = folder_with("greet", "#!/bin/sh\necho other\n", 0o755);
        let nothing = TempDir::new().unwrap();
        let found = start(&["greet"], &[first.path(), second.path()]);
        assert_eq!(found.unwrap(), (0, "other\n".to_owned()));
        let error = start(&["greet"], &[first.path(), nothing.path()]).unwrap_err();
        assert_eq!(error.to_string(), "Permission denied (os error 13)");
    }

    #[test]
    fn what_is_nowhere_is_told_as_ever() {
        let nothing = TempDir::new().unwrap();
        let file = folder_with("greet", SCRIPT, 0o755);
        let below = file.path().join("greet");
        let gone = nothing.path().join("gone");
        for folders in [vec![], vec![nothing.path()], vec![&below, &gone]] {
            let error = start(&["greet"], &folders).unwrap_err();
            assert_eq!(error.to_string(), "No such file or directory (os error 2)");
        }
        let error = start(&[""], &[nothing.path()]).unwrap_err();
        assert_eq!(error.to_string(), "No such file or directory (os error 2)");
    }

    #[test]
    fn a_program_has_our_environment() {
        let (status, text) = start(&["/usr/bin/env"], &[]).unwrap();
        assert_eq!(status, 0);
        for (name, value) in std::env::vars() {
            if !value.contains('\n') {
                assert!(text.contains(&format!("{name}={value}\n")), "{name}");
            }
        }
    }
}
