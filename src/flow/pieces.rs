//! Places with numbers, in pieces that are had and given back one by one.

/// Places that are had and given back together. So many take tens of megabytes, which is
/// what allocators give back to the system as soon as they get it (mallopt(3),
/// `M_MMAP_THRESHOLD`).
const PIECE: usize = 1 << 18;

/// The places of the first piece. The next ones double, up to [`PIECE`]: who has few flows
/// needs no room for many, which may have to be made on a disk (`sys::spill`).
const FIRST: usize = 1 << 13;

/// How many pieces are smaller than [`PIECE`].
const SMALL: usize = (PIECE / FIRST).ilog2() as usize;

/// In which piece a place is, and where in it.
#[inline]
const fn find(place: usize) -> (usize, usize) {
    // By so much more than there is each one begins at a power of two.
    let shifted = place + FIRST;
    if shifted < PIECE {
        let power = shifted.ilog2();
        ((power - FIRST.ilog2()) as usize, shifted - (1 << power))
    } else {
        (SMALL - 1 + shifted / PIECE, shifted % PIECE)
    }
}

/// How many places a piece has.
const fn room(piece: usize) -> usize {
    if piece < SMALL { FIRST << piece } else { PIECE }
}

/// The first place of a piece.
const fn begins(piece: usize) -> usize {
    if piece < SMALL {
        (FIRST << piece) - FIRST
    } else {
        (piece - SMALL + 1) * PIECE - FIRST
    }
}

#[derive(Debug)]
struct Piece<T> {
    places: Vec<Option<T>>,
    /// How many of them are taken.
    taken: usize,
}

impl<T> Default for Piece<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            taken: 0,
        }
    }
}

/// A list with holes, of which nothing ever moves.
#[derive(Debug)]
pub(super) struct Pieces<T> {
    pieces: Vec<Piece<T>>,
    /// Nothing comes any more.
    ending: bool,
}

impl<T> Pieces<T> {
    pub(super) const fn new() -> Self {
        Self {
            pieces: Vec::new(),
            ending: false,
        }
    }

    /// Nothing comes any more: as what is in it goes, so does the memory, for whoever gets
    /// it may keep it.
    pub(super) const fn end(&mut self) {
        self.ending = true;
    }

    /// How many places there are, free ones included.
    pub(super) fn len(&self) -> usize {
        let last = self.pieces.len().saturating_sub(1);
        begins(last) + self.pieces.get(last).map_or(0, |piece| piece.places.len())
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&T> {
        let (piece, at) = find(place as usize);
        self.pieces.get(piece)?.places.get(at)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        let (piece, at) = find(place as usize);
        self.pieces.get_mut(piece)?.places.get_mut(at)?.as_mut()
    }

    /// Puts something into a place that is free: one that there was, or the one behind
    /// the last.
    pub(super) fn put(&mut self, place: u32, it: T) {
        let (piece, at) = find(place as usize);
        if self.pieces.len() == piece {
            // Nobody pays for room that nobody has written in.
            self.pieces.push(Piece {
                places: Vec::with_capacity(room(piece)),
                taken: 0,
            });
        }
        let piece = &mut self.pieces[piece];
        if piece.places.len() == at {
            piece.places.push(None);
        }
        piece.taken += 1;
        piece.places[at] = Some(it);
    }

    /// Takes something out of its place, which is free then.
    pub(super) fn take(&mut self, place: u32) -> Option<T> {
        let (piece, at) = find(place as usize);
        let piece = self.pieces.get_mut(piece)?;
        let it = piece.places.get_mut(at)?.take()?;
        piece.taken -= 1;
        if self.ending && piece.taken == 0 {
            *piece = Piece::default();
        }
        Some(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_and_used_again() {
        let mut pieces = Pieces::new();
        for place in 0..u32::try_from(PIECE).unwrap() + 2 {
            pieces.put(place, place);
        }
        assert_eq!(pieces.len(), PIECE + 2);
        assert_eq!(pieces.take(7), Some(7));
        assert_eq!((pieces.take(7), pieces.get(7)), (None, None));
        pieces.put(7, 70);
        assert_eq!(pieces.get(7), Some(&70));
        *pieces.get_mut(7).unwrap() += 1;
        assert_eq!(pieces.take(7), Some(71));
        assert_eq!((pieces.take(u32::MAX), pieces.len()), (None, PIECE + 2));
    }

    #[test]
    fn each_place_is_in_one_piece() {
        let mut next = (0, 0);
        for place in 0..4 * PIECE {
            assert_eq!((find(place), begins(next.0) + next.1), (next, place));
            next.1 += 1;
            if next.1 == room(next.0) {
                next = (next.0 + 1, 0);
            }
        }
        assert_eq!(
            next,
            (SMALL + 3, FIRST),
            "four times as many in pieces of these sizes"
        );
    }

    #[test]
    fn at_the_end_memory_goes_with_what_was_in_it() {
        let mut pieces = Pieces::new();
        let all = u32::try_from(FIRST).unwrap() + 2;
        (0..all).for_each(|place| pieces.put(place, place));
        pieces.end();
        (1..all).for_each(|place| assert_eq!(pieces.take(place), Some(place)));
        assert_eq!(pieces.pieces[0].places.len(), FIRST, "one is still there");
        assert_eq!(pieces.pieces[1].places.capacity(), 0);
        assert_eq!(pieces.take(0), Some(0));
        assert_eq!(pieces.pieces[0].places.capacity(), 0);
    }
}
