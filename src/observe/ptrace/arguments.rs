//! What a program hands to a system call, whichever convention it makes it in:
//! arguments, addresses.

use super::calls::{Kind, Watched};
use crate::model::Endpoint;
use crate::sys::net::asked::parse_address;
use crate::sys::ptrace::remote_socket::Refusal;
use crate::sys::ptrace::tracee::Stopped;

/// A call of interest that a task has stopped at.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// What it does.
    pub kind: Kind,
    /// Its arguments, as if it had been made in the machine's own convention.
    pub arguments: [u64; 6],
    /// The size of a pointer of the program, in bytes.
    pub pointer: usize,
}

/// An address in an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Of the internet family.
    Of(Endpoint),
    /// `AF_UNSPEC`: a connection is to be dissolved (connect(2)).
    Unspecified,
}

/// Which call it is; `None` for one that nobody asks about.
///
/// # Errors
/// When the system refuses to read what the program hands over.
pub fn recognise(
    all: &[Watched],
    task: &Stopped,
    audit: u32,
    number: u64,
    arguments: [u64; 6],
) -> Result<Option<Made>, Refusal> {
    let mut met = all
        .iter()
        .filter(|w| w.may_be(audit, number, &arguments))
        .peekable();
    // Nearly all calls in the machine's own convention are found here.
    let Some(first) = met.peek() else {
        return Ok(None);
    };
    let pointer = first.convention.pointer;
    let arguments = match first.socket_call {
        Some(_) => words(task, arguments[1], pointer)?,
        None if pointer == 4 => arguments.map(|a| a & u64::from(u32::MAX)),
        None => arguments,
    };
    let call = met.find(|w| w.is(&arguments));
    Ok(call.map(|call| Made {
        kind: call.kind,
        arguments,
        pointer,
    }))
}

/// The arguments of socketcall(2)'s call: those that are there.
fn words(task: &Stopped, at: u64, pointer: usize) -> Result<[u64; 6], Refusal> {
    let mut bytes = [0u8; 48];
    let read = task.memory(at, &mut bytes[..pointer * 6])?;
    let mut words = [0u64; 6];
    for (word, bytes) in words.iter_mut().zip(bytes[..read].chunks_exact(pointer)) {
        *word = number(bytes);
    }
    Ok(words)
}

/// A number of the program's, in the order of this machine's bytes.
fn number(bytes: &[u8]) -> u64 {
    let four = |bytes: [u8; 4]| u64::from(u32::from_ne_bytes(bytes));
    let eight = bytes.try_into().map(u64::from_ne_bytes);
    eight.unwrap_or_else(|_| bytes.try_into().map_or(0, four))
}

impl Made {
    /// Whether a call that receives asks for what is not in the stream: errors
    /// (`MSG_ERRQUEUE`) or urgent data (`MSG_OOB`, recv(2)).
    pub fn asks_for_other_than_data(&self) -> bool {
        const OTHER: u64 = 0x2000 | 0x1;
        let Kind::Receive {
            flags: Some(at), ..
        } = self.kind
        else {
            return false;
        };
        self.arguments
            .get(at)
            .is_some_and(|flags| flags & OTHER != 0)
    }

    /// The address that connect(2) is given.
    ///
    /// # Errors
    /// When the system refuses to read it.
    pub fn connects_to(&self, task: &Stopped) -> Result<Option<Address>, Refusal> {
        address(task, self.arguments[1], self.arguments[2])
    }

    /// The address that a sending call is given: among its arguments, or in the
    /// `struct msghdr` that one of them points to.
    ///
    /// # Errors
    /// When the system refuses to read it.
    pub fn sends_to(&self, task: &Stopped, message: bool) -> Result<Option<Address>, Refusal> {
        let (at, length) = if message {
            let mut bytes = [0u8; 16];
            let header = &mut bytes[..2 * self.pointer];
            let read = task.memory(self.arguments[1], header)?;
            let header = bytes.get(..read).unwrap_or_default();
            let Some((at, length)) = header.split_at_checked(self.pointer) else {
                return Ok(None);
            };
            let Some(length) = length.get(..4) else {
                return Ok(None);
            };
            (number(at), number(length))
        } else {
            (self.arguments[4], self.arguments[5])
        };
        address(task, at, length)
    }

    /// Whether a message has room for what goes beside its bytes (`msg_control` of
    /// recv(2)).
    ///
    /// # Errors
    /// When the system refuses to read it.
    pub fn has_control(&self, task: &Stopped) -> Result<bool, Refusal> {
        let (_, length) = control(task, self.arguments[1], self.pointer)?;
        Ok(length > 0)
    }

