//! Whether what was measured a few times is more than noise.
//!
//! Samples come in, as numbers; medians, p-values and exponents go out. What
//! times of runs look like is not known beforehand (they have long tails, and
//! ties where a clock is coarse), so nothing here supposes a distribution:
//! medians instead of means, ranks instead of differences.

mod growth;
mod holm;
mod mann_whitney;

pub use self::growth::{Growth, growth};
pub use self::holm::holm;
pub use self::mann_whitney::{Method, RankTest, least_p, mann_whitney};

/// The place of the median among `n` sorted values: the lower one of the two in
/// the middle, so that the median is a value that was measured.
#[must_use]
pub const fn median_index(n: usize) -> usize {
    n.saturating_sub(1) / 2
}

/// The median of some values; `None` of none. Of an even number the lower one
/// of the two in the middle.
pub fn median<T: Copy + Ord>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.get(median_index(values.len())).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_a_value_that_was_measured() {
        assert_eq!(median([3, 1, 2]), Some(2));
        assert_eq!(median([4, 1, 3, 2]), Some(2));
        assert_eq!(median([7]), Some(7));
        assert_eq!(median(Vec::<u64>::new()), None);
    }
}
