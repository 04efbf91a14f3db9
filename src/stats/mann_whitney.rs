//! The Mann–Whitney U test (Wilcoxon's rank sum), two-sided.
//!
//! Are two samples drawn from the same distribution? All values are ranked
//! together; where one sample has nearly all the low ranks, that is rarely
//! chance. How rarely is counted, for samples as small as those of repeated
//! runs, over all arrangements of these very ranks: exact, with ties as well.
//! For larger ones it is the normal approximation, corrected for ties and for
//! continuity (H. B. Mann and D. R. Whitney, 1947; E. L. Lehmann,
//! *Nonparametrics*, 1.2 and 1.4).

/// The most values of both samples together that are counted exactly.
const EXACT_UP_TO: usize = 60;

/// How the p-value was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By counting arrangements.
    Exact,
    /// By the normal approximation.
    Normal,
}

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankTest {
    /// Of all pairs of one value each, those in which the first sample's is the
    /// greater; a tie counts a half.
    pub u: f64,
    /// How likely ranks at least as uneven are, where both samples are drawn
    /// from one distribution.
    pub p_value: f64,
    /// How that was obtained.
    pub method: Method,
}

/// Tests two samples; `None` where one is empty or holds what is no number.
#[must_use]
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<RankTest> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|v| v.is_nan()) {
        return None;
    }
    let ranks = doubled_ranks(a, b);
    let sum: usize = ranks[..a.len()].iter().sum();
    let least = a.len() * (a.len() + 1) / 2;
    let u = (real(sum) / 2.0) - real(least);
    let (p_value, method) = if ranks.len() <= EXACT_UP_TO {
        (exact(&ranks, a.len(), sum), Method::Exact)
    } else {
        (normal(&ranks, a.len(), u), Method::Normal)
    };
    Some(RankTest { u, p_value, method })
}

/// The least p-value that two samples of `n` each can give: without ties, 2 of
/// all arrangements are as uneven as can be.
#[must_use]
pub fn least_p(n: usize) -> f64 {
    // 1 / (2n choose n), factor by factor.
    let one = (1..=n).fold(1.0, |p, k| p * real(k) / real(n + k));
    (2.0 * one).min(1.0)
}

/// Twice the rank of each value among all of them, so that the mean rank of
/// values that are equal is a whole number: first those of `a`, then of `b`.
fn doubled_ranks(a: &[f64], b: &[f64]) -> Vec<usize> {
    let all: Vec<f64> = a.iter().chain(b).copied().collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&i, &j| all[i].total_cmp(&all[j]));
    let mut ranks = vec![0; all.len()];
    let mut from = 0;
    for equal in order.chunk_by(|&i, &j| all[i].total_cmp(&all[j]).is_eq()) {
        // Ranks from + 1 … from + len: twice their mean.
        let doubled = 2 * from + equal.len() + 1;
        for &i in equal {
            ranks[i] = doubled;
        }
        from += equal.len();
    }
    ranks
}

/// The share of all choices of `n` of the ranks whose sum is at least as far
/// from its mean as `sum` is.
fn exact(ranks: &[usize], n: usize, sum: usize) -> f64 {
    let whole: usize = ranks.iter().sum();
    // ways[k][s]: choices of k ranks with the sum s.
    let mut ways = vec![vec![0_u128; whole + 1]; n + 1];
    ways[0][0] = 1;
    for &rank in ranks {
        for k in (1..=n).rev() {
            let (fewer, these) = ways.split_at_mut(k);
            for s in rank..=whole {
                these[0][s] += fewer[k - 1][s - rank];
            }
        }
    }
    // The mean of the sum is n · whole / N: both sides times N, to stay whole.
    let distance = |s: usize| (s * ranks.len()).abs_diff(n * whole);
    let far = distance(sum);
    let (mut uneven, mut all) = (0_u128, 0_u128);
    for (s, count) in ways[n].iter().enumerate() {
        all += count;
        if distance(s) >= far {
            uneven += count;
        }
    }
    ratio(uneven, all)
}

