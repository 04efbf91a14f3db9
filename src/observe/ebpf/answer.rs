//! What connect(2) has answered, and whether it was the kernel that did.
//!
//! A filter of seccomp(2) may answer in its place, and then no connection was tried: with
//! whatever it likes, or, where it sends a signal (`SECCOMP_RET_TRAP`), with the number of
//! the call.

/// The greatest error (`MAX_ERRNO` of `linux/err.h`).
const MOST: i32 = 4095;

/// Results that mean "interrupted" (`linux/errno.h`), which the program never sees.
const RESTARTS: std::ops::RangeInclusive<i32> = -516..=-512;

/// What connect(2) says of a connection: 0 or an error, by what it has returned.
/// `connecting`: the socket's SYN has not been answered yet. `has_one`: it has a
/// connection, or one was begun. `None`: the kernel has not run the call.
pub fn errno(result: i32, connecting: bool, has_one: bool) -> Option<i32> {
    match result {
        code if RESTARTS.contains(&code) => Some(libc::EINTR),
        0 if connecting => Some(libc::EINPROGRESS),
        0 => has_one.then_some(0),
        // Of an error nothing more is known: the kernel refuses some before it begins.
        code => (-MOST..0).contains(&code).then(|| -code),
    }
}

/// Whether the connection goes on after this answer.
pub fn goes_on(errno: i32) -> bool {
    [libc::EINPROGRESS, libc::EINTR, libc::EALREADY].contains(&errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_answers_are_believed() {
        assert_eq!(errno(0, false, true), Some(0));
        assert_eq!(errno(0, true, true), Some(libc::EINPROGRESS));
        assert_eq!(errno(-512, true, true), Some(libc::EINTR));
        // It has looked at its routes, and has begun nothing.
        let refused = errno(-libc::ENETUNREACH, false, false);
        assert_eq!(refused, Some(libc::ENETUNREACH));
    }

    #[test]
    fn a_filter_s_answers_are_no_connection() {
        assert_eq!(errno(0, false, false), None, "the socket knows of none");
        for has_one in [false, true] {
            assert_eq!(errno(42, false, has_one), None, "the number of the call");
            assert_eq!(errno(i32::MIN, false, has_one), None);
        }
    }
}
