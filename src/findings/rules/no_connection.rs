//! `no_connection`: a client that never tried to reach the server.

use crate::findings::FindingsInput;
use crate::model::{Finding, Severity};
use crate::text::escape::printable;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let run = input.run;
    run.plan.client_command.as_ref()?;
    if run.requests.attempted != Some(0) || input.was_cut_short() {
        return None;
    }
    let target = &run.plan.target;
    let message = format!(
        "The client made no connection to {}: does it use another address or port? client.log \
         may tell more.",
        printable(target),
    );
    Some(Finding::new("no_connection", Severity::Warning, message).with("target", target.clone()))
}
