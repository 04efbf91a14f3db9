//! What a command line expects of a record: checked before anything is run,
//! judged when the record is there.

use serde::Serialize;

use super::{COULD_NOT_RUN, DID_NOT_HOLD, OK};
use crate::expect::{Document, Expectation};
use crate::model::RunRecord;
use crate::sys::process::stderr;

/// Refuses an expectation that no record of this kind can be held against.
///
/// # Errors
/// A path that does not exist, or a value that cannot be compared with what is
/// there.
pub fn check(expectations: &[Expectation], document: &Document) -> anyhow::Result<()> {
    for expectation in expectations {
        document
            .check(expectation)
            .map_err(|e| anyhow::anyhow!("--expect: {e}"))?;
    }
    Ok(())
}

/// Judges all of them, tells on standard error each that does not hold, and
/// returns the exit status that follows.
///
/// # Errors
/// When the record cannot be made into JSON.
pub fn judge(
    expectations: &[Expectation],
    document: &Document,
    record: &impl Serialize,
) -> anyhow::Result<u8> {
    if expectations.is_empty() {
        return Ok(OK);
    }
    let record = serde_json::to_value(record)?;
    let mut status = OK;
    for expectation in expectations {
        match document.judge(expectation, &record) {
            Ok(failures) => {
                for failure in failures {
                    status = status.max(DID_NOT_HOLD);
                    let message = failure.message;
                    stderr::tell(format_args!("threadtap: expectation failed: {message}"));
                }
            }
            // Only the record could tell that there is no such name.
            Err(e) => {
                status = COULD_NOT_RUN;
                stderr::tell(format_args!("threadtap: --expect: {e}"));
            }
        }
    }
    Ok(status)
}

/// The same of a run. As JSON a timeline takes many times its memory, and that of a
/// million requests has millions of points: it is looked at where somebody asks for it.
///
/// # Errors
/// As [`judge`].
pub fn judge_run(
    expectations: &[Expectation],
    document: &Document,
    run: &mut RunRecord,
) -> anyhow::Result<u8> {
    let asked = expectations.iter().any(Expectation::asks_for_a_timeline);
    let aside = (!asked).then(|| {
        let sides = [&mut run.census.client, &mut run.census.server];
        sides.map(|side| std::mem::take(&mut side.timeline))
    });
    let met = judge(expectations, document, run);
    if let Some([client, server]) = aside {
        run.census.client.timeline = client;
        run.census.server.timeline = server;
    }
    met
}