fn normal(ranks: &[usize], n: usize, u: f64) -> f64 {
    let (first, second) = (real(n), real(ranks.len() - n));
    let all = first + second;
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable();
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|equal| real(equal.len()).powi(3) - real(equal.len()))
        .sum();
    let variance = first * second / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        // All values are equal.
        return 1.0;
    }
    let distance = ((u - first * second / 2.0).abs() - 0.5).max(0.0);
    libm::erfc(distance / variance.sqrt() / std::f64::consts::SQRT_2).min(1.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of runs, and of their pairs"
)]
fn real(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
fn ratio(part: u128, whole: u128) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn p(a: &[f64], b: &[f64]) -> f64 {
        mann_whitney(a, b).unwrap().p_value
    }

    fn near(actual: f64, wanted: f64) {
        assert!((actual - wanted).abs() < 1e-9, "{actual} is not {wanted}");
    }

    #[test]
    fn as_reckoned_by_hand() {
        // Apart: 2 of the 252 choices of 5 of 10.
        let low = [1.0, 2.0, 3.0, 4.0, 5.0];
        let high = [6.0, 7.0, 8.0, 9.0, 10.0];
        near(p(&low, &high), 2.0 / 252.0);
        let test = mann_whitney(&low, &high).unwrap();
        assert_eq!((test.u, test.method), (0.0, Method::Exact));
        // One neighbour exchanged: rank sums 15 and 16 are each had in one way,
        // and so are 39 and 40.
        near(
            p(&[1.0, 2.0, 3.0, 4.0, 6.0], &[5.0, 7.0, 8.0, 9.0, 10.0]),
            4.0 / 252.0,
        );
        // 3 and 3, apart: 2 of 20; 1 and 1: 2 of 2.
        near(p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 0.1);
        near(p(&[1.0], &[2.0]), 1.0);
        // 2 and 3, apart: the sum 3 is 3 below its mean, and 9 is 3 above it.
        near(p(&[1.0, 2.0], &[3.0, 4.0, 5.0]), 0.2);
    }

    #[test]
    fn ties_are_counted_as_they_are() {
        // Ranks 1.5 1.5 | 3.5 3.5: of 6 choices, {1.5 1.5} and {3.5 3.5} are
        // as far from the mean.
        near(p(&[1.0, 1.0], &[2.0, 2.0]), 2.0 / 6.0);
        near(p(&[1.0, 1.0], &[1.0, 1.0]), 1.0);
        // Ranks 1 2.5 | 2.5 4: sums 3.5 ×2 and 6.5 ×2 of six are as far as 3.5.
        near(p(&[1.0, 2.0], &[2.0, 3.0]), 4.0 / 6.0);
    }

    #[test]
    fn large_samples_are_approximated() {
        let a: Vec<f64> = (0..40).map(f64::from).collect();
        let b: Vec<f64> = (0..40).map(|n| f64::from(n) + 0.5).collect();
        let test = mann_whitney(&a, &b).unwrap();
        // U = 780: the mean is 800, the variance 1600 · 81 / 12 = 10,800, so
        // z = 19.5 / 103.923, whose two tails are 0.8512.
        assert_eq!((test.u, test.method), (780.0, Method::Normal));
        assert!((test.p_value - 0.8512).abs() < 1e-4, "{}", test.p_value);
        let far: Vec<f64> = (100..140).map(f64::from).collect();
        assert!(p(&a, &far) < 1e-10);
        near(p(&[1.0; 40], &[1.0; 40]), 1.0);
    }

    #[test]
    fn ties_narrow_the_approximation() {
        let a: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 5)).collect();
        let more = |i| if i % 3 == 0 { 1.0 } else { 0.0 };
        let b: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 5) + more(i)).collect();
        let test = mann_whitney(&a, &b).unwrap();
        // Two, 13, 16, 16, 16 and 17 of a value: the sum of t³ − t is 19,326, the
        // variance 1600 / 12 · (81 − 19,326 / 6320) = 10,392.3, so z = 103.5 / 101.94.
        // Without ties, p would be 0.3193.
        assert_eq!((test.u, test.method), (696.0, Method::Normal));
        assert!((test.p_value - 0.30997).abs() < 1e-5, "{}", test.p_value);
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert_eq!(mann_whitney(&[], &[1.0]), None);
        assert_eq!(mann_whitney(&[f64::NAN], &[1.0]), None);
    }

    #[test]
    fn how_small_p_can_be() {
        near(least_p(1), 1.0);
        near(least_p(2), 2.0 / 6.0);
        near(least_p(5), 2.0 / 252.0);
        near(least_p(10), 2.0 / 184_756.0);
    }

    fn samples() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        let value = (0_i32..30).prop_map(f64::from);
        (
            prop::collection::vec(value.clone(), 1..9),
            prop::collection::vec(value, 1..9),
        )
    }

    proptest! {
        #[test]
        fn neither_sample_is_the_first((a, b) in samples()) {
            let (ab, ba) = (mann_whitney(&a, &b).unwrap(), mann_whitney(&b, &a).unwrap());
            prop_assert!((ab.p_value - ba.p_value).abs() < 1e-12);
            #[expect(clippy::cast_precision_loss, reason = "below a hundred")]
            let pairs = (a.len() * b.len()) as f64;
            prop_assert!((ab.u + ba.u - pairs).abs() < 1e-12);
            prop_assert!(ab.p_value > 0.0 && ab.p_value <= 1.0);
        }

        #[test]
        fn order_and_scale_do_not_matter((a, b) in samples()) {
            let turned = |v: &[f64]| v.iter().rev().map(|x| x * 3.0 + 7.0).collect::<Vec<_>>();
            prop_assert_eq!(mann_whitney(&a, &b), mann_whitney(&turned(&a), &turned(&b)));
        }

        #[test]
        fn nothing_is_less_likely_than_apart(n in 1_usize..8, (a, b) in samples()) {
            let low: Vec<f64> = (0..n).map(real).collect();
            let high: Vec<f64> = (n..2 * n).map(real).collect();
            prop_assert!((p(&low, &high) - least_p(n)).abs() < 1e-12);
            if a.len() == b.len() {
                prop_assert!(p(&a, &b) >= least_p(a.len()) - 1e-12);
            }
        }
    }
}
