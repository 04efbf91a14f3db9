//! `threadtap serve`.

use std::cell::Cell;
use std::io::{self, Write};

use super::OK;
use super::output::printed;
use crate::cli::ServeArgs;
use crate::lab::server;
use crate::sys::process;

/// Serves until SIGINT or SIGTERM, also where nobody can be told where: that is said
/// at once, and the exit status says it in the end.
pub fn serve(args: &ServeArgs) -> anyhow::Result<u8> {
    process::shed_overflow_handler();
    let plan = args.plan();
    let model = plan.model;
    let status = Cell::new(OK);
    server::serve(plan, None, |address| {
        let mut out = io::stdout().lock();
        // Somebody may wait for this line; nobody has to read it.
        let told = writeln!(out, "listening on {address} (model {model})");
        status.set(printed(told.and_then(|()| out.flush())));
        tracing::info!("server listens on {address}, model {model}");
    })?;
    tracing::info!("server ended");
    Ok(status.get())
}
