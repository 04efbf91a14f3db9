//! Which differences between rows are more than noise.

use super::Contender;
use super::rows::{ratio, seconds};
use crate::model::{CompareRow, Difference};
use crate::stats::{Method, holm, least_p, mann_whitney};

/// The test, as it is named to people.
const TEST: &str = "Mann–Whitney U, two-sided, Holm-corrected";

/// From which corrected p-value on a difference may be chance.
const LEVEL: f64 = 0.05;

/// The pairs of rows of one size that differ in their client or in their server,
/// and not in both: what differs in two things tells of neither. Each is
/// corrected for all of its size.
///
/// A row that fell short is in no pair (`docs/decisions/0100-what-failed-is-not-compared.md`):
/// the test asks whether two ways take the same time for the same work, and its work is not
/// the same; each pair more would only make the others' differences harder to see.
#[must_use]
pub fn differences(contenders: &[Contender], rows: &[CompareRow]) -> Vec<Difference> {
    sizes(contenders)
        .into_iter()
        .flat_map(|size| {
            let mut tested: Vec<Difference> = whole(contenders, rows, size)
                .filter_map(|(a, b)| difference(&rows[a], &rows[b]))
                .collect();
            let alone: Vec<f64> = tested.iter().map(|d| d.uncorrected_p_value).collect();
            for (difference, p) in tested.iter_mut().zip(holm(&alone)) {
                difference.p_value = p;
                difference.real = p < LEVEL;
            }
            tested
        })
        .collect()
}

/// The names of the pairs that will be compared, as far as the contenders tell.
#[must_use]
pub fn pairs_of(contenders: &[Contender]) -> Vec<(String, String)> {
    let name = |at: usize| contenders[at].name.clone();
    sizes(contenders)
        .into_iter()
        .flat_map(|size| pairs(contenders, size))
        .map(|(a, b)| (name(a), name(b)))
        .collect()
}

fn sizes(contenders: &[Contender]) -> Vec<u32> {
    let mut sizes: Vec<u32> = contenders.iter().map(|c| c.requests).collect();
    sizes.dedup();
    sizes
}

/// The pairs of one size that are compared.
fn pairs(contenders: &[Contender], size: u32) -> impl Iterator<Item = (usize, usize)> + '_ {
    let all = move || (0..contenders.len()).filter(move |&i| contenders[i].requests == size);
    all()
        .flat_map(move |a| all().filter(move |&b| a < b).map(move |b| (a, b)))
        .filter(|&(a, b)| {
            let same_client = contenders[a].client == contenders[b].client;
            let same_server = contenders[a].server == contenders[b].server;
            same_client != same_server
        })
}

/// Those of them that did all their work.
fn whole<'a>(
    contenders: &'a [Contender],
    rows: &'a [CompareRow],
    size: u32,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let short = |at: usize| rows[at].fell_short();
    pairs(contenders, size).filter(move |&(a, b)| !short(a) && !short(b))
}

fn difference(one: &CompareRow, other: &CompareRow) -> Option<Difference> {
    let median = |row: &CompareRow| row.duration_ns.map(|d| d.median);
    let (a, b) = if median(one)? <= median(other)? {
        (one, other)
    } else {
        (other, one)
    };
    let sample =
        |row: &CompareRow| -> Vec<f64> { row.durations_ns.iter().map(|d| seconds(*d)).collect() };
    let test = mann_whitney(&sample(a), &sample(b))?;
    let method = match test.method {
        Method::Exact => "exact",
        Method::Normal => "normal approximation",
    };
    Some(Difference {
        a: a.name.clone(),
        b: b.name.clone(),
        ratio: ratio(median(b)?, median(a)?)?,
        test: format!("{TEST}, {method}"),
        p_value: test.p_value,
        uncorrected_p_value: test.p_value,
        real: false,
    })
}

