//! `not_joined`: the classic mistake with a thread pool.

use crate::findings::FindingsInput;
use crate::model::{Finding, Severity};
use crate::text::units::count;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let requests = &input.run.requests;
    let (submitted, attempted) = (requests.submitted?, requests.attempted?);
    if input.run.plan.joined != Some(false) || attempted >= submitted {
        return None;
    }
    let never = submitted - attempted;
    let message = format!(
        "The main thread ended without waiting: {} of {} requests were never attempted; join \
         the workers (shut the pool down and wait for it) before the program ends.",
        count(never),
        count(submitted),
    );
    Some(
        Finding::new("not_joined", Severity::Error, message)
            .with("submitted", submitted)
            .with("attempted", attempted)
            .with("never_attempted", never),
    )
}
