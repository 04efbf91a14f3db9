//! What a program hands to a system call, whichever convention it makes it in:
//! arguments, addresses.

use super::calls::{Kind, Watched};
use crate::model::Endpoint;
use crate::sys::ptrace::remote_socket::{Refusal, parse_address};
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
