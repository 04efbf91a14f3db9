//! threadtap's command line.
fn main() {}
