//! The rules about how the sides and the run ended, and what was left.

use serde_json::json;

use super::evidence;
use super::scene::Scene;
use crate::model::observation::{End, Leftovers, ObserverName, Trouble};
use crate::model::{Exit, Nanos, Pid, Severity, Side, StopReason};

const KILLED: Exit = Exit::Signal(9);

fn scene(of: Scene, change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = of;
    change(&mut scene);
    scene
}

#[test]
fn nothing_is_wrong_with_a_normal_end() {
    assert_eq!(Scene::normal().found(), []);
    assert_eq!(Scene::of_programs().found(), []);
}

#[test]
fn client_died_is_said_of_the_built_in_client() {
    let died = |of: Scene, exit, end| {
        scene(of, |s| {
            s.ended(Side::Client, exit, false);
            s.end(end);
        })
    };
    let finding = died(Scene::normal(), Some(KILLED), End::Complete).one("client_died");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        finding.message,
        "The client ended before its work was done (signal 9, SIGKILL); client.log may say why."
    );
    assert_eq!(evidence(&finding), json!({"exit": "signal 9, SIGKILL"}));
    died(Scene::normal(), Some(Exit::Code(1)), End::Complete).one("client_died");

    let silent = |of, exit, end| died(of, exit, end).silent("client_died");
    silent(Scene::normal(), Some(Exit::Code(0)), End::Complete);
    silent(Scene::normal(), None, End::Complete);
    silent(Scene::normal(), Some(KILLED), End::Interrupted);
    silent(Scene::normal(), Some(KILLED), End::Fault);
    silent(Scene::of_programs(), Some(KILLED), End::Complete);
}

#[test]
fn client_signal_and_client_exit_are_said_of_a_program() {
    let ended = |of: Scene, exit, asked| scene(of, |s| s.ended(Side::Client, exit, asked));
    let segv = ended(Scene::of_programs(), Some(Exit::Signal(11)), false);
    let finding = segv.one("client_signal");
    assert_eq!(
        finding.message,
        "The client was ended by signal 11, SIGSEGV; client.log may say why."
    );
    assert_eq!(evidence(&finding), json!({"signal": 11, "last_line": null}));
    segv.silent("client_exit");

    let failed = ended(Scene::of_programs(), Some(Exit::Code(3)), false);
    let finding = failed.one("client_exit");
    assert_eq!(
        finding.message,
        "The client ended with exit status 3; client.log may say why."
    );
    assert_eq!(
        evidence(&finding),
        json!({"exit_code": 3, "last_line": null})
    );
    failed.silent("client_signal");

    // Its last line is quoted, as much of it as a sentence bears.
    let mut words = ended(Scene::of_programs(), Some(Exit::Code(1)), false);
    words.printed(Side::Client, 0, None, Some(&"x".repeat(1000)));
    let finding = words.one("client_exit");
    let quoted = format!("the last line of client.log is “{}…”.", "x".repeat(160));
    assert!(finding.message.ends_with(&quoted), "{}", finding.message);
    // Ctrl-C may reach it, too; a fault is its own.
    for (exit, said) in [(Exit::Signal(2), 0), (Exit::Signal(6), 1)] {
        let mut cut = ended(Scene::of_programs(), Some(exit), false);
        cut.end(End::Interrupted);
        assert_eq!(cut.coded("client_signal").len(), said, "{exit}");
    }

    for (of, exit, asked) in [
        (Scene::of_programs as fn() -> Scene, Some(KILLED), true),
        (Scene::of_programs, Some(Exit::Code(3)), true),
        (Scene::of_programs, Some(Exit::Code(0)), false),
        (Scene::of_programs, None, false),
        (Scene::normal, Some(KILLED), false),
        (Scene::normal, Some(Exit::Code(3)), false),
    ] {
        let quiet = ended(of(), exit, asked);
        quiet.silent("client_signal");
        quiet.silent("client_exit");
    }
}

