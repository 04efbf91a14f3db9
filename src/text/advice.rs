//! What to do about an error of the system, where it stands in the way of starting.

use std::io;

/// What to do about it, as the end of a sentence; empty where the error itself says
/// all. `mounted`: whether /proc is there, without which next to nothing can be known.
#[must_use]
pub fn advice(error: &io::Error, mounted: bool) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR) if !mounted => {
            "; /proc is not there, and threadtap needs it: mount -t proc proc /proc"
        }
        Some(libc::EMFILE) => {
            "; the limit of open files is too low: raise it, for example with ulimit -n 1024"
        }
        Some(libc::ENFILE) => {
            "; the system has too many open files: end other programs, or raise fs.file-max"
        }
        Some(libc::EAGAIN) => {
            "; no more process or thread may be started: end other programs, or raise the limit \
             that is reached (ulimit -u, pids.max, kernel.threads-max)"
        }
        Some(libc::ENOMEM) => "; there is too little memory: end other programs",
        Some(libc::ENOSYS | libc::EPERM | libc::EACCES) => {
            "; a system call that threadtap needs is refused: it needs Linux 5.3 or newer, and a \
             sandbox (a container's seccomp profile) that allows memfd_create(2) and pidfd_open(2)"
        }
        Some(libc::ENOSPC | libc::EDQUOT) => "; free some space",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_has_a_remedy_is_told_with_it() {
        let told = |errno, mounted| advice(&io::Error::from_raw_os_error(errno), mounted);
        for (errno, says) in [
            (libc::EMFILE, "ulimit -n"),
            (libc::ENFILE, "fs.file-max"),
            (libc::EAGAIN, "ulimit -u"),
            (libc::ENOMEM, "memory"),
            (libc::ENOSYS, "memfd_create(2)"),
            (libc::EPERM, "seccomp"),
        ] {
            let text = told(errno, true);
            assert!(
                text.starts_with("; ") && text.contains(says),
                "{errno}: {text}"
            );
        }
        assert_eq!(told(libc::ENOENT, true), "");
        assert!(told(libc::ENOENT, false).contains("mount -t proc"));
        assert_eq!(advice(&io::Error::other("x"), true), "");
    }
}
