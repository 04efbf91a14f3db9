//! The two ends of a flow, named in two ways that are not to be mixed up.
//!
//! Who sent the first frame is known at once, and what is kept by it stays where
//! it is. Who the client is may turn out later.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// An end of a flow, by who sent the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// It did.
    First,
    /// It did not.
    Other,
}

impl Half {
    /// The other end.
    #[inline]
    pub(super) const fn peer(self) -> Self {
        match self {
            Self::First => Self::Other,
            Self::Other => Self::First,
        }
    }
}

/// An end of a flow, by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It asks.
    Client,
    /// It answers.
    Server,
}

/// A way of naming the two ends.
pub(super) trait Names: Copy {
    /// Whether it is the one that is named first.
    fn is_first(self) -> bool;
}

impl Names for Half {
    #[inline]
    fn is_first(self) -> bool {
        self == Self::First
    }
}

impl Names for Role {
    #[inline]
    fn is_first(self) -> bool {
        self == Self::Client
    }
}

/// Something of each end, which is asked for by one way of naming only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<N, T> {
    /// Both, the one that is named first before the other.
    pub both: [T; 2],
    by: PhantomData<N>,
}

impl<N, T> Pair<N, T> {
    /// Of the one that is named first, and of the other.
    #[inline]
    pub(super) const fn new(both: [T; 2]) -> Self {
        Self {
            both,
            by: PhantomData,
        }
    }
}

impl<N, T: Default> Default for Pair<N, T> {
    fn default() -> Self {
        Self::new(<[T; 2]>::default())
    }
}

impl<N: Names, T> Index<N> for Pair<N, T> {
    type Output = T;

    #[inline]
    fn index(&self, end: N) -> &T {
        let [first, other] = &self.both;
        if end.is_first() { first } else { other }
    }
}

impl<N: Names, T> IndexMut<N> for Pair<N, T> {
    #[inline]
    fn index_mut(&mut self, end: N) -> &mut T {
        let [first, other] = &mut self.both;
        if end.is_first() { first } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_own() {
        let mut halves: Pair<Half, u8> = Pair::new([1, 2]);
        halves[Half::First] += 10;
        halves[Half::First.peer()] += 20;
        assert_eq!(halves.both, [11, 22]);
        assert_eq!(halves[Half::Other.peer()], 11);
        let roles: Pair<Role, u8> = Pair::new([1, 2]);
        assert_eq!((roles[Role::Client], roles[Role::Server]), (1, 2));
    }
}
