//! Whether a run has a network of its own, and going there.

use super::SessionError;
use super::plan::{Identity, Isolate, RunPlan, ServerChoice};
use crate::sys::capture::CaptureError;
use crate::sys::isolation::enter;
use crate::sys::privilege;
use crate::sys::privilege::give_up::NOTHING;
use crate::sys::privilege::person::Person;

/// Enters a network of the run's own where the plan wants one; whether it does. No other
/// thread may exist yet.
///
/// # Errors
/// When nothing can be captured without one and it is refused, or when it was asked for
/// and is refused: each with what would help.
pub(super) fn isolate(plan: &RunPlan) -> Result<bool, SessionError> {
    let forbidden = plan
        .capture
        .as_ref()
        .filter(|_| privilege::may_capture() == Some(false));
    let permission = |instead: String| {
        forbidden.map(|settings| CaptureError::Permission {
            interface: settings.interface.clone(),
            remedy: privilege::setcap_line(),
            instead,
        })
    };
    let wanted = match plan.isolate {
        Isolate::Always => true,
        Isolate::Never => false,
        Isolate::Auto => forbidden.is_some_and(|s| s.interface == LOOPBACK) && is_ours(plan),
    };
    if !wanted {
        let instead = forbidden.map_or("", |settings| instead_of(plan, &settings.interface));
        return permission(instead.to_owned()).map_or(Ok(false), |e| Err(e.into()));
    }
    // Root there is to be nobody more than the person outside.
    if plan.identity == Identity::Root
        && !plan.as_root
        && let Some(person) = Person::behind_sudo()
    {
        person.become_for_good(NOTHING)?;
    }
    match (enter(plan.identity), plan.isolate) {
        (Ok(()), _) => {
            tracing::info!("the run has a network of its own");
            Ok(true)
        }
        (Err(refused), Isolate::Auto) => Err(permission(format!(
            "; a network of its own for the run is refused: {refused}"
        ))
        .map_or(SessionError::Isolation(refused), Into::into)),
        (Err(refused), _) => Err(SessionError::Isolation(refused)),
    }
}

/// The one interface of a new network.
const LOOPBACK: &str = "lo";
/// All interfaces, by libpcap's name.
const ANY: &str = "any";

/// What is said of a network of its own where the plan lets the run have one, and it was
/// not taken unasked: on every interface more is captured than such a run would see.
fn instead_of(plan: &RunPlan, interface: &str) -> &'static str {
    if plan.isolate == Isolate::Auto && interface == ANY && is_ours(plan) {
        "; or give the run a network of its own with --isolate always: lo is all that any is there"
    } else {
        ""
    }
}

/// Whether the run starts its server, so that it is there, too.
fn is_ours(plan: &RunPlan) -> bool {
    match plan.server {
        ServerChoice::Embedded(_) | ServerChoice::Command { .. } => true,
        ServerChoice::Existing { .. } => false,
    }
}