/// How many repeats it takes until a difference can be real; `None` where these
/// suffice, or nothing is compared.
pub(super) fn repeats_needed(
    contenders: &[Contender],
    rows: &[CompareRow],
    repeat: u32,
) -> Option<usize> {
    let most = contenders
        .iter()
        .map(|c| whole(contenders, rows, c.requests).count())
        .max()?;
    let pairs = f64::from(u32::try_from(most).ok()?);
    let enough = |n: &usize| least_p(*n) * pairs < LEVEL;
    let needed = (1..100).find(enough)?;
    (most > 0 && needed > repeat as usize).then_some(needed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::rows::rows;
    use crate::compare::testkit::{runs, two};
    use crate::compare::{Client, contenders};
    use crate::model::{ServerModel, Strategy};

    #[test]
    fn apart_is_real_and_mixed_is_not() {
        let contenders = two(&[10]);
        let mut measured = runs(0, &[50, 51, 52, 53, 54]);
        measured.extend(runs(1, &[20, 21, 22, 23, 24]));
        let told = differences(&contenders, &rows(&contenders, &measured));
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].a.as_str(), told[0].b.as_str()),
            ("async", "thread")
        );
        assert!(told[0].real && (told[0].p_value - 2.0 / 252.0).abs() < 1e-12);
        assert!((told[0].ratio - 52.0 / 22.0).abs() < 1e-12);
        assert!(told[0].test.contains("Mann–Whitney U") && told[0].test.ends_with("exact"));

        let mut measured = runs(0, &[50, 21, 52, 23, 54]);
        measured.extend(runs(1, &[20, 51, 22, 53, 24]));
        let told = differences(&contenders, &rows(&contenders, &measured));
        assert!(!told[0].real);
    }

    #[test]
    fn all_four_strategies_apart_are_real_with_five_repeats() {
        let clients = [
            Strategy::Thread,
            Strategy::Pool,
            Strategy::Process,
            Strategy::Async,
        ]
        .map(Client::Strategy);
        let contenders = contenders(&clients, &[ServerModel::Thread], &[10]);
        let measured: Vec<_> = (0..4)
            .flat_map(|at| {
                let base = 100 * (i64::try_from(at).unwrap() + 1);
                runs(at, &[base, base + 1, base + 2, base + 3, base + 4])
            })
            .collect();
        let told = differences(&contenders, &rows(&contenders, &measured));
        assert_eq!(told.len(), 6);
        assert!(told.iter().all(|d| d.real), "{told:?}");
        assert!((told[0].p_value - 12.0 / 252.0).abs() < 1e-12);
    }

    #[test]
    fn pairs_are_named_in_the_order_of_the_contenders() {
        let name = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        assert_eq!(pairs_of(&two(&[10])), [("thread", "async")].map(name));
        let of_each_size = [("thread@10", "async@10"), ("thread@20", "async@20")];
        assert_eq!(pairs_of(&two(&[10, 20])), of_each_size.map(name));
        assert_eq!(pairs_of(&two(&[10])[..1]), []);
    }

    /// Six pairs: 6 · 2/C(10, 5) is 0.048, 6 · 2/C(8, 4) is 0.17.
    #[test]
    fn it_takes_five_repeats_to_tell_four_apart() {
        let clients = [
            Strategy::Thread,
            Strategy::Pool,
            Strategy::Process,
            Strategy::Async,
        ]
        .map(Client::Strategy);
        let four = contenders(&clients, &[ServerModel::Thread], &[10]);
        let needed = |contenders: &[Contender], repeat| {
            repeats_needed(contenders, &rows(contenders, &[]), repeat)
        };
        assert_eq!(needed(&four, 4), Some(5));
        assert_eq!(needed(&four, 5), None, "these suffice");
        assert_eq!(needed(&two(&[10]), 3), Some(4), "2/20 is 0.1");
        assert_eq!(needed(&two(&[10])[..1], 1), None, "none to compare");
        // Without one of the four there are three pairs: 3 · 0.029 is 0.086, 3 · 0.0079 is 0.024.
        let mut short = rows(&four, &[]);
        short[2].failed = Some(1);
        assert_eq!(repeats_needed(&four, &short, 4), Some(5));
        // Without two there is one: 0.1, 0.029.
        short[0].failed = Some(1);
        assert_eq!(repeats_needed(&four, &short, 3), Some(4));
        short[1].failed = Some(1);
        assert_eq!(
            repeats_needed(&four, &short, 1),
            None,
            "none is left to compare"
        );
    }

    /// What made less, or nothing, took another time for another thing; and the others are
    /// corrected for the pairs that are left.
    #[test]
    fn what_fell_short_is_in_no_pair() {
        let clients = [Strategy::Thread, Strategy::Pool, Strategy::Async].map(Client::Strategy);
        let three = contenders(&clients, &[ServerModel::Thread], &[10]);
        let measured: Vec<_> = [50, 20, 90]
            .into_iter()
            .enumerate()
            .flat_map(|(at, ms)| runs(at, &[ms, ms + 1, ms + 2, ms + 3, ms + 4]))
            .collect();
        let all = rows(&three, &measured);
        assert_eq!(differences(&three, &all).len(), 3);
        let short: [fn(&mut CompareRow); 3] = [
            |row| row.failed = Some(1),
            |row| row.peak_open_flows = Some(0),
            |row| row.time_limit_reached = 1,
        ];
        for fall in short {
            let mut rows = all.clone();
            fall(&mut rows[1]);
            let told = differences(&three, &rows);
            let pairs: Vec<_> = told.iter().map(|d| (&*d.a, &*d.b)).collect();
            assert_eq!(pairs, [("thread", "async")]);
            // One pair is corrected for itself alone.
            assert!((told[0].p_value - 2.0 / 252.0).abs() < 1e-12);
            rows.iter_mut().for_each(fall);
            assert_eq!(differences(&three, &rows), []);
        }
    }

    #[test]
    fn rows_that_differ_in_two_things_are_not_compared() {
        let clients = [Strategy::Thread, Strategy::Pool].map(Client::Strategy);
        let models = [ServerModel::Thread, ServerModel::Async];
        let contenders = contenders(&clients, &models, &[10, 100]);
        // Of four a size, the two diagonals are left out.
        assert_eq!(pairs(&contenders, 10).count(), 4);
        assert_eq!(pairs(&contenders, 100).count(), 4);
    }

    #[test]
    fn how_many_repeats_it_takes() {
        let contenders = two(&[10]);
        let rows = rows(&contenders, &[]);
        assert_eq!(repeats_needed(&contenders, &rows, 3), Some(4));
        assert_eq!(repeats_needed(&contenders, &rows, 4), None);
        assert_eq!(repeats_needed(&contenders[..1], &rows, 1), None);
    }
}
