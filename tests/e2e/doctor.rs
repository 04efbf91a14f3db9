//! What works here, asked by those who may much and by those who may little.

use serde_json::Value;

use super::common::need::Need::{Capture, Namespaces, Root, Tool, UserNamespaces};
use super::common::{Lab, PROGRAM, Ran, public_copy};
use crate::require;

const DOCTOR: [&str; 3] = ["doctor", "--format", "json"];

fn record(ran: &Ran) -> Value {
    assert_eq!(ran.stderr, "");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn check<'a>(record: &'a Value, name: &str) -> &'a Value {
    let mut checks = record["checks"].as_array().unwrap().iter();
    checks.find(|c| c["name"] == name).unwrap()
}

/// What was found, and what to do.
fn said(record: &Value, name: &str) -> String {
    let check = check(record, name);
    format!("{} {}", check["found"], check["remedy"])
}

#[test]
fn root_may_all_of_it() {
    require!(Root, Capture, Namespaces);
    let lab = Lab::new();
    let ran = lab.finish(lab.threadtap(&[]).args(DOCTOR)).exits(0);
    let record = record(&ran);
    assert_eq!(record["schema"], "threadtap.doctor/1");
    assert_eq!(
        (&record["ready"], &record["root"]),
        (&true.into(), &true.into())
    );
    for name in ["capture", "count", "trace", "isolate"] {
        assert_eq!(check(&record, name)["works"], true, "{record}");
    }
    assert!(record["libpcap"].as_str().unwrap().contains("libpcap"));
    let interfaces = record["interfaces"].as_array().unwrap();
    assert!(interfaces.iter().any(|i| i == "lo"));
    // The page says the same, and ends with a word for those who read no more.
    let page = lab.finish(lab.threadtap(&[]).arg("doctor")).exits(0).stdout;
    assert!(
        page.ends_with("All that `threadtap run` needs is here.\n"),
        "{page}"
    );
    let host = rustix::system::uname();
    let host = host.nodename().to_str().unwrap().to_owned();
    for private in [host.as_str(), "/root", lab.path().to_str().unwrap()] {
        let within = page.split_whitespace().any(|word| word.contains(private));
        assert!(private.len() < 4 || !within, "{private} in {page}");
    }
    // Nothing that was tried is left.
    assert_eq!(lab.left(), Vec::<String>::new());
}

/// Whoever may not capture here may in a network of its own, and so may a run.
#[test]
fn an_ordinary_user_needs_no_more_than_a_namespace() {
    require!(Root, Tool("setpriv"), UserNamespaces);
    let lab = Lab::new();
    let mut command = lab.command("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--no-new-privs",
    ]);
    let ran = lab.finish(command.arg(public_copy()).args(DOCTOR)).exits(0);
    let record = record(&ran);
    assert_eq!(record["root"], false);
    let capture = check(&record, "capture");
    assert_eq!(
        (&capture["works"], &capture["needed"]),
        (&false.into(), &false.into())
    );
    assert!(
        said(&record, "capture").contains("no_new_privs"),
        "{record}"
    );
    assert_eq!(check(&record, "isolate")["works"], true, "{record}");
    assert_eq!(check(&record, "trace")["works"], true, "{record}");
}

/// A user namespace that owns no network, and may make none.
#[test]
fn without_a_capture_and_a_namespace_it_is_not_ready() {
    require!(Root, Tool("unshare"), Namespaces);
    let lab = Lab::new();
    let script = "echo 0 >/proc/sys/user/max_net_namespaces && exec \"$0\" \"$@\"";
    let mut command = lab.command("unshare");
    command.args(["-Ur", "sh", "-c", script, PROGRAM]);
    let ran = lab.finish(command.args(DOCTOR)).exits(1);
    let record = record(&ran);
    assert_eq!(record["ready"], false);
    assert!(
        said(&record, "isolate").contains("user.max_net_namespaces is 0"),
        "{record}"
    );
    let capture = check(&record, "capture");
    assert_eq!(
        (&capture["works"], &capture["needed"]),
        (&false.into(), &true.into())
    );
    // It is root with every capability there: none was taken from it.
    let capture = said(&record, "capture");
    assert!(capture.contains("another user namespace"), "{capture}");
    assert!(!capture.contains("taken from root"), "{capture}");
}

#[test]
fn a_tracer_of_its_own_is_named() {
    require!(Root, Capture, Tool("strace"));
    let lab = Lab::new();
    let mut command = lab.command("strace");
    command.args(["-f", "-o", "/dev/null", "-e", "trace=none", PROGRAM]);
    let ran = lab.finish(command.args(DOCTOR)).exits(1);
    let record = record(&ran);
    let trace = said(&record, "trace");
    assert!(
        trace.contains("EPERM") && trace.contains("strace"),
        "{trace}"
    );
}
