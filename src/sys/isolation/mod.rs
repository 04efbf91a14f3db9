//! A network of one's own for the whole run: a user namespace and a network namespace
//! (namespaces(7)), in which an ordinary user may capture.
//!
//! The person's number stays the same there, files belong to the person, and processes
//! keep their numbers. The loopback interface of the new network is brought up; nothing
//! leads out of it.

mod why;

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities};

use self::why::Readings;
use super::net::loopback;
use super::privilege::may_capture;
use super::process::fork_and;
use super::process::rusage::reap;

/// Whose number the run has inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The person's own.
    Own,
    /// Root's, for servers that want a port below 1024. Outside it is the person's.
    Root,
}

/// A step on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A user namespace is made: `unshare(CLONE_NEWUSER)`.
    User,
    /// Numbers are mapped: `/proc/self/uid_map` (`user_namespaces(7)`).
    Map,
    /// A network namespace is made: `unshare(CLONE_NEWNET)`.
    Net,
    /// Its loopback interface is brought up (netdevice(7)).
    Loopback,
    /// The rights inside are looked at: packet sockets need `CAP_NET_RAW` there.
    Rights,
}

/// A step that the system refuses, and what would let it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}: {why}", .step.call(), io::Error::from(*.errno))]
pub struct Refused {
    /// The step.
    pub step: Step,
    /// How it was refused.
    pub errno: Errno,
    /// The switch that forbids it, and how it is set.
    pub why: String,
}

impl Step {
    /// The call that was refused.
    const fn call(self) -> &'static str {
        match self {
            Self::User => "unshare(CLONE_NEWUSER)",
            Self::Map => "writing /proc/self/uid_map",
            Self::Net => "unshare(CLONE_NEWNET)",
            Self::Loopback => "bringing lo up",
            Self::Rights => "capturing there",
        }
    }
}

/// Enters a network of one's own, for good: this process and all that it starts from
/// now on. No other thread may exist yet.
///
/// # Errors
/// When the system refuses a step. The process may then be on the way, and can do no
/// more than say so.
pub fn enter(identity: Identity) -> Result<(), Refused> {
    // As they are here: in a namespace of its own a process has limits of its own.
    let readings = Readings::now();
    let refused = |step| {
        let readings = &readings;
        move |errno| Refused {
            step,
            errno,
            why: why::why(step, errno, readings),
        }
    };
    // Root needs no user namespace, and keeps what it may do outside.
    let may_at_once =
        capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    if !may_at_once {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        unshare(UnshareFlags::NEWUSER).map_err(refused(Step::User))?;
        // A file with capabilities makes a process not dumpable, and its files under
        // /proc root's (prctl(2)). It has no right outside any more.
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable)
            .map_err(refused(Step::Map))?;
        let within = |outside: u32| match identity {
            Identity::Own => format!("{outside} {outside} 1"),
            Identity::Root => format!("0 {outside} 1"),
        };
        write("/proc/self/uid_map", &within(uid.as_raw()))
            // Who has no privilege outside may map a group only where setgroups(2) is
            // given up (user_namespaces(7)).
            .and_then(|()| write("/proc/self/setgroups", "deny"))
            .and_then(|()| write("/proc/self/gid_map", &within(gid.as_raw())))
            .map_err(refused(Step::Map))?;
    }
    unshare(UnshareFlags::NEWNET).map_err(refused(Step::Net))?;
    loopback::bring_up().map_err(refused(Step::Loopback))?;
    if may_capture() == Some(false) {
        return Err(refused(Step::Rights)(Errno::PERM));
    }
    Ok(())
}

/// Whether such a network can be had: a process of its own tries, and is gone.
///
/// # Errors
/// Which step was refused, and why; or that it could not be tried.
pub fn probe() -> Result<(), String> {
    let tried = || -> io::Result<String> {
        let (said, say) = pipe_with(PipeFlags::CLOEXEC)?;
        let child = fork_and(|| {
            let words = match enter(Identity::Own) {
                Ok(()) => String::new(),
                Err(refused) => refused.to_string(),
            };
            i32::from(fs::File::from(say).write_all(words.as_bytes()).is_err())
        })?;
        let mut words = String::new();
        let read = fs::File::from(said).read_to_string(&mut words);
        let (status, _) = reap(child)?;
        read?;
        if status.success() {
            return Ok(words);
        }
        Err(io::Error::other(format!("it ended with {status}")))
    };
    match tried() {
        Ok(words) if words.is_empty() => Ok(()),
        Ok(words) => Err(words),
        Err(e) => Err(format!("it could not be tried: {e}")),
    }
}

/// Whether capabilities of this process hold in the network that it is in: it belongs to
/// this user namespace, or to one below it (`user_namespaces(7)`). `None` where it cannot
/// be told.
#[must_use]
pub fn rights_hold_in_network() -> Option<bool> {
    /// `NS_GET_USERNS` of `ioctl_ns(2)`.
    const OWNER: libc::Ioctl = 0xb701;
    let network = fs::File::open("/proc/self/ns/net").ok()?;
    // SAFETY: the request takes no argument, and returns a new descriptor.
    let owner = unsafe { libc::ioctl(network.as_raw_fd(), OWNER) };
    if owner >= 0 {
        // SAFETY: the kernel has just made it, and nobody else knows of it.
        drop(unsafe { OwnedFd::from_raw_fd(owner) });
        return Some(true);
    }
    // Whose it is may only be asked of what is in or below one's own.
    (io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)).then_some(false)
}

fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: neither the table of descriptors nor the file system's attributes are
    // unshared, so that no other thread's view of them changes.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

fn write(file: &str, text: &str) -> Result<(), Errno> {
    fs::write(file, text).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
}