#[test]
fn server_died_where_it_was_not_asked_to_end() {
    let ended = |of: Scene, exit, asked, end| {
        scene(of, |s| {
            s.ended(Side::Server, exit, asked);
            s.end(end);
        })
    };
    let died = ended(Scene::of_programs(), Some(KILLED), false, End::Complete);
    let finding = died.one("server_died");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        finding.message,
        "The server ended during the run (signal 9, SIGKILL); server.log may say why."
    );
    assert_eq!(
        evidence(&finding),
        json!({"exit": "signal 9, SIGKILL", "last_line": null})
    );
    died.silent("server_ended");
    // The built-in one never ends by itself.
    ended(Scene::normal(), Some(Exit::Code(0)), false, End::Complete).one("server_died");
    // What interrupts a run reaches its whole group; a fault is the server's own.
    let fault = Some(Exit::Signal(11));
    for of in [Scene::normal as fn() -> Scene, Scene::of_programs] {
        ended(of(), fault, false, End::Interrupted).one("server_died");
        for exit in [KILLED, Exit::Signal(15), Exit::Signal(2), Exit::Code(1)] {
            let quiet = ended(of(), Some(exit), false, End::Interrupted);
            quiet.silent("server_died");
        }
    }

    let scenes: [fn() -> Scene; 2] = [Scene::normal, Scene::of_programs];
    for (which, exit, asked, end) in [
        (0, Some(KILLED), true, End::Complete),
        (1, Some(KILLED), true, End::Complete),
        (1, Some(KILLED), false, End::Interrupted),
        (1, None, false, End::Complete),
    ] {
        let quiet = ended(scenes[which](), exit, asked, end);
        quiet.silent("server_died");
        quiet.silent("server_ended");
    }
}

#[test]
fn server_ended_with_status_0() {
    let ended = |end| {
        scene(Scene::of_programs(), |s| {
            s.ended(Side::Server, Some(Exit::Code(0)), false);
            s.end(end);
        })
    };
    let quick = ended(End::Complete);
    let finding = quick.one("server_ended");
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(
        finding.message,
        "The server ended by itself, with exit status 0, before the run was over."
    );
    quick.silent("server_died");
    ended(End::Interrupted).silent("server_ended");

    // A daemon's first process is to end; by a signal it is not.
    let mut daemon = ended(End::Complete);
    daemon.observation.server.ended.as_mut().unwrap().went_on = true;
    daemon.silent("server_ended");
    daemon.silent("server_died");
    daemon.observation.server.ended.as_mut().unwrap().exit = Some(KILLED);
    daemon.one("server_died");
}

#[test]
fn interrupted_by_a_person_or_without_an_end() {
    let finding = scene(Scene::normal(), |s| s.end(End::Interrupted)).one("interrupted");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.starts_with("The run was interrupted, so "));
    // threadtap itself was killed: the log has no end.
    scene(Scene::normal(), |s| s.observation.end = None).one("interrupted");
    // A fault has a finding of its own.
    let fault = scene(Scene::normal(), |s| {
        s.end(End::Fault);
        s.fixture.capture().stop_reason = StopReason::Interrupted;
    });
    fault.silent("interrupted");
    Scene::normal().silent("interrupted");
}

#[test]
fn a_client_whose_time_was_over() {
    let late = |change: fn(&mut Scene)| {
        scene(Scene::of_programs(), |s| {
            s.end(End::TimeLimit);
            s.observation.header.asked.time_limit_ns = Some(Nanos::new(2_500_000_000));
            // threadtap has ended it.
            s.ended(Side::Client, Some(KILLED), true);
            change(s);
        })
    };
    let finding = late(|_| {}).one("time_limit");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        finding.message,
        "The client had not ended after 2.50 s, its --time-limit, and threadtap ended it; every \
         figure covers only what had happened until then."
    );
    assert_eq!(evidence(&finding), json!({"limit_ns": 2_500_000_000_i64}));
    // Its first process was not among those that were ended.
    let others = late(|s| s.ended(Side::Client, Some(Exit::Code(0)), false));
    assert_eq!(
        others.one("time_limit").message,
        "The client's first process had ended, but processes that it had started had not after \
         2.50 s, the --time-limit, and threadtap ended them; every figure covers only what had \
         happened until then."
    );
    // Of what it did not come to nobody else is to blame, and not the linger time.
    let cut = late(|s| {
        s.fixture.capture().stop_reason = StopReason::Timeout;
        s.fixture.run.requests.attempted = Some(0);
        let failed = &mut s.fixture.run.requests.failed;
        failed.insert("not_attempted".to_owned(), 20);
    });
    for code in [
        "interrupted",
        "client_signal",
        "linger_timeout",
        "no_connection",
    ] {
        cut.silent(code);
    }
    let failed = cut.one("requests_failed");
    assert_eq!(failed.severity, Severity::Warning);
    assert!(failed.message.ends_with("; the run ended early."));
    Scene::of_programs().silent("time_limit");
    scene(Scene::of_programs(), |s| s.end(End::Interrupted)).silent("time_limit");
}

#[test]
fn a_log_that_was_cut_and_one_that_was_not_saved() {
    let cut = Trouble::LogCut {
        side: Side::Client,
        printed_bytes: 5 << 20,
        limit_bytes: 1 << 20,
    };
    let finding = scene(Scene::of_programs(), |s| s.trouble(cut)).one("log_cut");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(
        finding.message,
        "The client printed 5.24 MB: client.log holds the first 1.05 MB of it (--log-limit)."
    );
    let lost = Trouble::LogNotSaved {
        side: Side::Server,
        error: "No space left on device (os error 28)".to_owned(),
        saved_bytes: 4096,
    };
    let finding = scene(Scene::of_programs(), |s| s.trouble(lost)).one("log_not_saved");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        evidence(&finding),
        json!({"side": "server", "saved_bytes": 4096})
    );
    Scene::of_programs().silent("log_cut");
    Scene::of_programs().silent("log_not_saved");
}

