//! What a watch says when it begins.

use crate::model::Pid;
use crate::session::run::Watching;
use crate::sys::process::stderr;

/// Says what is watched: the person waits, and so may a script that starts a client now.
pub(super) fn tell_of_the_beginning(watching: &Watching) {
    stderr::tell(format_args!("threadtap: {}", beginning(watching)));
    if !watching.exact {
        stderr::tell(format_args!("threadtap: {LESS}"));
    }
}

/// What is lost without programs in the kernel.
const LESS: &str = "not every thread and connection is seen (-v says why): threads are counted by \
                    reading /proc, and which of them connect and serve will not be known";

fn beginning(watching: &Watching) -> String {
    let pid = |pid: Option<Pid>| pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
    let client = match watching.client {
        Some(client) => format!("the client pid {client}"),
        None => "all that connect to it".to_owned(),
    };
    let end = match watching.duration {
        Some(time) => format!("for {} s, or until Ctrl-C", time.as_secs_f64()),
        None => "until Ctrl-C".to_owned(),
    };
    format!(
        "watching {}{} and {client}, {end}",
        watching.target,
        pid(watching.server)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_beginning_says_who_is_watched_and_how_long() {
        let mut watching = Watching {
            target: ([127, 0, 0, 1], 45000).into(),
            server: Some(Pid(7)),
            client: None,
            exact: true,
            duration: None,
        };
        assert_eq!(
            beginning(&watching),
            "watching 127.0.0.1:45000 (pid 7) and all that connect to it, until Ctrl-C"
        );
        watching.server = None;
        watching.client = Some(Pid(9));
        watching.duration = Some(Duration::from_millis(2500));
        assert_eq!(
            beginning(&watching),
            "watching 127.0.0.1:45000 and the client pid 9, for 2.5 s, or until Ctrl-C"
        );
    }
}
