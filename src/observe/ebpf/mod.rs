//! Programs in the kernel (eBPF) that tell what a client and a server do, and stop
//! neither.
//!
//! ```text
//! observe.bpf.c ─ in the kernel ─► ring ─► record ─► order ─► translate, lives ─► events
//! ```
//!
//! They are loaded once for a run ([`Kernel::load`]) and know the processes of both
//! sides: which ones, [`Kernel::watch`] tells them before the first of them executes its
//! program, and from then on they keep book themselves at each fork and end. A thread of
//! its own empties the ring; [`Watched`] hands on what it found.

mod answer;
mod kernel;
mod lives;
mod observer;
mod order;
mod record;
mod sockets;
mod translate;

pub use kernel::Kernel;
pub use observer::Watched;
