//! How a figure grows with the size: the exponent of a power of n.

/// `figure ≈ c · n^exponent`, fitted by least squares of the logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// The exponent: 0 does not grow, 1 grows as n does.
    pub exponent: f64,
    /// What ten times the size makes of the figure.
    pub per_tenfold: f64,
}

/// The growth of a figure over sizes; `None` where there are not two sizes with
/// a figure above 0.
#[must_use]
pub fn growth(points: &[(f64, f64)]) -> Option<Growth> {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter(|(n, figure)| *n > 0.0 && *figure > 0.0)
        .map(|(n, figure)| (n.log10(), figure.log10()))
        .collect();
    let count = f64::from(u32::try_from(logs.len()).ok()?);
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = logs.iter().map(|p| (p.0 - x).powi(2)).sum();
    if spread <= f64::EPSILON || !spread.is_finite() {
        return None;
    }
    let along: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let exponent = along / spread;
    Some(Growth {
        exponent,
        per_tenfold: 10_f64.powf(exponent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_reckoned_by_hand() {
        let linear = growth(&[(100.0, 3.0), (1000.0, 30.0), (10_000.0, 300.0)]).unwrap();
        assert!((linear.exponent - 1.0).abs() < 1e-12);
        assert!((linear.per_tenfold - 10.0).abs() < 1e-9);
        let constant = growth(&[(100.0, 9.0), (1000.0, 9.0)]).unwrap();
        assert!(constant.exponent.abs() < 1e-12);
        // Logarithms 0, 1, 2 against 0, 2, 3: the slope is 1.5.
        let uneven = growth(&[(1.0, 1.0), (10.0, 100.0), (100.0, 1000.0)]).unwrap();
        assert!((uneven.exponent - 1.5).abs() < 1e-12);
    }

    #[test]
    fn one_size_does_not_tell() {
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[(100.0, 1.0), (100.0, 2.0)]), None);
        assert_eq!(growth(&[(100.0, 1.0), (1000.0, 0.0)]), None);
    }

    proptest! {
        #[test]
        fn a_power_is_found(exponent in -2.0_f64..3.0, factor in 0.1_f64..1e6) {
            let of = |n: f64| (n, factor * n.powf(exponent));
            let found = growth(&[of(10.0), of(300.0), of(5000.0)]).unwrap();
            prop_assert!((found.exponent - exponent).abs() < 1e-9);
        }
    }
}
