//! What all live flows together may hold beside their fixed state.

/// Bytes that may wait for holes to be filled, over all flows.
const WAITING: usize = 32 << 20;
/// Exchanges that may be kept, over all flows that are not yet handed on.
const EXCHANGES: usize = 1 << 20;
/// Exchanges that are kept of one flow.
const OF_ONE_FLOW: usize = 1 << 16;

/// A running account; past its bounds flows give up on holes and only count
/// their further exchanges.
#[derive(Debug, Default)]
pub(super) struct Budget {
    waiting: usize,
    exchanges: usize,
}

impl Budget {
    pub(super) const fn hold(&mut self, bytes: usize) {
        self.waiting += bytes;
    }

    pub(super) const fn release(&mut self, bytes: usize) {
        self.waiting = self.waiting.saturating_sub(bytes);
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.waiting > WAITING
    }

    /// Whether a flow that keeps `kept` exchanges may keep one more.
    pub(super) const fn keep_exchange(&mut self, kept: usize) -> bool {
        let may = kept < OF_ONE_FLOW && self.exchanges < EXCHANGES;
        if may {
            self.exchanges += 1;
        }
        may
    }

    pub(super) const fn release_exchanges(&mut self, n: usize) {
        self.exchanges = self.exchanges.saturating_sub(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Budget {
        pub(in crate::flow) const fn waiting(&self) -> usize {
            self.waiting
        }
    }

    #[test]
    fn waiting_bytes_are_bounded_over_all_flows() {
        let mut budget = Budget::default();
        budget.hold(WAITING - 1);
        budget.hold(1);
        assert!(!budget.is_spent());
        budget.hold(1);
        assert!(budget.is_spent());
        budget.release(1);
        assert!(!budget.is_spent());
        budget.release(usize::MAX);
        assert_eq!(budget.waiting, 0);
    }

    #[test]
    fn exchanges_are_bounded_of_one_flow_and_of_all() {
        let mut budget = Budget::default();
        assert!(budget.keep_exchange(0));
        assert!(budget.keep_exchange(OF_ONE_FLOW - 1));
        assert!(!budget.keep_exchange(OF_ONE_FLOW));
        assert_eq!(budget.exchanges, 2, "one that is not kept costs nothing");
        budget.exchanges = EXCHANGES - 1;
        assert!(budget.keep_exchange(0));
        assert!(!budget.keep_exchange(0));
        budget.release_exchanges(2);
        assert_eq!(budget.exchanges, EXCHANGES - 2);
        assert!(budget.keep_exchange(0));
    }
}
