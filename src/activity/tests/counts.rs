//! How many tasks there were, before, at the peak and after.

use super::*;

#[test]
fn a_pool_that_is_left_running_is_there_when_its_process_begins_to_exit() {
    let mut story = Story::of_a_program();
    for tid in 101..106 {
        story.thread(100, tid);
    }
    story.ends(100, 105);
    story.exits(100);
    for tid in (101..105).rev() {
        story.ends(100, tid);
    }
    story.ends(100, 100);
    let census = story.census();
    assert_eq!(census.threads, counts(1, 6, 5, 5));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

#[test]
fn what_a_signal_ends_was_there_when_it_came() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    for tid in [102, 101, 100] {
        story.tell(100, tid, Change::Ended(Exit::Signal(9)));
    }
    assert_eq!(story.census().threads, counts(1, 3, 3, 2));
    let process = &story.side.tasks.processes()[0];
    assert_eq!(process.exit, Some(Exit::Signal(9)));
}

#[test]
fn a_process_that_outlives_its_first_thread_counts_as_one() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.tell(100, 100, Change::ThreadExiting);
    story.thread(100, 102);
    story.exits(100);
    story.ends(100, 102);
    story.ends(100, 101);
    story.ends(100, 100);
    let census = story.census();
    assert_eq!(census.threads, counts(1, 2, 2, 2));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

/// No thread ends the process as a whole: it ends with the last of them, of whose end a
/// tracer tells before.
#[test]
fn the_last_thread_was_there_when_its_process_began_to_exit() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    for tid in [100, 102, 101] {
        story.tell(100, tid, Change::ThreadExiting);
    }
    story.ends(100, 100);
    let census = story.census();
    assert_eq!(census.threads, counts(1, 3, 1, 2));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

#[test]
fn a_joined_thread_on_its_way_out_was_not_left_running() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    story.tell(100, 101, Change::ThreadExiting);
    story.exits(100);
    for tid in [101, 102, 100] {
        story.ends(100, tid);
    }
    assert_eq!(story.census().threads, counts(1, 3, 2, 2));
}

#[test]
fn a_thread_that_executes_a_program_takes_its_process_s_id() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    story.ends(100, 101);
    story.executed(100, 102, "other");
    story.connects(100, 100, 1);
    story.exits(100);
    story.ends(100, 100);
    assert_eq!(story.census().threads, counts(1, 3, 1, 2));
    let maker = story.side.sockets.made[0].task;
    assert_eq!(maker, TaskIndex(2));
    assert_eq!(story.side.tasks.name_of(Pid(100)), "");
    assert_eq!(story.side.tasks.processes()[0].name, "other");
}

#[test]
fn whoever_was_found_was_not_created() {
    let mut story = Story::default();
    story.tell(100, 100, Change::Found { process: true });
    story.tell(100, 101, Change::Found { process: false });
    story.thread(100, 102);
    story.ends(100, 102);
    let census = story.census();
    assert_eq!(census.threads, counts(2, 3, 2, 1));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

#[test]
fn the_living_are_those_that_have_not_ended() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    story.thread(100, 101);
    let living = |story: &Story| {
        let mut living = story.side.tasks.living();
        living.sort_unstable();
        living
    };
    assert_eq!(living(&story), [Pid(100), Pid(200)]);
    story.ends(100, 101);
    story.ends(100, 100);
    assert_eq!(living(&story), [Pid(200)]);
    story.ends(200, 200);
    assert_eq!(living(&story), []);
}

#[test]
fn what_ends_at_the_moment_of_the_census_was_still_there() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.ends(100, 101);
    let ended = story.now;
    let after = |asked: i64| {
        let spans = story.side.tasks.spans(Some(at(asked)), at(0));
        count(&spans.unwrap(), Provenance::Traced).threads.after
    };
    assert_eq!(after(ended), Some(2));
    assert_eq!(after(ended + 1), Some(1));
    // One that was left while it ran.
    let left = story.side.tasks.spans(None, at(ended - 1)).unwrap();
    assert_eq!(count(&left, Provenance::Traced).threads.after, Some(2));
}

proptest! {
    /// Threads that come and go in any order, ids used again: created is exact,
    /// and the last count is what is left.
    #[test]
    fn every_task_is_counted_once(steps in proptest::collection::vec(0u32..12, 1..200)) {
        let mut story = Story::of_a_program();
        let mut alive = std::collections::BTreeSet::new();
        let (mut created, mut peak) = (0u64, 1u64);
        for step in steps {
            let tid = 101 + step;
            if alive.remove(&tid) {
                story.ends(100, tid);
            } else {
                alive.insert(tid);
                story.thread(100, tid);
                created += 1;
                peak = peak.max(1 + alive.len() as u64);
            }
        }
        story.exits(100);
        let threads = story.census().threads;
        prop_assert_eq!(threads, counts(1, peak, 1 + alive.len() as u64, created));
    }
}
