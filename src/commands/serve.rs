//! `threadtap serve`.

use std::io::{self, Write};

use super::OK;
use crate::cli::ServeArgs;
use crate::lab::server;
use crate::sys::process;

/// Serves until SIGINT or SIGTERM.
pub fn serve(args: &ServeArgs) -> anyhow::Result<u8> {
    process::shed_overflow_handler();
    let plan = args.plan();
    let model = plan.model;
    server::serve(plan, None, |address| {
        let mut out = io::stdout().lock();
        // Somebody may wait for this line; nobody has to read it.
        let _ = writeln!(out, "listening on {address} (model {model})");
        let _ = out.flush();
        tracing::info!("server listens on {address}, model {model}");
    })?;
    tracing::info!("server ended");
    Ok(OK)
}
