use super::*;
use crate::lang::Lang;
use crate::model::{Helper, Pid, ServerModel, Strategy};
use crate::testkit::Fixture;

const EN: Say = Say::new(Lang::En);

fn program(exit_code: Option<i32>, signal: Option<i32>, asked_to_end: bool) -> Program {
    Program {
        command: vec!["./client".to_owned()],
        pid: Pid(7),
        exit_code,
        signal,
        asked_to_end,
        helpers: None,
        others: None,
    }
}

/// How a program ended, and whether that is bad.
#[test]
fn an_end_that_was_asked_for_is_no_bad_one() {
    let of = |code, signal, asked| end(EN, &program(code, signal, asked));
    let told = |text: &str, bad| (text.to_owned(), bad);
    assert_eq!(of(Some(0), None, false), told("exit status 0", false));
    assert_eq!(of(Some(3), None, false), told("exit status 3", true));
    let asked = told("exit status 3 when asked to end", false);
    assert_eq!(of(Some(3), None, true), asked);
    let killed = told("ended by signal 15, SIGTERM", true);
    assert_eq!(of(None, Some(15), false), killed);
    let asked = told("ended by signal 15, SIGTERM when asked to end", false);
    assert_eq!(of(None, Some(15), true), asked);
    assert_eq!(of(None, None, false), told("still running", false));
}

#[test]
fn helpers_are_named_but_not_all() {
    let of = |names: &[&str]| {
        let helper = |name: &&str| Helper {
            name: (*name).to_owned(),
            processes: 2,
            threads: 3,
        };
        let helpers: Vec<Helper> = names.iter().map(helper).collect();
        named(EN, Some(&helpers), |n| {
            (EN.helper_processes(n), "without connections")
        })
    };
    assert_eq!(named(EN, None, |_| (String::new(), "c")), None);
    assert_eq!(of(&[]), None);
    assert_eq!(
        of(&["sh", "tee", "cat", "ls"]).as_deref(),
        Some("8 helper processes without connections: sh × 2, tee × 2, cat × 2, ls × 2")
    );
    assert_eq!(
        of(&["sh", "tee", "cat", "ls", "wc"]).as_deref(),
        Some("10 helper processes without connections: sh × 2, tee × 2, cat × 2, ls × 2, …")
    );
}

#[test]
fn each_side_that_is_a_program_has_its_sentence() {
    let mut run = Fixture::normal(1).run;
    assert!(block(EN, &run).is_none(), "both are built in");
    run.programs.client = Some(program(Some(1), None, false));
    run.programs.server = Some(program(None, Some(15), true));
    run.plan.strategy = Some(Strategy::Pool);
    run.plan.workers = Some(4);
    run.plan.server_model = None;
    run.plan.inferred.server = Some(Evidence {
        connections: 0,
        workers: 0,
        worker_processes: 0,
        accepting_threads: None,
        receiving_threads: None,
        sending_threads: None,
        most_by_one_worker: 0,
        at_once: None,
        created_threads: None,
        created_processes: None,
        because: "no connection was observed".to_owned(),
    });
    let Some(Block::Facts { facts, .. }) = block(EN, &run) else {
        panic!("there are programs");
    };
    let told: Vec<_> = facts
        .iter()
        .map(|(side, cell)| (*side, cell.text.as_str(), cell.tone))
        .collect();
    let server = "no connection was observed; ended by signal 15, SIGTERM when asked to end";
    assert_eq!(
        told,
        [
            ("client", "a pool of 4; exit status 1", Tone::Warning),
            ("server", server, Tone::Plain)
        ]
    );
}

#[test]
fn every_way_to_be_built_has_its_words() {
    let each = "one thread per connection";
    let forks = "one process per connection";
    let turns = "one connection after another";
    // That there is an event loop in it was not seen.
    let one = "one thread, several connections at once";
    for (strategy, model, words) in [
        (Strategy::Thread, ServerModel::Thread, each),
        (Strategy::Process, ServerModel::Process, forks),
        (Strategy::Pool, ServerModel::Pool, "a pool"),
        (Strategy::Async, ServerModel::Async, one),
        (Strategy::Iterative, ServerModel::Iterative, turns),
    ] {
        assert_eq!(of_program(EN, strategy, None), words);
        assert_eq!(of_server(EN, model), words);
    }
}