#[test]
fn an_interrupted_run_blames_nobody() {
    let cut = |end, stop_reason| {
        scene(Scene::of_programs(), |s| {
            s.end(end);
            s.fixture.capture().stop_reason = stop_reason;
            s.fixture.run.requests.attempted = Some(0);
            let failed = &mut s.fixture.run.requests.failed;
            failed.insert("not_attempted".to_owned(), 20);
        })
    };
    for cut in [
        cut(End::Interrupted, StopReason::Drained),
        cut(End::Fault, StopReason::Interrupted),
        cut(End::Fault, StopReason::Fault),
    ] {
        cut.silent("no_connection");
        let finding = cut.one("requests_failed");
        assert_eq!(finding.severity, Severity::Warning);
        assert!(finding.message.ends_with("; the run ended early."));
    }
    let whole = cut(End::Complete, StopReason::Drained);
    whole.one("no_connection");
    assert_eq!(whole.one("requests_failed").severity, Severity::Error);
}

#[test]
fn left_behind_by_a_program_and_by_the_run() {
    let idle = |of: Scene, n| {
        scene(of, |s| {
            s.observation.client.ended.as_mut().unwrap().left_behind = n;
        })
    };
    let finding = idle(Scene::of_programs(), 2).one("left_behind");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(
        finding.message,
        "The client's first process ended and left 2 idle processes; threadtap ended them."
    );
    assert_eq!(evidence(&finding), json!({"processes": 2}));
    idle(Scene::of_programs(), 0).silent("left_behind");
    idle(Scene::normal(), 2).silent("left_behind");

    let untracked = |lived| {
        scene(idle(Scene::of_programs(), 1), |s| {
            s.observation.leftovers = Some(Leftovers {
                reaped: 1,
                lived,
                not_ended: Vec::new(),
            });
        })
    };
    let both = untracked(Some(1)).coded("left_behind");
    assert_eq!(both.len(), 2);
    assert_eq!(
        both[0].message,
        "The client's first process ended and left 1 idle process; threadtap ended it."
    );
    assert_eq!(
        both[1].message,
        "The run left 1 untracked process; threadtap ended it, and it is not in any total."
    );
    let many = untracked(Some(3)).coded("left_behind");
    assert!(
        many[1].message.ends_with(
            "3 untracked processes; threadtap ended them, and they are not in any total."
        )
    );
    for none in [None, Some(0)] {
        assert_eq!(untracked(none).coded("left_behind").len(), 1);
    }
    // Those of whom /proc told are counted as far as it did.
    let sampled = scene(untracked(Some(10)), |s| {
        let started = s.observation.client.started.as_mut().unwrap();
        started.observer = ObserverName::Proc;
    });
    assert_eq!(
        sampled.coded("left_behind")[1].message,
        "The run left 10 processes that were not traced; threadtap ended them. Of their threads \
         the counts have only what was seen in /proc, and their CPU time is in no total."
    );
}

#[test]
fn not_ended_names_the_processes() {
    let stuck = |pids: &[u32]| {
        scene(Scene::normal(), |s| {
            let not_ended = pids.iter().copied().map(Pid).collect();
            s.observation.leftovers.as_mut().unwrap().not_ended = not_ended;
        })
    };
    let finding = stuck(&[12]).one("not_ended");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.starts_with("Process 12 did not end "));
    let finding = stuck(&[12, 13]).one("not_ended");
    assert!(finding.message.starts_with("Processes 12, 13 did not end "));
    assert_eq!(evidence(&finding), json!({"pids": "12, 13"}));
    stuck(&[]).silent("not_ended");
    scene(Scene::normal(), |s| s.observation.leftovers = None).silent("not_ended");
}

/// What was only waited for has an end as well.
#[test]
fn a_program_that_nobody_observes_can_fail_too() {
    let alone = scene(Scene::of_programs(), |s| {
        s.started(Side::Client, ObserverName::Nobody, Some(vec!["a".into()]));
        s.ended(Side::Client, Some(Exit::Code(1)), false);
    });
    alone.one("client_exit");
}

