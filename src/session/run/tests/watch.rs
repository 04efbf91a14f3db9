//! The order of a watch: nothing is started, signalled or swept, however it ends.

use super::fake::{Fake, NAMES, target};
use super::*;
use crate::model::observation::{End, Fact};
use crate::model::{Exit, StopReason};

/// A watch of a server and a client that are there.
fn watch(duration: Option<Duration>) -> Fake {
    let mut fake = Fake::new();
    fake.plan.client = ClientChoice::Existing {
        attach: Some(crate::model::Pid(200)),
        duration,
        addresses: Vec::new(),
    };
    fake.plan.server = ServerChoice::Existing {
        target: target(),
        attach: None,
    };
    fake
}

/// Nobody was touched, and all of it is saved.
#[track_caller]
fn touches_nobody(fake: &Fake) {
    assert_eq!(fake.client.signals.borrow().len(), 0);
    assert_eq!(fake.server.signals.borrow().len(), 0);
    assert_eq!(fake.running(), 0);
    let order = [
        "start the server",
        "start the client",
        "open the tap",
        "close the tap",
    ];
    assert_eq!(fake.steps(), order);
    assert!(fake.saved("run.json") && fake.saved("observation.jsonl"));
}

#[test]
fn a_watch_ends_with_its_client() {
    let mut fake = watch(None);
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::Complete);
    assert_eq!(fake.stop_reason(), Some(StopReason::Left));
    assert_eq!(finished.run.programs.client.unwrap().exit_code, Some(0));
    touches_nobody(&fake);
    // The other end closes a moment later.
    assert!(fake.tap_closed().unwrap() >= fake.flows_close);
}

#[test]
fn ctrl_c_is_the_ordinary_end() {
    let mut fake = watch(None);
    fake.interrupt_at_look = Some(3);
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::Complete);
    assert_eq!(fake.stop_reason(), Some(StopReason::Left));
    assert!(
        finished
            .run
            .findings
            .iter()
            .all(|f| f.code != "interrupted")
    );
    touches_nobody(&fake);
}

#[test]
fn its_time_is_over() {
    let mut fake = watch(Some(Duration::from_millis(40)));
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::Complete);
    let watched = finished.run.duration_ns.get();
    assert!((40_000_000..60_000_000).contains(&watched), "{watched}");
    touches_nobody(&fake);
}

#[test]
fn a_capture_that_fails_ends_it() {
    let mut fake = watch(None);
    fake.capture_breaks = Some(Duration::from_millis(30));
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::Fault);
    touches_nobody(&fake);
}

#[test]
fn one_that_cannot_begin_leaves_nothing() {
    for refused in ["start the server", "start the client", "open the tap"] {
        let mut fake = watch(None);
        fake.refuse = Some(refused);
        fake.conduct().unwrap_err();
        assert!(fake.discarded(), "{refused}");
        assert!(!fake.steps().contains(&NAMES[4]), "nothing is swept");
        assert_eq!(fake.client.signals.borrow().len(), 0);
        assert_eq!(fake.server.signals.borrow().len(), 0);
    }
}

/// What the log says is what `show` makes of it: since when all of it was watched.
#[test]
fn the_log_says_since_when() {
    let mut fake = watch(None);
    let finished = fake.conduct().unwrap();
    let look = fake.facts().into_iter().find_map(|fact| match fact {
        Fact::Kernel(look) => Some(look.at),
        _ => None,
    });
    assert!(look.is_some());
    assert!(finished.run.plan.watched);
    assert_eq!(fake.client_exit, Exit::Code(0));
}
