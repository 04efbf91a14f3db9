//! Zeek's history of a connection: one letter an event.
//!
//! Upper case is the client, lower case the server. `S` SYN, `H` SYN-ACK, `A`
//! pure ACK, `D` payload, `F` FIN, `R` RST, `I` FIN and RST at once, `Q` SYN
//! with FIN or RST; `T` payload sent again, `W` a closed window, `G` a hole in
//! the stream that the other side acknowledged: these three a second time at
//! the 10th, a third at the 100th, and so on by powers of ten. `^` stands where
//! the direction was turned round, because the first frame was the server's.
//! `A`, `D`, `I` and `Q` come once a side, `S`, `H`, `F` and `R` again only with
//! another sequence number.
//!
//! To Zeek a segment that the snapshot length cut is a hole, too.
//!
//! Not told here: `C` (bad checksums; hosts leave them to the network card,
//! so that captures are full of them).

/// The most letters of one flow; at the bound stands `x`, which is Zeek's
/// letter for "limits exceeded".
const MOST: usize = 128;

/// The letters so far.
#[derive(Debug, Default)]
pub(super) struct History(String);

impl History {
    /// Adds a letter (given in upper case) of the client or the server.
    pub(super) fn add(&mut self, letter: char, from_client: bool) {
        if self.0.len() < MOST {
            if self.0.capacity() == 0 {
                self.0.reserve_exact(8);
            }
            self.0.push(if self.0.len() == MOST - 1 {
                'x'
            } else if from_client {
                letter
            } else {
                letter.to_ascii_lowercase()
            });
        }
    }

    /// Counts an event whose letter comes at the 1st, 10th, 100th … time.
    pub(super) fn scaled(&mut self, letter: char, from_client: bool, count: &mut u32) {
        *count = count.saturating_add(1);
        let mut power = 1u32;
        while power < *count && power < 1_000_000_000 {
            power *= 10;
        }
        if power == *count {
            self.add(letter, from_client);
        }
    }

    /// The direction was turned round: the letters so far were the other side's.
    pub(super) fn turn(&mut self) {
        let turned = self
            .0
            .chars()
            .map(|c| {
                if c.is_ascii_uppercase() {
                    c.to_ascii_lowercase()
                } else {
                    c.to_ascii_uppercase()
                }
            })
            .collect::<String>();
        self.0.clear();
        self.0.push('^');
        self.0.push_str(turned.trim_start_matches('^'));
        self.0.truncate(MOST);
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn take(&mut self) -> String {
        let mut letters = std::mem::take(&mut self.0);
        letters.shrink_to_fit();
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_letters_come_at_powers_of_ten() {
        let mut h = History::default();
        let mut n = 0;
        for _ in 0..250 {
            h.scaled('T', false, &mut n);
        }
        assert_eq!(h.as_str(), "ttt");
    }

    #[test]
    fn stays_bounded() {
        let mut h = History::default();
        for _ in 0..1000 {
            h.add('S', true);
        }
        assert_eq!(h.as_str().len(), MOST);
        assert!(h.as_str().ends_with('x'));
    }

    #[test]
    fn a_turn_swaps_the_sides() {
        let mut h = History::default();
        h.add('H', true);
        h.turn();
        assert_eq!(h.as_str(), "^h");
    }
}
