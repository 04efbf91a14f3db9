//! The texts of the command line, at a fixed width.

use super::common::Lab;

/// What is printed, without the spaces at the ends of lines.
fn help(arguments: &[&str]) -> String {
    let lab = Lab::new();
    let ran = lab.finish(lab.threadtap(&[]).args(arguments).env("COLUMNS", "100"));
    let ran = ran.exits(0);
    assert_eq!(ran.stderr, "");
    let lines: Vec<&str> = ran.stdout.lines().map(str::trim_end).collect();
    for line in &lines {
        assert!(line.chars().count() <= 100, "{line}");
    }
    lines.join("\n")
}

#[test]
fn of_threadtap() {
    insta::assert_snapshot!(help(&["--help"]));
}

#[test]
fn of_run() {
    insta::assert_snapshot!(help(&["run", "--help"]));
}

#[test]
fn of_watch() {
    insta::assert_snapshot!(help(&["watch", "--help"]));
}

#[test]
fn of_compare() {
    insta::assert_snapshot!(help(&["compare", "--help"]));
}

#[test]
fn of_serve() {
    insta::assert_snapshot!(help(&["serve", "--help"]));
}

#[test]
fn of_show() {
    insta::assert_snapshot!(help(&["show", "--help"]));
}

#[test]
fn of_report() {
    insta::assert_snapshot!(help(&["report", "--help"]));
}

#[test]
fn of_wireshark() {
    insta::assert_snapshot!(help(&["wireshark", "--help"]));
}

#[test]
fn of_explain() {
    insta::assert_snapshot!(help(&["explain", "--help"]));
}

#[test]
fn of_doctor() {
    insta::assert_snapshot!(help(&["doctor", "--help"]));
}

#[test]
fn of_ceiling() {
    insta::assert_snapshot!(help(&["ceiling", "--help"]));
}

#[test]
fn the_inner_commands_are_not_shown() {
    for arguments in [&["--help"][..], &["completions", "bash"], &["man"]] {
        let lab = Lab::new();
        let ran = lab.finish(lab.threadtap(&[]).args(arguments)).exits(0);
        assert!(!ran.stdout.contains("Its plan, as JSON"), "{arguments:?}");
    }
}

#[test]
fn the_version_is_told() {
    let lab = Lab::new();
    let ran = lab.finish(lab.threadtap(&[]).arg("--version")).exits(0);
    assert_eq!(
        ran.stdout,
        format!("threadtap {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let lab = Lab::new();
        let ran = lab
            .finish(lab.threadtap(&[]).args(["completions", shell]))
            .exits(0);
        assert!(ran.stdout.contains("max-in-flight"), "{shell}");
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn the_man_page_is_one() {
    let lab = Lab::new();
    let ran = lab.finish(lab.threadtap(&[]).arg("man")).exits(0);
    assert!(ran.stdout.contains(".TH threadtap"), "{}", ran.stdout);
    for word in ["run", "compare", "serve", "ceiling", "completions"] {
        assert!(ran.stdout.contains(word));
    }
}

#[test]
fn every_command_has_a_man_page() {
    let lab = Lab::new();
    let ran = lab
        .finish(lab.threadtap(&[]).args(["man", "--list"]))
        .exits(0);
    let names: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        names.contains(&"run") && names.contains(&"compare"),
        "{names:?}"
    );
    for name in names {
        let ran = lab.finish(lab.threadtap(&[]).args(["man", name])).exits(0);
        let title = format!(".TH threadtap-{name} 1");
        assert!(ran.stdout.contains(&title), "{name}: {}", ran.stdout);
    }
    let ran = lab.finish(lab.threadtap(&[]).args(["man", "rnu"])).exits(2);
    assert!(ran.stderr.contains("no man page of rnu"), "{}", ran.stderr);
}
