//! Whether what was measured a few times is more than noise.
//!
//! Samples come in, as numbers; medians, p-values and exponents go out. What
//! times of runs look like is not known beforehand (they have long tails, and
//! ties where a clock is coarse), so nothing here supposes a distribution:
//! medians instead of means, ranks instead of differences.

mod growth;
mod holm;
mod mann_whitney;

pub use self::growth::growth;
pub use self::holm::holm;
pub use self::mann_whitney::{Method, least_p, mann_whitney};

/// The two values in the middle, the lower one first: their mean is the median.
/// Of an odd number they are one and the same; `None` of none.
pub fn middle_two<T: Copy + Ord>(values: impl IntoIterator<Item = T>) -> Option<(T, T)> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    let lower = *values.get(values.len().checked_sub(1)? / 2)?;
    let upper = *values.get(values.len() / 2)?;
    Some((lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_middle() {
        assert_eq!(middle_two([3, 1, 2]), Some((2, 2)));
        assert_eq!(middle_two([4, 1, 3, 2]), Some((2, 3)));
        assert_eq!(middle_two([9, 7]), Some((7, 9)));
        assert_eq!(middle_two([7]), Some((7, 7)));
        assert_eq!(middle_two(Vec::<u64>::new()), None);
    }
}
