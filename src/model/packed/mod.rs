//! Many notes of one kind in little memory.
//!
//! A run may have millions of requests, and as a structure each takes a hundred bytes
//! and more. Notes that follow each other differ in little: packed, a note is the
//! difference to the one before it, some twenty bytes. They are read from the first to
//! the last, each unpacked as it is reached.

mod bytes;
mod notes;
mod workers;

#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use bytes::{Reader, Writer};

/// What can be packed: written as bytes, and read back as it was.
pub trait Pack: Clone {
    /// Writes it as what differs from the one before.
    #[doc(hidden)]
    fn pack(&self, before: Option<&Self>, to: &mut Writer<'_>);

    /// Reads one that was written after this one.
    #[doc(hidden)]
    fn unpack(before: Option<&Self>, from: &mut Reader<'_>) -> Self;
}

/// Room that is made for a note; only one with a text is longer.
const LONGEST: usize = 256;

/// Makes room for `more` in a list that grows long: an eighth of what it has, for the
/// double of a gigabyte is a gigabyte that nobody needs.
pub fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 8));
    }
}

/// A list of notes, packed.
#[derive(Clone)]
pub struct Packed<T> {
    bytes: Vec<u8>,
    len: usize,
    last: Option<T>,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            len: 0,
            last: None,
        }
    }
}

impl<T: Pack> Packed<T> {
    /// Puts one more at the end.
    pub fn push(&mut self, one: T) {
        make_room(&mut self.bytes, LONGEST);
        one.pack(self.last.as_ref(), &mut Writer(&mut self.bytes));
        self.len += 1;
        self.last = Some(one);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, from the first to the last.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            bytes: Reader(&self.bytes),
            before: None,
            left: self.len,
        }
    }

    /// The bytes that they take.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The one at this place.
    #[cfg(test)]
    pub(crate) fn at(&self, place: usize) -> T {
        self.iter().nth(place).expect("there are as many")
    }

    /// Unpacks all of them, lets them be changed, and packs them again.
    #[cfg(test)]
    pub(crate) fn change(&mut self, how: impl FnOnce(&mut Vec<T>)) {
        let mut all: Vec<T> = self.iter().collect();
        how(&mut all);
        *self = all.into_iter().collect();
    }
}

/// Reads packed notes.
#[derive(Clone, Debug)]
pub struct Iter<'a, T> {
    bytes: Reader<'a>,
    before: Option<T>,
    left: usize,
}

impl<T: Pack> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let one = T::unpack(self.before.as_ref(), &mut self.bytes);
        self.before = Some(one.clone());
        Some(one)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Pack> ExactSizeIterator for Iter<'_, T> {}

impl<'a, T: Pack> IntoIterator for &'a Packed<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Pack> Extend<T> for Packed<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        all.into_iter().for_each(|one| self.push(one));
    }
}

impl<T: Pack> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut packed = Self::default();
        packed.extend(all);
        packed
    }
}

impl<T: Pack + PartialEq> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Pack + fmt::Debug> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
