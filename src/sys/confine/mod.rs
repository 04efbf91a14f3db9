//! A process that is to read what strangers have made gives up what it does not need for
//! that: it reads these files and folders, writes in these folders, and that is all. No
//! other file, no network, no execution.
//!
//! Files are the affair of Landlock (landlock(7)), which also refuses TCP and executing
//! files where the kernel's version of it can; calls that make a socket or execute a
//! program are refused by seccomp(2) in any case. What was opened before stays open:
//! standard input, output and error are where the person has led them.
//!
//! Both hold for the calling thread and for all that it creates from then on, for good.
//! So it is done before any thread exists.

mod calls;

use std::fmt;
use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// What a process still has to do.
#[derive(Clone, Debug, Default)]
pub struct Needs<'a> {
    /// Files that are read.
    pub files: Vec<&'a Path>,
    /// Folders in which files are read.
    pub folders: Vec<&'a Path>,
    /// Folders in which files are read, made, replaced and removed.
    pub made_in: Vec<&'a Path>,
}

/// How far it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confined {
    files: Files,
    /// Whether sockets and programs are refused, or why not.
    calls: Result<(), String>,
}

/// What became of the restriction of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    /// By Landlock with this number (`LANDLOCK_CREATE_RULESET_VERSION`).
    Restricted(i32),
    /// This kernel was built without it, or a filter of a container hides it.
    NotInKernel,
    /// It is switched off.
    SwitchedOff,
    /// The kernel has refused, with this error.
    Refused(i32),
}

/// All that is known of the rights that Landlock can take: of those that a kernel does not
/// know it takes none.
const NEWEST: ABI = ABI::V10;

/// The calling thread, and all that it creates from now on, does no more than `needs`. What
/// cannot be had here is left out, and told by the answer.
#[must_use]
pub fn for_good(needs: &Needs<'_>) -> Confined {
    Confined {
        files: restrict(needs).unwrap_or_else(|e| Files::Refused(errno(&e))),
        calls: calls::refuse().map_err(|e| e.to_string()),
    }
}

fn restrict(needs: &Needs<'_>) -> Result<Files, RulesetError> {
    let reading = AccessFs::ReadFile;
    let within = AccessFs::ReadFile | AccessFs::ReadDir;
    let making = within
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::RemoveFile;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .no_new_privs(true);
    for file in &needs.files {
        // A folder that was given for a file is opened, and then told as what it is.
        let rights = if file.is_dir() {
            AccessFs::ReadDir.into()
        } else {
            reading.into()
        };
        allow(&mut rules, file, rights);
    }
    for folder in &needs.folders {
        allow(&mut rules, folder, within);
    }
    for folder in &needs.made_in {
        allow(&mut rules, folder, making);
    }
    let status = rules.restrict_self()?;
    Ok(match (status.landlock, status.ruleset) {
        (LandlockStatus::NotEnabled, _) => Files::SwitchedOff,
        (_, RulesetStatus::NotEnforced) | (LandlockStatus::NotImplemented, _) => Files::NotInKernel,
        (LandlockStatus::Available { effective_abi, .. }, _) => {
            Files::Restricted(effective_abi as i32)
        }
    })
}

/// Allows what is beneath a path. What is not there is told when it is opened; a pipe
/// without a name belongs to no folder, and needs no rule.
fn allow(rules: &mut landlock::RulesetCreated, path: &Path, rights: BitFlags<AccessFs>) {
    if let Ok(fd) = PathFd::new(path) {
        let _ = rules.add_rule(PathBeneath::new(fd, rights));
    }
}

/// The number of the error behind the crate's words; 0 where there is none.
fn errno(error: &RulesetError) -> i32 {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return io.raw_os_error().unwrap_or(0);
        }
        cause = error.source();
    }
    0
}

