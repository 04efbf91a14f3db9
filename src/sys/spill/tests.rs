//! What is written is read again, wherever it is.

use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fstat, memfd_create};

use super::slots::{STEP, Spill};

fn file() -> OwnedFd {
    let how = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    memfd_create("spill", how).expect("a file in memory")
}

fn spill(file: &OwnedFd) -> Spill {
    let spill = Spill::new();
    spill.begin(file.try_clone().expect("a descriptor"));
    spill
}

fn blocks(file: &OwnedFd) -> u64 {
    fstat(file).expect("its state").st_blocks.unsigned_abs()
}

/// A list of bytes in a slot.
struct List {
    at: *mut u8,
    len: usize,
}

impl List {
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes were taken, and nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.len) }
    }

    fn write(&mut self, seed: usize) {
        let pages = self.bytes().iter_mut().enumerate().step_by(509);
        pages.for_each(|(i, byte)| *byte = at(i, seed));
    }

    fn holds(&mut self, seed: usize, len: usize) -> bool {
        let mut pages = self.bytes()[..len].iter().enumerate().step_by(509);
        pages.all(|(i, byte)| *byte == at(i, seed))
    }
}

/// What is written there.
fn at(place: usize, seed: usize) -> u8 {
    u8::try_from((place / 509 + seed) % 251).expect("less than 251")
}

fn list(spill: &Spill, len: usize) -> List {
    let at = spill.take(len).expect("a slot").as_ptr();
    List { at, len }
}

#[test]
fn lists_grow_in_place_and_come_again_after_their_memory_was_given_back() {
    let file = file();
    let spill = spill(&file);
    let mut lists: Vec<List> = (0..5).map(|n| list(&spill, STEP + n)).collect();
    for (seed, list) in lists.iter_mut().enumerate() {
        assert!(list.bytes().iter().all(|b| *b == 0));
        list.write(seed);
        assert!(spill.holds(list.at));
    }
    spill.trim();
    for (seed, list) in lists.iter_mut().enumerate() {
        let before = list.len;
        assert!(spill.resize(list.at, 5 * STEP));
        list.len = 5 * STEP;
        assert!(list.holds(seed, before));
        list.write(seed + 7);
    }
    spill.trim();
    for (seed, list) in lists.iter_mut().enumerate() {
        assert!(list.holds(seed + 7, 5 * STEP));
    }
    assert_eq!(spill.on_disk(), 25 * STEP);
}

#[test]
fn what_was_given_back_is_zeros_for_the_next_and_no_room_on_the_disk() {
    let file = file();
    let spill = spill(&file);
    let mut first = list(&spill, 3 * STEP);
    first.write(1);
    assert!(blocks(&file) * 512 >= 3 * STEP as u64);
    spill.give_back(first.at);
    assert_eq!(blocks(&file), 0);
    let mut second = list(&spill, 3 * STEP);
    assert_eq!(second.at, first.at);
    assert!(second.bytes().iter().all(|b| *b == 0));
}

/// A full disk: what is in the file stays there, and the rest is in memory.
#[test]
fn without_room_a_list_goes_on_in_memory() {
    let file = file();
    let spill = spill(&file);
    let mut one = list(&spill, 2 * STEP);
    one.write(3);
    fcntl_add_seals(&file, SealFlags::GROW).expect("a seal");
    assert!(spill.resize(one.at, 6 * STEP));
    one.len = 6 * STEP;
    assert!(one.holds(3, 2 * STEP));
    one.write(4);
    // What is in memory alone must not be given back.
    spill.trim();
    assert!(one.holds(4, 6 * STEP));
    assert_eq!(spill.on_disk(), 2 * STEP);
    // A new one is no matter of the file any more.
    assert!(spill.take(STEP).is_none());
    assert!(spill.resize(one.at, 7 * STEP));
    one.len = 7 * STEP;
    assert!(one.holds(4, 6 * STEP));
    spill.give_back(one.at);
}

/// A capture on a small disk is not to end for the sake of memory.
#[test]
fn enough_of_the_disk_is_left() {
    use super::place::{LEFT, leaves_enough};
    assert!(leaves_enough(1, LEFT + 5, 5));
    assert!(!leaves_enough(1, LEFT + 4, 5));
    assert!(!leaves_enough(1, LEFT, u64::MAX));
    assert!(leaves_enough(0, 0, 5), "no disk");
}

#[test]
fn slots_end_and_are_used_again() {
    let file = file();
    let spill = spill(&file);
    let taken: Vec<List> = (0..64).map(|_| list(&spill, 1)).collect();
    assert!(spill.take(1).is_none());
    spill.give_back(taken[40].at);
    assert_eq!(list(&spill, 1).at, taken[40].at);
}

/// Whatever order they come in.
#[test]
fn many_lists_at_once_keep_what_they_hold() {
    let file = file();
    let spill = spill(&file);
    std::thread::scope(|scope| {
        for thread in 0..4usize {
            let spill = &spill;
            scope.spawn(move || {
                for round in 0..6 {
                    let seed = thread * 31 + round;
                    let mut one = list(spill, STEP / 2);
                    one.write(seed);
                    assert!(spill.resize(one.at, 2 * STEP));
                    spill.trim();
                    assert!(one.holds(seed, one.len));
                    spill.give_back(one.at);
                }
            });
        }
    });
}

#[test]
fn nothing_is_taken_before_there_is_a_place() {
    let spill = Spill::new();
    assert!(spill.take(1 << 30).is_none());
    assert!(!spill.holds(std::ptr::dangling()));
}
