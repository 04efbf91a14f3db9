//! The system's error numbers by name.

pub use libc::{EAGAIN, EMFILE, ENETDOWN, ENETUNREACH, ENFILE, ENOMEM};

/// The names of `libc`'s numbers.
macro_rules! names {
    ($($name:ident)*) => { [$((libc::$name, stringify!($name))),*] };
}

/// What the calls that create something end with (clone(2), fork(2), mmap(2),
/// socket(2), connect(2), accept(2), send(2), recv(2), ip(7)).
const NAMES: [(i32, &str); 44] = names![
    EPERM ENOENT ESRCH EINTR EIO ENXIO EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST
    ENODEV EINVAL ENFILE EMFILE ENOSPC EPIPE ERANGE ENOSYS ENOTSOCK EPROTO EPROTONOSUPPORT
    EOPNOTSUPP EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED
    ECONNRESET ENOBUFS EISCONN ENOTCONN ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY
    EINPROGRESS EUSERS
];

/// The name of an error number; the number itself where it is none of those
/// that creating something ends with.
#[must_use]
pub fn name(errno: i32) -> String {
    let known = NAMES.iter().find(|(number, _)| *number == errno);
    known.map_or_else(|| errno.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_their_names() {
        assert_eq!(name(libc::ENETUNREACH), "ENETUNREACH");
        assert_eq!(name(libc::EAGAIN), "EAGAIN");
        assert_eq!(name(0), "0");
    }
}