impl fmt::Display for Confined {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.files {
            Files::Restricted(abi) => {
                write!(out, "no other file (Landlock, ABI {abi}")?;
                // Before, a file could be cut off by its name (landlock(7)).
                if abi < 3 {
                    out.write_str(", which does not know truncate(2)")?;
                }
                out.write_str(")")?;
            }
            Files::NotInKernel => {
                out.write_str("files are not restricted: this kernel has no Landlock (ENOSYS)")?;
            }
            Files::SwitchedOff => out.write_str(
                "files are not restricted: Landlock is switched off (EOPNOTSUPP); \"landlock\" \
                 in the kernel's parameter lsm= switches it on",
            )?,
            Files::Refused(number) => write!(
                out,
                "files are not restricted: Landlock was refused ({})",
                io::Error::from_raw_os_error(number)
            )?,
        }
        match &self.calls {
            Ok(()) => out.write_str("; no network, no execution (seccomp)"),
            Err(why) if matches!(self.files, Files::Restricted(4..)) => write!(
                out,
                "; no TCP, no execution (Landlock); other networks are not refused: {why}"
            ),
            Err(why) => write!(out, "; the network is not refused: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::ErrorKind;
    use std::net::{TcpStream, UdpSocket};
    use std::path::PathBuf;
    use std::process::Command;
    use std::thread;

    use super::*;

    /// What a confined thread of its own gets for its attempts.
    fn confined<T: Send>(needs: &Needs<'_>, act: impl FnOnce() -> T + Send) -> (Confined, T) {
        thread::scope(|scope| scope.spawn(|| (for_good(needs), act())).join()).unwrap()
    }

    fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
        result.err().map(|e| e.kind())
    }

    const REFUSED: Option<ErrorKind> = Some(ErrorKind::PermissionDenied);

    /// A folder with a file in it.
    fn folder(within: &Path, name: &str) -> (PathBuf, PathBuf) {
        let folder = within.join(name);
        let file = folder.join("file");
        fs::create_dir(&folder).unwrap();
        fs::write(&file, "text").unwrap();
        (folder, file)
    }

    #[test]
    fn no_socket_and_no_program_whatever_the_kernel_has() {
        let (said, tried) = confined(&Needs::default(), || {
            [
                kind(TcpStream::connect("127.0.0.1:9")),
                kind(UdpSocket::bind("127.0.0.1:0")),
                kind(std::os::unix::net::UnixDatagram::unbound()),
                kind(Command::new("/bin/true").spawn()),
                // Threads that it makes are confined, too.
                thread::scope(|scope| {
                    let made = scope.spawn(|| kind(UdpSocket::bind("127.0.0.1:0")));
                    made.join().unwrap()
                }),
            ]
        });
        assert_eq!(tried, [REFUSED; 5], "{said}");
        assert!(
            said.to_string()
                .ends_with("no network, no execution (seccomp)")
        );
        // Other threads are as they were.
        UdpSocket::bind("127.0.0.1:0").unwrap();
    }

    #[test]
    fn files_are_read_and_made_where_that_is_needed_and_nowhere_else() {
        let scratch = tempfile::tempdir().unwrap();
        let (read, in_read) = folder(scratch.path(), "read");
        let (made, in_made) = folder(scratch.path(), "made");
        let (other, in_other) = folder(scratch.path(), "other");
        let (alone, the_file) = folder(scratch.path(), "alone");
        let beside = alone.join("beside");
        fs::write(&beside, "text").unwrap();
        let missing = scratch.path().join("missing");
        let needs = Needs {
            files: vec![&the_file, &missing],
            folders: vec![&read],
            made_in: vec![&made],
        };
        let (said, ()) = confined(&needs, || {
            if !matches!(for_good(&needs).files, Files::Restricted(3..)) {
                return;
            }
            fs::read(&the_file).unwrap();
            fs::read(&in_read).unwrap();
            fs::read_dir(&read).unwrap();
            let new = made.join(".new");
            fs::write(&new, "text").unwrap();
            fs::rename(&new, &in_made).unwrap();
            fs::remove_file(&in_made).unwrap();
            for refused in [
                kind(fs::read(&in_other)),
                kind(fs::read_dir(&other)),
                kind(fs::read(&beside)),
                kind(fs::read("/proc/self/status")),
                kind(fs::write(&the_file, "")),
                kind(fs::write(&in_read, "")),
                kind(fs::remove_file(&in_read)),
                kind(fs::write(read.join("new"), "")),
                kind(fs::create_dir(made.join("new"))),
                kind(std::os::unix::fs::symlink("/", made.join("new"))),
                kind(File::create(other.join("new"))),
            ] {
                assert_eq!(refused, REFUSED);
            }
            assert_eq!(kind(fs::read(&missing)), Some(ErrorKind::NotFound));
        });
        if !matches!(said.files, Files::Restricted(_)) {
            assert!(said.to_string().starts_with("files are not restricted: "));
        }
        assert_eq!(fs::read(&in_other).unwrap(), b"text");
        assert_eq!(fs::read(&in_read).unwrap(), b"text");
    }

    #[test]
    fn a_folder_given_for_a_file_is_told_as_one() {
        let scratch = tempfile::tempdir().unwrap();
        let (given, inside) = folder(scratch.path(), "given");
        let needs = Needs {
            files: vec![&given],
            ..Needs::default()
        };
        let (said, (opened, read)) = confined(&needs, || {
            (kind(File::open(&given)), kind(fs::read(&inside)))
        });
        assert_eq!(opened, None, "{said}");
        if matches!(said.files, Files::Restricted(_)) {
            assert_eq!(read, REFUSED);
        }
    }

    #[test]
    fn what_is_said_is_what_was_done() {
        let said = |files, calls: Result<(), &str>| {
            let calls = calls.map_err(str::to_owned);
            Confined { files, calls }.to_string()
        };
        assert_eq!(
            said(Files::Restricted(7), Ok(())),
            "no other file (Landlock, ABI 7); no network, no execution (seccomp)"
        );
        assert!(said(Files::Restricted(2), Ok(())).contains("truncate(2)"));
        assert!(said(Files::NotInKernel, Ok(())).contains("ENOSYS"));
        assert!(said(Files::SwitchedOff, Ok(())).contains("lsm="));
        assert!(said(Files::Refused(libc::E2BIG), Ok(())).contains("rgument list too long"));
        let without = said(Files::Restricted(7), Err("EINVAL"));
        assert!(
            without.ends_with(
                "no TCP, no execution (Landlock); other networks are not refused: EINVAL"
            )
        );
        assert!(
            said(Files::Restricted(3), Err("EINVAL"))
                .ends_with("the network is not refused: EINVAL")
        );
    }
}
