//! Who is a helper, beside the work.

use super::*;

#[test]
fn helpers_are_those_without_a_connection_in_their_tree() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    story.executed(200, 200, "shim");
    story.ends(200, 200);
    // A process that works, and its parent that does not.
    story.fork(100, 300);
    story.fork(300, 301);
    story.connects(301, 301, 1);
    // One that was given an ended one's number.
    story.fork(100, 200);
    story.thread(200, 201);
    story.connects(200, 201, 2);
    let told = story.helpers(Side::Client, &story.made(1));
    assert_eq!(told, BTreeMap::from([("shim".to_owned(), (1, 1))]));
}

/// Whoever reads by a call that is not looked at served all the same.
#[test]
fn who_may_have_served_is_no_helper() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    story.executed(200, 200, "shim");
    story.ends(200, 200);
    // A worker to which connections are passed, with a thread of its own.
    story.fork(100, 300);
    story.thread(300, 301);
    for child in 401..404 {
        story.accepts(100, 100, u64::from(child));
        story.fork(100, child);
        story.ends(child, child);
    }
    let served = story.taken(2);
    let told = story.helpers(Side::Server, &served);
    assert_eq!(told, BTreeMap::from([("shim".to_owned(), (1, 1))]));
    let (model, evidence) = server_shape(&story.side, &served);
    assert_eq!(model, None);
    assert_eq!(
        (evidence.created_threads, evidence.created_processes),
        (None, None)
    );
    assert_eq!(
        evidence.because,
        "the serving thread was not observed for 3 of 3 connections; 4 processes may have served them"
    );
    // Where all were seen, nobody else did.
    let seen: Vec<Made> = served.iter().map(|m| Made { seen: true, ..*m }).collect();
    assert_eq!(story.helpers(Side::Server, &seen).len(), 2);
    let evidence = server_shape(&story.side, &seen).1;
    assert_eq!(evidence.created_processes, Some(0));
}

/// A child has what its parent had open; one that came later, or whose parent
/// had nothing, has not.
#[test]
fn a_client_s_child_that_may_have_talked_is_no_helper() {
    let mut story = Story::of_a_program();
    story.connects(100, 100, 1);
    story.fork(100, 200);
    story.fork(200, 201);
    story.executed(201, 201, "cat");
    story.fork(100, 300);
    story.executed(300, 300, "true");
    let told = |ms| story.helpers(Side::Client, &story.made(ms));
    let all = [
        ("", (0, 0)),
        ("cat", (1, 1)),
        ("client", (1, 1)),
        ("true", (1, 1)),
    ];
    let named = |all: &[(&str, (u64, u64))]| {
        let owned = all.iter().map(|&(name, n)| (name.to_owned(), n));
        owned.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(told(0), named(&all[1..]));
    assert_eq!(told(3), named(&all[3..]));
    assert_eq!(told(100), BTreeMap::new());
    // Then it is not known whether one thread did it all.
    for pid in [201, 200, 300] {
        story.ends(pid, pid);
    }
    story.connects(100, 100, 2);
    assert_eq!(story.strategy(0).0, Some(Strategy::Iterative));
    assert_eq!(story.strategy(3).0, None);
}

/// What came can be read long after the connection is over on the wire, by whoever
/// still holds the socket; what was executed without sockets holds none.
#[test]
fn whoever_may_hold_a_connection_is_no_helper() {
    let mut story = Story::of_a_program();
    story.connects(100, 100, 1);
    for (pid, name, sockets) in [(200, "cat", 1), (300, "true", 0)] {
        story.fork(100, pid);
        story.executed_with(pid, name, sockets);
    }
    let made = |held: Option<i64>| -> Vec<Made> {
        let made = story.made(0).into_iter();
        made.map(|one| Made {
            held: held.map(at),
            ..one
        })
        .collect()
    };
    let names = |told: Vec<crate::model::Helper>| -> Vec<String> {
        told.into_iter().map(|h| h.name).collect()
    };
    let both = |held| {
        let made = made(held);
        let helpers = helpers(&story.side, Side::Client, &made);
        (
            names(helpers),
            names(unclear(&story.side, Side::Client, &made)),
        )
    };
    let (cat, truth) = (vec!["cat".to_owned()], vec!["true".to_owned()]);
    assert_eq!(both(None), (truth.clone(), cat.clone()));
    assert_eq!(both(Some(100)), (truth, cat));
    assert_eq!(both(Some(4)).1, Vec::<String>::new());
}

/// A connection may be handed to a process that was there before (`SCM_RIGHTS`).
#[test]
fn a_process_beside_the_one_that_connects_may_use_its_connections() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    for socket in 0..4 {
        story.connects(100, 100, socket);
    }
    let made = story.made(20);
    assert_eq!(story.helpers(Side::Client, &made), BTreeMap::new());
    let (strategy, _, evidence) = client_shape(&story.side, &made);
    assert_eq!(strategy, None);
    assert_eq!(evidence.created_processes, None);
}
