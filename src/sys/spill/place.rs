//! The file that memory is in.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, FallocateFlags, IFlags, Mode, OFlags, fallocate, fstatfs, fstatvfs, ioctl_setflags,
    openat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// File systems that keep the room that fallocate(2) gives, also for what is written
/// through a mapping. Where there is none left when a page is written the kernel could
/// tell it by a signal only (SIGBUS, mmap(2)). Numbers by statfs(2).
const EXT: u32 = 0xEF53;
const XFS: u32 = 0x5846_5342;
const OVERLAY: u32 = 0x794c_7630;
const F2FS: u32 = 0xF2F5_2010;
/// Without copy-on-write: else a page that is written anew needs room anew.
const BTRFS: u32 = 0x9123_683E;

/// Seen for a moment by who looks into the folder, where the file has to be made by name.
const NAME: &std::ffi::CStr = c".threadtap-memory";

/// A file in this folder that memory can be in; `None` where there can be none.
pub(super) fn made_in(folder: &OwnedFd) -> Option<OwnedFd> {
    usable(folder).and_then(|()| make(folder))
}

fn usable(folder: &OwnedFd) -> Option<()> {
    // Its length tells nothing: it has holes. So no limit of it may be near.
    let limited = getrlimit(Resource::Fsize).current.is_some();
    let keeps_room = [EXT, XFS, OVERLAY, F2FS, BTRFS].contains(&kind(folder)?);
    (keeps_room && !limited).then_some(())
}

/// The kind of file system that it is in.
fn kind(of: &OwnedFd) -> Option<u32> {
    u32::try_from(fstatfs(of).ok()?.f_type & 0xFFFF_FFFF).ok()
}

fn make(folder: &OwnedFd) -> Option<OwnedFd> {
    let how = OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    // Not every file system makes files without a name.
    let file = openat(folder, c".", how | OFlags::TMPFILE, mode)
        .ok()
        .or_else(|| named(folder, how, mode))?;
    if kind(&file)? == BTRFS {
        ioctl_setflags(&file, IFlags::NOCOW).ok()?;
    }
    Some(file)
}

fn named(folder: &OwnedFd, how: OFlags, mode: Mode) -> Option<OwnedFd> {
    let new = how | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
    let file = openat(folder, NAME, new, mode).ok()?;
    unlinkat(folder, NAME, AtFlags::empty()).ok()?;
    Some(file)
}

/// So much of the disk is left to what is written there as files: a capture that finds no
/// room ends a run.
pub(super) const LEFT: u64 = 1 << 30;

/// Room for so many bytes from there on, kept for good, where enough is left then.
pub(super) fn room(file: impl AsFd, at: u64, bytes: u64) -> Result<(), Errno> {
    let disk = fstatvfs(&file)?;
    if !leaves_enough(
        disk.f_blocks,
        disk.f_bavail.saturating_mul(disk.f_frsize),
        bytes,
    ) {
        return Err(Errno::NOSPC);
    }
    uninterrupted(|| fallocate(&file, FallocateFlags::empty(), at, bytes))
}

/// Whether so many bytes more leave room on a disk of so many blocks with so many bytes
/// free. What has no blocks at all is memory, and no disk.
pub(super) const fn leaves_enough(blocks: u64, free: u64, bytes: u64) -> bool {
    blocks == 0 || free >= bytes.saturating_add(LEFT)
}

/// Gives it back; what is read there afterwards is zeros.
pub(super) fn free(file: impl AsFd, at: u64, bytes: u64) -> Result<(), Errno> {
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    uninterrupted(|| fallocate(&file, hole, at, bytes))
}

fn uninterrupted(act: impl Fn() -> Result<(), Errno>) -> Result<(), Errno> {
    loop {
        match act() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}
