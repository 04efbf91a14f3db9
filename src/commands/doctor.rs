//! `threadtap doctor`.

use std::io::{self, Write};

use super::language::language;
use super::output::printed;
use super::{DID_NOT_HOLD, OK};
use crate::cli::{DoctorArgs, DoctorFormat};
use crate::doctor::{apparmor_profile, judge, page};
use crate::session::doctor::{readings, versions};
use crate::sys::host::environment;
use crate::sys::process;
use crate::text::json::write_indented;

/// Tries what threadtap does, and says what works.
pub fn doctor(args: &DoctorArgs) -> u8 {
    if args.apparmor_profile {
        let program = process::this_program();
        let profile = apparmor_profile(&program.to_string_lossy());
        let mut out = io::stdout().lock();
        return printed(out.write_all(profile.as_bytes()).and_then(|()| out.flush()));
    }
    let record = judge(&readings(), versions(), environment());
    let mut out = io::stdout().lock();
    let written = match args.format {
        DoctorFormat::Text => out.write_all(page(&record, language(args.lang)).as_bytes()),
        DoctorFormat::Json => write_indented(&record, &mut out),
    };
    let status = if record.ready { OK } else { DID_NOT_HOLD };
    status.max(printed(written.and_then(|()| out.flush())))
}
