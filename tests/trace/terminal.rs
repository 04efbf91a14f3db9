//! A person at a terminal: what is typed reaches whom it is for, whoever has the
//! terminal, and the shell gets it back. `tests/programs/terminal.py` types.

use super::common::need::Need::Tool;
use super::common::{Lab, PROGRAM};
use super::program::words;
use super::stage::free_port;
use crate::require;

fn plays(scenario: &str) {
    require!(Tool("python3"));
    for observe in ["exact", "sampled", "off"] {
        let lab = Lab::new();
        let player = words(&["terminal.py"], 0);
        let mut command = lab.command(&player[0]);
        command.arg(&player[1]);
        command.args([PROGRAM, &free_port().to_string(), observe, scenario]);
        let ran = lab.finish(&mut command);
        assert_eq!(
            ran.status,
            Some(0),
            "{observe}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn a_client_reads_from_the_terminal() {
    plays("reads");
}

#[test]
fn a_client_changes_the_settings_of_the_terminal() {
    plays("secret");
}

#[test]
fn ctrl_c_is_for_both() {
    plays("ctrl_c_is_for_both");
}

#[test]
fn ctrl_c_is_told_to_the_client() {
    plays("ctrl_c_is_told");
}

#[test]
fn ctrl_backslash_is_told_to_the_client() {
    plays("ctrl_backslash_is_told");
}

#[test]
fn ctrl_c_while_the_client_has_the_terminal() {
    plays("ctrl_c_while_it_reads");
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    plays("ctrl_z");
}

#[test]
fn ctrl_z_while_the_client_has_the_terminal() {
    plays("ctrl_z_while_it_reads");
}

#[test]
fn a_job_in_the_background_that_reads_is_stopped() {
    plays("in_the_background");
}

#[test]
fn a_pipeline_shares_the_terminal() {
    plays("in_a_pipeline");
}

#[test]
fn a_script_gets_the_terminal_back() {
    plays("in_a_script");
}
