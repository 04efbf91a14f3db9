//! The program `threadtap`; all of it is in the library.

use std::process::ExitCode;

/// What a long run gathers lies on disk.
#[global_allocator]
static MEMORY: threadtap::Memory = threadtap::Memory;

fn main() -> ExitCode {
    threadtap::main()
}
