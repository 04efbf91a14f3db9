//! What the result of a call says of its connection.

use crate::sys::ptrace::remote_socket::RemoteSocket;

/// What a call that connects says of the connection: 0 or an error, and whether
/// its SYN goes out only with the first data (`TCP_FASTOPEN_CONNECT` of tcp(7)).
/// `None`: there was no attempt.
pub fn outcome(socket: &RemoteSocket, result: i64, sends: bool) -> Option<(i32, bool)> {
    if result < 0 {
        let errno = i32::try_from(-result).unwrap_or(0);
        // Fast open is switched off here, and nothing was tried (tcp(7)).
        return (!sends || errno != libc::EOPNOTSUPP).then_some((errno, false));
    }
    // What was sent, or is to be sent, with the SYN is on its way with it.
    if socket.is_connecting() {
        return Some((libc::EINPROGRESS, !sends));
    }
    Some((0, false))
}

/// Whether a call on a socket answered how the connection has ended.
pub fn told_of_the_end(result: i64) -> bool {
    const ENDS: [i32; 4] = [
        libc::ECONNRESET,
        libc::EPIPE,
        libc::ETIMEDOUT,
        libc::ECONNABORTED,
    ];
    ENDS.iter().any(|errno| result == -i64::from(*errno))
}
