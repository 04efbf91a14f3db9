//! Who listens on a TCP port: the tables of sockets joined with the descriptors
//! of processes (proc(5)).
//!
//! The functions of this file are of the caller's own network namespace, the
//! methods of whichever is asked.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::NetNamespace;
use super::tcp_table::TcpState;
use crate::model::Pid;
use crate::sys::proc::{self, Proc};

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to.
    pub address: SocketAddr,
    inode: u64,
}

impl NetNamespace {
    fn listening(self) -> impl Iterator<Item = Listener> {
        let sockets = self.tcp_sockets();
        let listening = sockets.filter(|socket| socket.state == TcpState::LISTEN);
        listening.map(|socket| Listener {
            address: socket.local,
            inode: socket.inode,
        })
    }

    /// The sockets that listen on this port.
    #[must_use]
    pub fn listening_on(self, port: u16) -> Vec<Listener> {
        let all = self.listening();
        all.filter(|l| l.address.port() == port).collect()
    }

    /// Where these processes listen, as far as it can be seen.
    #[must_use]
    pub fn held_by(self, pids: &[Pid]) -> Vec<SocketAddr> {
        let held: HashSet<u64> = pids.iter().flat_map(|pid| socket_inodes(*pid)).collect();
        if held.is_empty() {
            return Vec::new();
        }
        let ours = self.listening().filter(|l| held.contains(&l.inode));
        ours.map(|l| l.address).collect()
    }

    /// Whether a closed connection had this port as its own, and is remembered.
    fn is_remembered(self, port: u16) -> bool {
        self.tcp_sockets()
            .any(|socket| socket.local.port() == port && socket.state == TcpState::TIME_WAIT)
    }

    /// Who listens on the port, or what else holds it, and what would free it, as the
    /// middle of a sentence: " by NAME (pid N); end that program".
    #[must_use]
    pub fn describe_holder(self, port: u16) -> String {
        let listeners = self.listening_on(port);
        if listeners.is_empty() && self.is_remembered(port) {
            return " by a closed connection in TIME-WAIT; wait for a minute".to_owned();
        }
        let named = |pid| {
            let name = proc::name_of(pid).unwrap_or_else(|| "?".to_owned());
            format!(
                " by {} (pid {pid}); end that program",
                name.escape_default()
            )
        };
        let holder = listeners.iter().find_map(holder);
        holder.map_or("; end the program that uses it".to_owned(), named)
    }
}

/// [`NetNamespace::listening_on`] in the caller's own.
#[must_use]
pub fn listening_on(port: u16) -> Vec<Listener> {
    NetNamespace::own().listening_on(port)
}

/// [`NetNamespace::held_by`] in the caller's own.
#[must_use]
pub fn held_by(pids: &[Pid]) -> Vec<SocketAddr> {
    NetNamespace::own().held_by(pids)
}

/// [`NetNamespace::describe_holder`] in the caller's own.
#[must_use]
pub fn describe_holder(port: u16) -> String {
    NetNamespace::own().describe_holder(port)
}

/// An address at which what is bound to this one can be reached from here.
#[must_use]
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    // A socket of both families says an address of the fourth as one of the
    // sixth; on the wire it is what it is.
    let ip = match bound.ip().to_canonical() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}

/// The sockets among a process's descriptors. Where its first thread has ended and
/// others go on, only those have them.
fn socket_inodes(pid: Pid) -> Vec<u64> {
    let all = sockets_in(Proc::of(pid));
    if !all.is_empty() || !proc::has_lost_its_first_thread(pid) {
        return all;
    }
    let threads = proc::tasks_of(pid).into_iter();
    let mut held = threads.map(|tid| sockets_in(Proc::of_thread(pid, tid)));
    held.find(|sockets| !sockets.is_empty()).unwrap_or_default()
}

fn sockets_in(of: Proc) -> Vec<u64> {
    let Ok(fds) = fs::read_dir(of.path("fd")) else {
        return Vec::new();
    };
    fds.filter_map(|fd| {
        let link = fs::read_link(fd.ok()?.path()).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        inode.parse().ok()
    })
    .collect()
}

/// Whether a connection to `target` would reach this listener.
#[must_use]
pub fn serves(listener: &Listener, target: SocketAddr) -> bool {
    let bound = listener.address.ip();
    let wildcard = bound.is_unspecified() && (bound.is_ipv6() || target.is_ipv4());
    listener.address.port() == target.port()
        && (wildcard || bound.to_canonical() == target.ip().to_canonical())
}

/// The process that holds this socket: the lowest-numbered, which is the one
/// that the others were forked from. `None` where it may not be seen.
#[must_use]
pub fn holder(listener: &Listener) -> Option<Pid> {
    let mut pids: Vec<Pid> = proc::processes().collect();
    pids.sort_unstable();
    pids.into_iter()
        .find(|pid| socket_inodes(*pid).contains(&listener.inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_of_this_process_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let found = listening_on(address.port());
        let listener = found.iter().find(|l| l.address == address).unwrap();
        assert!(serves(listener, address));
        assert_eq!(holder(listener), Some(Pid(std::process::id())));
    }
}