    /// The descriptors that go with a message (`SCM_RIGHTS` of unix(7)).
    ///
    /// # Errors
    /// When the system refuses to read it.
    pub fn descriptors(&self, task: &Stopped) -> Result<Vec<i32>, Refusal> {
        descriptors(task, self.arguments[1], self.pointer)
    }

    /// The address that accept(2) has written.
    ///
    /// # Errors
    /// When the system refuses to read it.
    pub fn was_told(task: &Stopped, at: u64) -> Result<Option<Endpoint>, Refusal> {
        Ok(match address(task, at, 28)? {
            Some(Address::Of(endpoint)) => Some(endpoint),
            Some(Address::Unspecified) | None => None,
        })
    }
}

/// Where the `struct msghdr` at this address has what goes beside its bytes, and how
/// long that is. Its fields have the size of a pointer, or are padded to it.
fn control(task: &Stopped, message: u64, pointer: usize) -> Result<(u64, u64), Refusal> {
    let mut bytes = [0u8; 16];
    let words = &mut bytes[..2 * pointer];
    let read = task.memory(message.wrapping_add(4 * pointer as u64), words)?;
    let (at, length) = words.split_at(pointer);
    Ok(if read == 2 * pointer {
        (number(at), number(length))
    } else {
        (0, 0)
    })
}

/// The descriptors that the message at this address has brought, or is to bring.
///
/// # Errors
/// When the system refuses to read it.
pub fn descriptors(task: &Stopped, message: u64, pointer: usize) -> Result<Vec<i32>, Refusal> {
    /// More than the most descriptors that go with one message (253, unix(7)).
    const MOST: u64 = 1 << 13;
    let (at, length) = control(task, message, pointer)?;
    let mut bytes = vec![0; usize::try_from(length.min(MOST)).unwrap_or(0)];
    let read = task.memory(at, &mut bytes)?;
    Ok(rights(bytes.get(..read).unwrap_or_default(), pointer))
}

/// The descriptors in a row of `struct cmsghdr` (cmsg(3)).
fn rights(mut bytes: &[u8], pointer: usize) -> Vec<i32> {
    let head = pointer + 8;
    let four = |bytes: &[u8]| bytes.try_into().map_or(0, i32::from_ne_bytes);
    let mut found = Vec::new();
    while bytes.len() >= head {
        let length = usize::try_from(number(&bytes[..pointer])).unwrap_or(0);
        let (level, kind) = (&bytes[pointer..pointer + 4], &bytes[pointer + 4..head]);
        let Some(data) = bytes.get(head..length) else {
            break;
        };
        if (four(level), four(kind)) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            found.extend(data.chunks_exact(4).map(four));
        }
        bytes = bytes
            .get(length.next_multiple_of(pointer)..)
            .unwrap_or_default();
    }
    found
}

fn address(task: &Stopped, at: u64, length: u64) -> Result<Option<Address>, Refusal> {
    let mut bytes = [0u8; 28];
    let length = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let read = task.memory(at, &mut bytes[..length])?;
    Ok(bytes.get(..read).and_then(told))
}

/// What the bytes of an address say.
fn told(bytes: &[u8]) -> Option<Address> {
    let family = bytes.first_chunk::<2>()?;
    if i32::from(u16::from_ne_bytes(*family)) == libc::AF_UNSPEC {
        return Some(Address::Unspecified);
    }
    parse_address(bytes).map(Address::Of)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One `struct cmsghdr` with what follows it.
    fn part(pointer: usize, level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let length = pointer + 8 + data.len();
        let mut bytes = length.to_ne_bytes()[..pointer].to_vec();
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(length.next_multiple_of(pointer), 0);
        bytes
    }

    #[test]
    fn descriptors_are_found_among_other_things() {
        for pointer in [4, 8] {
            let mut bytes = part(pointer, 0, 8, &[1; 12]);
            let two = [7i32.to_ne_bytes(), 9i32.to_ne_bytes()].concat();
            bytes.extend(part(pointer, libc::SOL_SOCKET, libc::SCM_RIGHTS, &two));
            bytes.extend(part(pointer, libc::SOL_SOCKET, 2, &[0; 12]));
            let one = 300i32.to_ne_bytes();
            bytes.extend(part(pointer, libc::SOL_SOCKET, libc::SCM_RIGHTS, &one));
            assert_eq!(rights(&bytes, pointer), [7, 9, 300]);
            // Whatever a program hands over.
            for end in 0..bytes.len() {
                assert!(rights(&bytes[..end], pointer).len() <= 3);
            }
            for length in [0u64, 1, 11, 12, u64::MAX] {
                let mut odd = bytes.clone();
                odd[..pointer].copy_from_slice(&length.to_ne_bytes()[..pointer]);
                let _ = rights(&odd, pointer);
            }
        }
    }
}