#[test]
fn program_not_started_names_the_program_and_nothing_else_is_said() {
    let scene = scene(Scene::of_programs(), |s| {
        let plan = &mut s.fixture.run.plan;
        plan.client_command = Some(vec!["./client".to_owned(), "9".to_owned()]);
        s.fixture.run.requests.attempted = Some(0);
        s.trouble(Trouble::NotStarted {
            side: Side::Client,
            error: "Permission denied (os error 13)".to_owned(),
            remedy: "; chmod +x it".to_owned(),
        });
    });
    let finding = scene.one("program_not_started");
    assert_eq!(scene.found().len(), 1);
    assert_eq!(
        finding.message,
        "The client `./client 9` could not be started: Permission denied (os error 13); chmod +x \
         it. No request was made."
    );
    Scene::of_programs().silent("program_not_started");
}

#[test]
fn server_not_listening_tells_how_it_ended_or_where_it_listens() {
    let told = |waited, instead, said: Option<&str>| {
        let scene = scene(Scene::of_programs(), |s| {
            s.fixture.run.plan.server_command = Some(vec!["./s".to_owned()]);
            s.ended(Side::Server, Some(Exit::Code(3)), false);
            s.trouble(Trouble::NotListening {
                port: Some(7000),
                waited_ns: waited,
                instead,
                held: None,
                said: said.map(str::to_owned),
            });
        });
        assert_eq!(scene.found().len(), 1);
        scene.one("server_not_listening")
    };
    let ended = told(None, None, Some("no such file"));
    assert_eq!(
        ended.message,
        "The server `./s` ended before it listened on port 7000 (exit status 3). Its last output: \
         no such file."
    );
    assert_eq!(
        evidence(&ended),
        json!({"port": 7000, "waited_ns": null, "instead": null, "held": null, "exit": "exit status 3"})
    );
    let ten = Some(Nanos::new(10_000_000_000));
    let elsewhere = told(ten, Some(8000), None);
    assert!(
        elsewhere
            .message
            .contains("but on port 8000: leave out --port, or give --port 8000"),
        "{}",
        elsewhere.message
    );
    let nowhere = told(ten, None, None);
    assert!(
        nowhere.message.ends_with("It printed nothing."),
        "{}",
        nowhere.message
    );
    assert!(
        nowhere.message.contains("--server-timeout"),
        "{}",
        nowhere.message
    );
    // That it was ended by us afterwards is not its own end.
    assert_eq!(evidence(&nowhere)["exit"], json!(null));
    Scene::of_programs().silent("server_not_listening");
}

#[test]
fn a_port_that_is_roots_is_to_be_had_in_a_network_of_ones_own() {
    let told = |isolated: bool, root: bool, port: Option<u16>, said: &str| {
        let scene = scene(Scene::of_programs(), |s| {
            s.fixture.run.plan.isolated = isolated;
            s.observation.header.asked.programs.root_inside = root;
            s.ended(Side::Server, Some(Exit::Code(1)), false);
            s.trouble(Trouble::NotListening {
                port,
                waited_ns: None,
                instead: None,
                held: None,
                said: Some(said.to_owned()),
            });
        });
        scene.one("server_not_listening").message
    };
    let denied = "PermissionError: [Errno 13] Permission denied";
    let low = told(true, false, Some(80), denied);
    assert!(low.contains("Port 80 is below 1024"), "{low}");
    assert!(low.contains("--isolate-as root"), "{low}");
    let unknown = told(true, false, None, denied);
    assert!(
        unknown.contains("If it wants a port below 1024"),
        "{unknown}"
    );
    for other in [
        told(true, false, Some(8000), denied),
        told(true, true, Some(80), denied),
        told(false, false, Some(80), denied),
        told(true, false, Some(80), "no such file"),
    ] {
        assert!(!other.contains("--isolate-as"), "{other}");
    }
}

#[test]
fn a_port_in_use_is_why_a_server_ended_only_where_it_says_so() {
    let told = |said: &str| {
        let scene = scene(Scene::of_programs(), |s| {
            s.ended(Side::Server, Some(Exit::Code(1)), false);
            s.trouble(Trouble::NotListening {
                port: Some(7000),
                waited_ns: None,
                instead: None,
                held: Some(" by a closed connection in TIME-WAIT; wait for a minute".to_owned()),
                said: Some(said.to_owned()),
            });
        });
        scene.one("server_not_listening").message
    };
    for said in [
        "OSError: [Errno 98] Address already in use",
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:7000",
        "bind: Alamat sudah dipakai (os error 98)",
    ] {
        let message = told(said);
        assert!(
            message.contains("is in use by a closed connection"),
            "{message}"
        );
        assert!(!message.contains("was not seen"), "{message}");
    }
    let message = told("error: unknown option --prot");
    assert!(
        message.contains("is in use by a closed connection"),
        "{message}"
    );
    assert!(
        message.contains("because of that was not seen"),
        "{message}"
    );
}
