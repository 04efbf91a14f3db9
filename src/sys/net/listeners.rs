//! Who listens on a TCP port: `/proc/net/tcp` joined with the descriptors of
//! processes (proc(5)).

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::Pid;
use crate::sys::proc;

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to.
    pub address: SocketAddr,
    inode: u64,
}

/// The state LISTEN in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// The sockets that listen on this port.
#[must_use]
pub fn listening_on(port: u16) -> Vec<Listener> {
    let mut all = listening();
    all.retain(|l| l.address.port() == port);
    all
}

fn listening() -> Vec<Listener> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| table.lines().skip(1).filter_map(parse).collect::<Vec<_>>())
        .collect()
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

/// Where these processes listen, as far as it can be seen.
#[must_use]
pub fn held_by(pids: &[Pid]) -> Vec<SocketAddr> {
    let held: HashSet<u64> = pids.iter().flat_map(|pid| socket_inodes(*pid)).collect();
    if held.is_empty() {
        return Vec::new();
    }
    let listeners = listening().into_iter();
    listeners
        .filter(|l| held.contains(&l.inode))
        .map(|l| l.address)
        .collect()
}

/// The sockets among a process's descriptors.
fn socket_inodes(pid: Pid) -> Vec<u64> {
    let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else {
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

/// Whether a closed connection had this port as its own, and is remembered.
fn is_remembered(port: u16) -> bool {
    const TIME_WAIT: &str = "06";
    let wanted = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .any(|table| {
            table.lines().skip(1).any(|line| {
                let mut fields = line.split_whitespace().skip(1);
                fields.next().is_some_and(|local| local.ends_with(&wanted))
                    && fields.nth(1) == Some(TIME_WAIT)
            })
        })
}

fn parse(line: &str) -> Option<Listener> {
    let mut fields = line.split_whitespace();
    let local = fields.nth(1)?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    if state != LISTEN {
        return None;
    }
    let (ip, port) = local.split_once(':')?;
    Some(Listener {
        address: SocketAddr::new(parse_ip(ip)?, u16::from_str_radix(port, 16).ok()?),
        inode,
    })
}

/// Addresses stand as 32-bit words in the host's byte order, in hexadecimal.
fn parse_ip(hex: &str) -> Option<IpAddr> {
    let words: Vec<[u8; 4]> = (0..hex.len() / 8)
        .map(|i| {
            let word = hex.get(i * 8..i * 8 + 8)?;
            Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
        })
        .collect::<Option<_>>()?;
    match words.as_slice() {
        [v4] => Some(Ipv4Addr::from(*v4).into()),
        [_, _, _, _] => {
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// The process that holds this socket: the lowest-numbered, which is the one
/// that the others were forked from. `None` where it may not be seen.
#[must_use]
pub fn holder(listener: &Listener) -> Option<Pid> {
    let mut pids: Vec<u32> = proc::numbers_in("/proc").collect();
    pids.sort_unstable();
    pids.into_iter()
        .map(Pid)
        .find(|pid| socket_inodes(*pid).contains(&listener.inode))
}

/// "by NAME (pid N)" for whoever listens on the port, or what else holds it;
/// empty where it cannot be seen.
#[must_use]
pub fn describe_holder(port: u16) -> String {
    let listeners = listening_on(port);
    if listeners.is_empty() && is_remembered(port) {
        return " by a closed connection, for a minute at most (TIME_WAIT)".to_owned();
    }
    listeners
        .iter()
        .find_map(holder)
        .map(|pid| {
            let name = proc::name_of(pid).unwrap_or_else(|| "?".to_owned());
            format!(" by {} (pid {pid})", name.escape_default())
        })
        .unwrap_or_default()
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

    #[test]
    fn ipv6_addresses_are_read() {
        let any = parse_ip("00000000000000000000000000000000").unwrap();
        assert_eq!(any, IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let one = parse_ip("00000000000000000000000001000000").unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(one, IpAddr::V6(Ipv6Addr::LOCALHOST));
        }
    }
}
