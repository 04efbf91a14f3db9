//! `threadtap watch`.

use super::run::{self, Afterwards};
use crate::cli::WatchArgs;

/// Watches, prints what was seen, and tells where it was saved.
pub fn watch(args: &WatchArgs) -> anyhow::Result<u8> {
    let afterwards = Afterwards {
        expect: &args.expect,
        print: args.print,
    };
    run::make(&args.plan()?, afterwards)
}
