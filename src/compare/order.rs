//! In which order the runs are made.
//!
//! Round by round, every contender once a round, so that a machine that grows
//! warm or busy does so for all alike. The rounds follow a Williams design
//! (E. J. Williams, 1949): over as many rounds as there are contenders each of
//! them comes once at every place, and follows every other one equally often,
//! so that what a run leaves behind it hits all alike as well. For an odd number
//! that takes two such squares, the second one backwards.

/// A round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// To warm up, from 1.
    Warmup(u32),
    /// One that counts, from 1.
    Repeat(u32),
}

/// One run that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The contender's place in the list.
    pub contender: usize,
    /// In which round.
    pub round: Round,
}

/// All runs in their order.
#[must_use]
pub fn turns(contenders: usize, warmup: u32, repeat: u32) -> Vec<Turn> {
    let warmups = (1..=warmup).map(Round::Warmup);
    let repeats = (1..=repeat).map(Round::Repeat);
    let rounds = (0..warmup as usize)
        .zip(warmups)
        .chain((0..repeat as usize).zip(repeats));
    rounds
        .flat_map(|(number, round)| {
            order_of(number, contenders)
                .into_iter()
                .map(move |contender| Turn { contender, round })
        })
        .collect()
}

/// The order of one round: 0, 1, k−1, 2, k−2 …, each moved on by the round.
fn order_of(round: usize, contenders: usize) -> Vec<usize> {
    let zigzag = (0..contenders).map(|i| match i {
        0 => 0,
        i if i % 2 == 1 => i.div_ceil(2),
        i => contenders - i / 2,
    });
    let mut order: Vec<usize> = zigzag.map(|x| (x + round) % contenders).collect();
    if contenders % 2 == 1 && (round / contenders) % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn four_take_turns() {
        assert_eq!(order_of(0, 4), [0, 1, 3, 2]);
        assert_eq!(order_of(1, 4), [1, 2, 0, 3]);
        assert_eq!(order_of(0, 1), [0]);
        // Of an odd number, every other time round the other way.
        assert_eq!(order_of(0, 3), [0, 1, 2]);
        assert_eq!(order_of(1, 3), [1, 2, 0]);
        assert_eq!(order_of(3, 3), [2, 1, 0]);
        let all = turns(2, 1, 2);
        assert_eq!(all.len(), 6);
        assert_eq!(all[0].round, Round::Warmup(1));
        assert_eq!(all[5].round, Round::Repeat(2));
    }

    #[test]
    fn every_place_and_every_neighbour_equally_often() {
        for contenders in 2..9 {
            let rounds = if contenders % 2 == 0 {
                contenders
            } else {
                2 * contenders
            };
            let mut places: HashMap<(usize, usize), u32> = HashMap::new();
            let mut followers: HashMap<(usize, usize), u32> = HashMap::new();
            for round in 0..rounds {
                let order = order_of(round, contenders);
                for (place, who) in order.iter().enumerate() {
                    *places.entry((place, *who)).or_default() += 1;
                }
                for two in order.windows(2) {
                    *followers.entry((two[0], two[1])).or_default() += 1;
                }
            }
            let each = u32::try_from(rounds / contenders).unwrap();
            assert_eq!(places.len(), contenders * contenders);
            assert!(places.values().all(|n| *n == each), "{contenders}");
            assert_eq!(followers.len(), contenders * (contenders - 1));
            assert!(followers.values().all(|n| *n == each), "{contenders}");
        }
    }
}
