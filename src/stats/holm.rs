//! Holm's correction: many comparisons at once, and still no more than one in
//! twenty chances of a difference that is none.

/// The p-values, each corrected for all of them being asked at once, in the
/// order in which they came (S. Holm, *A Simple Sequentially Rejective Multiple
/// Test Procedure*, 1979).
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        // As many as are left to be asked.
        let left = u32::try_from(p_values.len() - rank).unwrap_or(u32::MAX);
        least = least.max(p_values[at] * f64::from(left)).min(1.0);
        corrected[at] = least;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_reckoned_by_hand() {
        // 0.01 × 3, then 0.02 × 2, then 0.04 × 1: the last not below the one before.
        let corrected = holm(&[0.04, 0.01, 0.02]);
        for (p, wanted) in corrected.iter().zip([0.04, 0.03, 0.04]) {
            assert!((p - wanted).abs() < 1e-12, "{corrected:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn correction_only_raises_and_keeps_the_order(p in prop::collection::vec(0.0_f64..=1.0, 0..20)) {
            let corrected = holm(&p);
            for (i, a) in p.iter().enumerate() {
                prop_assert!(corrected[i] >= *a && corrected[i] <= 1.0);
                for (j, b) in p.iter().enumerate() {
                    prop_assert!(a > b || corrected[i] <= corrected[j], "{i} {j}");
                }
            }
        }
    }
}
