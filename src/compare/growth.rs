//! How the figures of each row grow with the number of requests.

use super::Contender;
use super::rows::{peak, seconds};
use crate::model::{CompareRow, GrowthRow};
use crate::stats::growth;

/// A growth row for each client and server, where there are several sizes.
pub(super) fn growths(contenders: &[Contender], rows: &[CompareRow]) -> Vec<GrowthRow> {
    grown(contenders)
        .into_iter()
        .map(|stem| {
            let of_stem = contenders.iter().zip(rows).filter(|(c, _)| c.stem == stem);
            growth_of(&stem, &of_stem.map(|(_, row)| row).collect::<Vec<_>>())
        })
        .collect()
}

/// The names of the growth rows; none where there is one size only.
#[must_use]
pub fn grown(contenders: &[Contender]) -> Vec<String> {
    let mut stems: Vec<String> = Vec::new();
    for contender in contenders {
        if !stems.contains(&contender.stem) {
            stems.push(contender.stem.clone());
        }
    }
    if stems.len() == contenders.len() {
        return Vec::new();
    }
    stems
}

fn growth_of(stem: &str, rows: &[&CompareRow]) -> GrowthRow {
    let exponent = |of: fn(&CompareRow) -> Option<f64>| {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter_map(|row| Some((real(row.requests), of(row)?)))
            .collect();
        growth(&points).map(|g| g.exponent)
    };
    GrowthRow {
        name: stem.to_owned(),
        duration: exponent(|r| r.duration_ns.map(|d| seconds(d.median))),
        client_threads_peak: exponent(|r| peak(&r.census.as_ref()?.client).map(real)),
        server_threads_peak: exponent(|r| peak(&r.census.as_ref()?.server).map(real)),
        peak_open_flows: exponent(|r| r.peak_open_flows.map(real)),
        exchange_p50: exponent(|r| r.latency.exchange.map(|q| seconds(q.p50_ns))),
        client_cpu: exponent(|r| r.client_cpu_ns.map(seconds)),
        server_cpu: exponent(|r| r.server_cpu_ns.map(seconds)),
        client_peak_memory: exponent(|r| r.client_peak_memory_bytes.map(real)),
        server_peak_memory: exponent(|r| r.server_peak_memory_bytes.map(real)),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an exponent needs no more digits"
)]
fn real(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::rows::rows;
    use crate::compare::testkit::{runs, two};

    #[test]
    fn ten_times_as_long_for_ten_times_as_many_is_linear() {
        let contenders = two(&[10, 100]);
        let mut measured = runs(0, &[5]);
        measured.extend(runs(2, &[50]));
        measured.extend(runs(1, &[7]));
        measured.extend(runs(3, &[7]));
        let told = growths(&contenders, &rows(&contenders, &measured));
        let names: Vec<&str> = told.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["thread", "async"]);
        assert!((told[0].duration.unwrap() - 1.0).abs() < 1e-9);
        assert!(told[1].duration.unwrap().abs() < 1e-9);
        assert!(told[0].client_threads_peak.unwrap().abs() < 1e-9);
    }

    #[test]
    fn one_size_has_no_growth() {
        let contenders = two(&[10]);
        let rows = rows(&contenders, &runs(0, &[5]));
        assert_eq!(growths(&contenders, &rows), []);
    }
}
