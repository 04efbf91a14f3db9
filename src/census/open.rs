//! How many connections were open at once.

use crate::model::Timestamp;

/// Takes connections, one by one.
#[derive(Clone, Debug, Default)]
pub struct Open {
    opened: Vec<Timestamp>,
    closed: Vec<Timestamp>,
}

impl Open {
    /// Takes one that was there from its first frame to its last, both included.
    pub fn add(&mut self, first: Timestamp, last: Timestamp) {
        self.opened.push(first);
        self.closed.push(last);
    }

    /// The largest number that were open at one moment.
    #[must_use]
    pub fn peak(mut self) -> u64 {
        self.opened.sort_unstable();
        self.closed.sort_unstable();
        let mut ended = 0;
        let mut peak = 0;
        for (begun, moment) in self.opened.iter().enumerate() {
            while self.closed.get(ended).is_some_and(|end| end < moment) {
                ended += 1;
            }
            peak = peak.max(begun + 1 - ended);
        }
        peak as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(spans: &[(i64, i64)]) -> Open {
        let mut open = Open::default();
        for &(from, to) in spans {
            open.add(Timestamp::from_nanos(from), Timestamp::from_nanos(to));
        }
        open
    }

    #[test]
    fn ends_count_as_open() {
        assert_eq!(of(&[]).peak(), 0);
        assert_eq!(of(&[(0, 10), (20, 30)]).peak(), 1);
        assert_eq!(of(&[(0, 10), (10, 30)]).peak(), 2);
        assert_eq!(of(&[(0, 100), (10, 20), (15, 30), (40, 50)]).peak(), 3);
        assert_eq!(of(&[(5, 5), (5, 5)]).peak(), 2);
    }

    proptest! {
        #[test]
        fn as_counted_moment_by_moment(spans in prop::collection::vec((0_i64..50, 0_i64..20), 0..40)) {
            let spans: Vec<_> = spans.into_iter().map(|(from, long)| (from, from + long)).collect();
            let at = |t: i64| spans.iter().filter(|(from, to)| (*from..=*to).contains(&t)).count();
            let most = (0..80).map(at).max().unwrap_or(0) as u64;
            prop_assert_eq!(of(&spans).peak(), most);
        }
    }
}
