//! Who listens on a TCP port: the tables of sockets joined with the descriptors
//! of processes (proc(5)).
//!
//! The functions of this file are of the caller's own network namespace, unless they
//! say more; the methods of whichever is asked.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::tcp_table::TcpState;
use super::{NetNamespace, sock_diag};
use crate::model::{Endpoint, Pid};
use crate::sys::proc::{self, Proc};

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to.
    pub address: SocketAddr,
    inode: u64,
}

impl NetNamespace {
    /// All that listen. The kernel answers who asks for the namespace that it is in; of
    /// another one the tables are read, with all their other sockets.
    fn listening(self) -> impl Iterator<Item = Listener> {
        let told = self.is_own().then(sock_diag::listening).flatten();
        let tables = told.is_none().then(|| {
            let sockets = self.tcp_sockets();
            let listening = sockets.filter(|socket| socket.state == TcpState::LISTEN);
            listening.map(|socket| (socket.local, socket.inode))
        });
        let all = told.into_iter().flatten();
        let all = all.chain(tables.into_iter().flatten());
        all.map(|(address, inode)| Listener { address, inode })
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

    /// What has this port as its own, and what would free it, as the middle of a
    /// sentence: " by NAME (pid N); end that program". `None` where nothing has.
    #[must_use]
    pub fn holder_of(self, port: u16) -> Option<String> {
        let listeners = self.listening_on(port);
        if let Some(pid) = listeners.iter().find_map(holder) {
            let name = proc::name_of(pid).unwrap_or_else(|| "?".to_owned());
            let name = name.escape_default();
            return Some(format!(" by {name} (pid {pid}); end that program"));
        }
        if !listeners.is_empty() {
            return Some("; end the program that listens on it".to_owned());
        }
        let sockets = self.tcp_sockets();
        let states: Vec<TcpState> = sockets
            .filter(|socket| socket.local.port() == port)
            .map(|socket| socket.state)
            .collect();
        // A closed connection is remembered for a minute (RFC 9293, 3.6.1; Linux:
        // TCP_TIMEWAIT_LEN), and no program has it any more.
        if states.contains(&TcpState::TIME_WAIT) {
            return Some(" by a closed connection in TIME-WAIT; wait for a minute".to_owned());
        }
        let open = " by a connection that is not closed yet; `ss -tanp` shows it";
        (!states.is_empty()).then(|| open.to_owned())
    }

    /// The same; where nothing is seen to have it, where to look.
    #[must_use]
    pub fn describe_holder(self, port: u16) -> String {
        let holder = self.holder_of(port);
        holder.unwrap_or_else(|| "; `ss -tanp` shows what uses it".to_owned())
    }
}

/// The first processes of those that listen on this port here: of each listening socket
/// the one that has it, and none that another one of them has started.
#[must_use]
pub fn holders_of(port: u16) -> Vec<Pid> {
    let mut all: Vec<Pid> = listening_on(port).iter().filter_map(holder).collect();
    all.sort_unstable();
    all.dedup();
    let trees: Vec<Vec<Pid>> = all.iter().map(|pid| proc::tree_of(*pid)).collect();
    let is_below = |pid: &Pid| {
        let of_others = all.iter().zip(&trees).filter(|(root, _)| *root != pid);
        of_others.into_iter().any(|(_, tree)| tree.contains(pid))
    };
    all.iter().copied().filter(|pid| !is_below(pid)).collect()
}

/// A process that listens on this port in another network namespace than the caller's;
/// `None` where nobody is seen to.
#[must_use]
pub fn holder_elsewhere(port: u16) -> Option<Pid> {
    let mut others = NetNamespace::others();
    others.find_map(|ns| ns.listening_on(port).iter().find_map(holder))
}

/// The addresses of this host at which these are reached.
#[must_use]
pub fn addresses_of(listeners: &[Listener]) -> Vec<IpAddr> {
    let own = NetNamespace::own().addresses();
    let reached = |ip: &IpAddr| {
        let reaches = |l: &Listener| serves(l, SocketAddr::new(*ip, l.address.port()));
        listeners.iter().any(reaches)
    };
    let named = listeners.iter().map(|l| l.address.ip().to_canonical());
    let named = named.filter(|ip| !ip.is_unspecified());
    let mut all: Vec<IpAddr> = own.into_iter().filter(reached).chain(named).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The connections to this port that these processes have, by their own ends: in the
/// network namespace of the first.
#[must_use]
pub fn connections_of(first: Pid, pids: &[Pid], port: u16) -> Vec<Endpoint> {
    let held: HashSet<u64> = pids.iter().flat_map(|pid| socket_inodes(*pid)).collect();
    let all = NetNamespace::of(first).tcp_sockets();
    let to_port = all.filter(|s| s.remote.port() == port && held.contains(&s.inode));
    to_port.map(|socket| socket.local.into()).collect()
}

/// [`NetNamespace::listening_on`] in the caller's own.
#[must_use]
pub fn listening_on(port: u16) -> Vec<Listener> {
    NetNamespace::own().listening_on(port)
}

/// [`NetNamespace::held_by`] in the caller's own, and in those that these are in.
#[must_use]
pub fn held_by(pids: &[Pid]) -> Vec<SocketAddr> {
    let all = NetNamespace::own_and_of(pids);
    all.flat_map(|ns| ns.held_by(pids)).collect()
}

/// Whether anybody listens on this port in the caller's own, or in one that these
/// processes are in.
#[must_use]
pub fn is_listened_on(port: u16, pids: &[Pid]) -> bool {
    let mut all = NetNamespace::own_and_of(pids);
    all.any(|ns| !ns.listening_on(port).is_empty())
}

/// [`NetNamespace::holder_of`] in the caller's own.
#[must_use]
pub fn holder_of(port: u16) -> Option<String> {
    NetNamespace::own().holder_of(port)
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

/// The process on this machine that a connection to `target` reaches: it listens in the
/// network namespace that has the address. `None` where there is none, where it may be one
/// of several, or where it may not be seen.
#[must_use]
pub fn server_at(target: SocketAddr) -> Option<Pid> {
    let own = NetNamespace::own();
    match own.has_address(target.ip()) {
        Some(true) => return own.serving(target),
        Some(false) => {}
        None => return None,
    }
    let others = NetNamespace::others();
    let mut having = others.filter(|ns| ns.has_address(target.ip()) == Some(true));
    let one = having.next()?;
    // An address may be used in several namespaces: which of them is reached, routes say.
    having.next().is_none().then(|| one.serving(target))?
}

impl NetNamespace {
    /// The process that listens there for this.
    fn serving(self, target: SocketAddr) -> Option<Pid> {
        let listeners = self.listening_on(target.port());
        let mut serving = listeners.iter().filter(|l| serves(l, target));
        serving.find_map(holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_namespaces_are_others() {
        let own = NetNamespace::own().number_of();
        let mut all: Vec<_> = NetNamespace::others()
            .map(NetNamespace::number_of)
            .collect();
        assert!(!all.contains(&own));
        let seen = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), seen, "each once");
    }

    #[test]
    fn nobody_here_is_the_server_of_another_host() {
        let socket = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let at = |ip: &str| server_at(SocketAddr::new(ip.parse().unwrap(), port));
        assert_eq!(at("127.0.0.1"), Some(Pid(std::process::id())));
        assert_eq!(at("198.51.100.7"), None);
    }

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
