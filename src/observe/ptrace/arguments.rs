//! What a program hands to a system call, whichever convention it makes it in:
//! arguments, addresses.

use super::calls::{Kind, Watched};
use crate::model::Endpoint;
use crate::sys::ptrace::remote_socket::parse_address;
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
pub fn recognise(
    all: &[Watched],
    task: &Stopped,
    audit: u32,
    number: u64,
    arguments: [u64; 6],
) -> Option<Made> {
    let mut met = all
        .iter()
        .filter(|w| w.may_be(audit, number, &arguments))
        .peekable();
    // Nearly all calls in the machine's own convention are found here.
    let first = met.peek()?;
    let pointer = first.convention.pointer;
    let arguments = match first.socket_call {
        Some(_) => words(task, arguments[1], pointer)?,
        None if pointer == 4 => arguments.map(|a| a & u64::from(u32::MAX)),
        None => arguments,
    };
    let call = met.find(|w| w.is(&arguments))?;
    Some(Made {
        kind: call.kind,
        arguments,
        pointer,
    })
}

/// The arguments of socketcall(2)'s call: those that are there.
fn words(task: &Stopped, at: u64, pointer: usize) -> Option<[u64; 6]> {
    let mut bytes = [0u8; 48];
    let read = task.memory(at, &mut bytes[..pointer * 6])?;
    let mut words = [0u64; 6];
    for (word, bytes) in words.iter_mut().zip(bytes[..read].chunks_exact(pointer)) {
        *word = number(bytes);
    }
    Some(words)
}

/// A number of the program's, in the order of this machine's bytes.
fn number(bytes: &[u8]) -> u64 {
    let four = |bytes: [u8; 4]| u64::from(u32::from_ne_bytes(bytes));
    let eight = bytes.try_into().map(u64::from_ne_bytes);
    eight.unwrap_or_else(|_| bytes.try_into().map_or(0, four))
}

impl Made {
    /// The address that connect(2) is given.
    pub fn connects_to(&self, task: &Stopped) -> Option<Address> {
        address(task, self.arguments[1], self.arguments[2])
    }

    /// The address that a sending call is given: among its arguments, or in the
    /// `struct msghdr` that one of them points to.
    pub fn sends_to(&self, task: &Stopped, message: bool) -> Option<Address> {
        let (at, length) = if message {
            let mut bytes = [0u8; 16];
            let header = &mut bytes[..2 * self.pointer];
            let read = task.memory(self.arguments[1], header)?;
            let header = bytes.get(..read)?;
            let (at, length) = header.split_at_checked(self.pointer)?;
            (number(at), number(length.get(..4)?))
        } else {
            (self.arguments[4], self.arguments[5])
        };
        address(task, at, length)
    }

    /// The address that accept(2) has written.
    pub fn was_told(task: &Stopped, at: u64) -> Option<Endpoint> {
        match address(task, at, 28)? {
            Address::Of(endpoint) => Some(endpoint),
            Address::Unspecified => None,
        }
    }
}

fn address(task: &Stopped, at: u64, length: u64) -> Option<Address> {
    let mut bytes = [0u8; 28];
    let length = usize::try_from(length).ok()?.min(bytes.len());
    let read = task.memory(at, &mut bytes[..length])?;
    let bytes = bytes.get(..read)?;
    let family = bytes.first_chunk::<2>()?;
    if i32::from(u16::from_ne_bytes(*family)) == libc::AF_UNSPEC {
        return Some(Address::Unspecified);
    }
    parse_address(bytes).map(Address::Of)
}
