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

/// So many letters are kept in place: those of nearly every flow.
const FEW: usize = 23;

/// The letters so far.
#[derive(Debug, Default)]
pub(super) struct History {
    few: [u8; FEW],
    len: u8,
    /// All of them, where there are more.
    more: Option<Box<[u8; MOST]>>,
}

impl History {
    /// Adds a letter (given in upper case) of the client or the server.
    pub(super) fn add(&mut self, letter: char, from_client: bool) {
        if usize::from(self.len) < MOST {
            let letter = if usize::from(self.len) == MOST - 1 {
                'x'
            } else if from_client {
                letter
            } else {
                letter.to_ascii_lowercase()
            };
            self.push(letter);
        }
    }

    /// Letters are of ASCII.
    fn push(&mut self, letter: char) {
        let Ok(letter) = u8::try_from(letter) else {
            return;
        };
        let at = usize::from(self.len);
        if at == FEW && self.more.is_none() {
            let mut all = Box::new([0; MOST]);
            all[..FEW].copy_from_slice(&self.few);
            self.more = Some(all);
        }
        let room = match &mut self.more {
            None => self.few.get_mut(at),
            Some(all) => all.get_mut(at),
        };
        if let Some(place) = room {
            *place = letter;
            self.len += 1;
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
        let before = std::mem::take(self);
        self.push('^');
        for letter in before.as_str().trim_start_matches('^').chars() {
            self.push(if letter.is_ascii_uppercase() {
                letter.to_ascii_lowercase()
            } else {
                letter.to_ascii_uppercase()
            });
        }
    }

    pub(super) fn as_str(&self) -> &str {
        let letters = match &self.more {
            None => &self.few[..],
            Some(all) => &all[..],
        };
        let letters = letters.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
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
    fn letters_are_the_same_however_many_there_are() {
        let mut h = History::default();
        let mut told = String::new();
        for n in 0..=MOST + 3 {
            assert_eq!(h.as_str(), told);
            h.add('D', n % 3 == 0);
            if n < MOST {
                told.push(match n % 3 {
                    _ if n == MOST - 1 => 'x',
                    0 => 'D',
                    _ => 'd',
                });
            }
        }
        let turned: String = told
            .chars()
            .map(|c| match c {
                'D' => 'd',
                'd' => 'D',
                _ => 'X',
            })
            .collect();
        h.turn();
        assert_eq!(h.as_str(), format!("^{}", &turned[..MOST - 1]));
    }

    #[test]
    fn a_turn_swaps_the_sides() {
        let mut h = History::default();
        h.add('H', true);
        h.turn();
        assert_eq!(h.as_str(), "^h");
        for letter in "ADF".chars() {
            h.add(letter, true);
            h.add(letter, false);
        }
        h.turn();
        assert_eq!(h.as_str(), "^HaAdDfF");
    }
}
