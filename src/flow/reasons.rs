//! Why something of a flow could not be told, while it is put together.

use crate::model::Incomplete;

/// A set of reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reasons(u16);

const _: () = assert!(Incomplete::ALL.len() <= u16::BITS as usize);

impl Reasons {
    #[cold]
    pub(super) const fn add(&mut self, reason: Incomplete) {
        self.0 |= 1 << reason as u16;
    }

    pub(super) const fn has(self, reason: Incomplete) -> bool {
        self.0 & 1 << reason as u16 != 0
    }

    /// In the order in which they are told; nothing is allocated where there is none.
    pub(super) fn list(self) -> Vec<Incomplete> {
        if self.0 == 0 {
            return Vec::new();
        }
        let all = Incomplete::ALL.into_iter();
        all.filter(|reason| self.has(*reason)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once() {
        let mut reasons = Reasons::default();
        assert_eq!(reasons.list(), []);
        for reason in Incomplete::ALL.into_iter().rev() {
            assert!(!reasons.has(reason));
            reasons.add(reason);
            reasons.add(reason);
            assert!(reasons.has(reason));
        }
        assert_eq!(reasons.list(), Incomplete::ALL);
    }
}
