//! Which samples are recorded: those whose counts differ from the one before.

use crate::model::{Sample, Timestamp};

/// Counts of threads and processes; `None` where one could not be read.
pub type Counts = (Option<u64>, Option<u64>);

/// The most changes that are recorded of one side; after them only new peaks are,
/// and the last sample.
const MOST: usize = 100_000;

/// Selects the samples with a change.
#[derive(Debug, Default)]
pub struct News {
    last: Option<Counts>,
    peak: Counts,
    told: usize,
    untold: Option<Sample>,
}

impl News {
    /// Takes the current counts; returns a sample if they have changed.
    pub fn look(&mut self, at: Timestamp, counts: Counts) -> Option<Sample> {
        let (threads, processes) = counts;
        let sample = Sample {
            at,
            threads,
            processes,
        };
        let changed = self.last.replace(counts) != Some(counts);
        let peak = threads > self.peak.0 || processes > self.peak.1;
        self.peak = (self.peak.0.max(threads), self.peak.1.max(processes));
        if !changed {
            return None;
        }
        if self.told >= MOST && !peak {
            self.untold = Some(sample);
            return None;
        }
        self.told += 1;
        self.untold = None;
        Some(sample)
    }

    /// The last sample, if it was not returned before.
    pub fn rest(&mut self) -> Option<Sample> {
        self.untold.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(news: &mut News, ns: i64, threads: u64) -> bool {
        let at = Timestamp::from_nanos(ns);
        news.look(at, (Some(threads), Some(1))).is_some()
    }

    #[test]
    fn only_changes_are_told() {
        let mut news = News::default();
        let told: Vec<bool> = [1, 1, 2, 2, 1]
            .into_iter()
            .zip(0..)
            .map(|(threads, ns)| look(&mut news, ns, threads))
            .collect();
        assert_eq!(told, [true, false, true, false, true]);
        assert_eq!(news.rest(), None);
    }

    #[test]
    fn after_many_only_peaks_and_the_last_are() {
        let mut news = News::default();
        let most = i64::try_from(MOST).unwrap();
        for ns in 0..most {
            assert!(look(&mut news, ns, u64::from(ns % 2 == 0) + 1));
        }
        assert!(!look(&mut news, most, 2));
        assert!(look(&mut news, most + 1, 3));
        assert!(!look(&mut news, most + 2, 2));
        assert_eq!(news.rest().unwrap().threads, Some(2));
    }
}
