//! What a client says on its connections, by turns, where that is looked at.

use super::awaited::Awaited;
use crate::model::{Change, SocketId, Timestamp};
use crate::sys::ptrace::remote_socket::RemoteSocket;

/// A connection is made, or on its way. `sent`: since when the call sent as well, where
/// it did.
pub fn begins(
    awaited: &mut Awaited,
    socket: SocketId,
    errno: i32,
    sent: Option<Timestamp>,
    said: &mut Vec<Change>,
) {
    let begun = [libc::EINPROGRESS, libc::EINTR].contains(&errno);
    if errno != 0 && !begun {
        return;
    }
    awaited.connects(socket, begun, sent.is_some());
    said.extend(sent.map(|from| Change::Sent {
        socket,
        from: Some(from),
    }));
}

/// A call that receives has returned this.
pub fn received(awaited: &mut Awaited, socket: SocketId, result: i64, said: &mut Vec<Change>) {
    if awaited.received(socket, result <= 0) {
        let result = Some(result);
        said.push(Change::Received {
            socket,
            result,
            byte: None,
        });
    }
}

/// A program was told how a connection went that it makes in the background (`errno`);
/// of one that is still being made it was told nothing.
pub fn asked(awaited: &mut Awaited, it: &RemoteSocket, errno: Option<i32>, said: &mut Vec<Change>) {
    let (Some(errno), Some(socket)) = (errno, it.id()) else {
        return;
    };
    if (errno != 0 || !it.is_connecting()) && awaited.settled(socket, errno) {
        said.push(Change::Settled { socket, errno });
    }
}
