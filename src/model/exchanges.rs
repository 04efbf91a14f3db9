//! The exchanges of a flow, in little memory: nearly all flows have one.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::Exchange;

/// A flow's requests and answers: a slice of them, of which one alone is kept in place.
#[derive(Clone, Default)]
pub struct Exchanges(Kept);

#[derive(Clone, Default)]
enum Kept {
    #[default]
    None,
    One(Exchange),
    Many(Vec<Exchange>),
}

impl Exchanges {
    /// Puts one more at the end.
    pub fn push(&mut self, one: Exchange) {
        if let Kept::Many(all) = &mut self.0 {
            all.push(one);
            return;
        }
        self.0 = match std::mem::take(&mut self.0) {
            Kept::One(first) => Kept::Many(vec![first, one]),
            _ => Kept::One(one),
        };
    }

    /// Takes the last one away.
    pub fn pop(&mut self) -> Option<Exchange> {
        if let Kept::Many(all) = &mut self.0 {
            return all.pop();
        }
        match std::mem::take(&mut self.0) {
            Kept::One(one) => Some(one),
            _ => None,
        }
    }
}

#[cfg(test)]
impl Exchanges {
    /// Takes all away.
    pub fn clear(&mut self) {
        self.0 = Kept::None;
    }
}

impl Deref for Exchanges {
    type Target = [Exchange];

    fn deref(&self) -> &[Exchange] {
        match &self.0 {
            Kept::None => &[],
            Kept::One(one) => std::slice::from_ref(one),
            Kept::Many(all) => all,
        }
    }
}

impl DerefMut for Exchanges {
    fn deref_mut(&mut self) -> &mut [Exchange] {
        match &mut self.0 {
            Kept::None => &mut [],
            Kept::One(one) => std::slice::from_mut(one),
            Kept::Many(all) => all,
        }
    }
}

impl From<Vec<Exchange>> for Exchanges {
    fn from(mut all: Vec<Exchange>) -> Self {
        Self(match all.len() {
            0 | 1 => all.pop().map_or(Kept::None, Kept::One),
            _ => Kept::Many(all),
        })
    }
}

impl From<Exchanges> for Vec<Exchange> {
    fn from(all: Exchanges) -> Self {
        match all.0 {
            Kept::None => Self::new(),
            Kept::One(one) => vec![one],
            Kept::Many(all) => all,
        }
    }
}

impl<'a> IntoIterator for &'a Exchanges {
    type Item = &'a Exchange;
    type IntoIter = std::slice::Iter<'a, Exchange>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Exchanges {
    type Item = &'a mut Exchange;
    type IntoIter = std::slice::IterMut<'a, Exchange>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl FromIterator<Exchange> for Exchanges {
    fn from_iter<I: IntoIterator<Item = Exchange>>(all: I) -> Self {
        all.into_iter().collect::<Vec<_>>().into()
    }
}

impl PartialEq for Exchanges {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Exchanges {}

impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn it_reads_like_a_list_however_many_there_are() {
        let of = |n: i64| Exchange::begun(Timestamp::from_nanos(n), None);
        let mut pushed = Exchanges::default();
        for n in 0..5 {
            let all: Vec<Exchange> = (0..n).map(of).collect();
            assert_eq!(pushed.to_vec(), all);
            assert_eq!(pushed, Exchanges::from(all.clone()));
            assert_eq!(Vec::from(pushed.clone()), all);
            pushed.push(of(n));
        }
        pushed.last_mut().expect("the fifth").valid = Some(true);
        assert_eq!(pushed[4].valid, Some(true));
        for n in (0..5).rev() {
            assert_eq!(pushed.pop().map(|e| e.request_ns.as_nanos()), Some(n));
            assert_eq!(pushed.len(), usize::try_from(n).unwrap());
        }
        assert_eq!(pushed.pop(), None);
        // What a flow takes in memory is a promise.
        assert_eq!(size_of::<Exchanges>(), size_of::<Exchange>());
    }
}
