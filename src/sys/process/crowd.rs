//! Threads and processes that only exist.
//!
//! The threads are made as every C program makes them (`pthread_create`(3)),
//! and do nothing until their process ends. They allocate nothing, so a
//! thousand of them cost what a thousand threads cost, and no more.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Counts itself, and does nothing for ever.
pub fn rest(arrivals: &AtomicU64) -> ! {
    arrivals.fetch_add(1, Relaxed);
    loop {
        // SAFETY: pause(2) has no arguments and touches no memory.
        unsafe {
            libc::pause();
        }
    }
}

/// Bytes of the heap that the C library takes for a thread: the GNU library keeps
/// the thread's table of thread-local storage there (16 bytes for each of the
/// program's two modules that have some, and for 16 to come), others beside the
/// stack.
pub const HEAP_OF_THREAD: u64 = if cfg!(target_env = "gnu") { 304 } else { 0 };

/// What every thread of the crowd does.
extern "C" fn resting_thread(arrivals: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: `make` gives every thread a counter that is never dropped.
    rest(unsafe { &*arrivals.cast::<AtomicU64>() })
}

/// Makes threads of one stack size.
pub struct ThreadMaker {
    attributes: libc::pthread_attr_t,
}

impl ThreadMaker {
    /// For stacks of so many bytes, or of the C library's default size.
    ///
    /// # Errors
    /// When the size is below the least that is possible.
    pub fn new(stack_bytes: Option<u64>) -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the pointer is to a place for the attributes, which the call fills in.
        succeeded(unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call above has succeeded.
        let mut attributes = unsafe { attributes.assume_init() };
        if let Some(bytes) = stack_bytes {
            let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
            // SAFETY: the attributes are initialised.
            succeeded(unsafe { libc::pthread_attr_setstacksize(&raw mut attributes, bytes) })?;
        }
        Ok(Self { attributes })
    }

    /// The size of a stack in bytes, the guard page not counted.
    #[must_use]
    pub fn stack_bytes(&self) -> u64 {
        let mut bytes = 0usize;
        // SAFETY: the attributes are initialised, and the size is a live local.
        unsafe { libc::pthread_attr_getstacksize(&raw const self.attributes, &raw mut bytes) };
        bytes as u64
    }

    /// Makes one more thread, which counts itself once it runs. It ends with
    /// the process.
    ///
    /// # Errors
    /// EAGAIN, whatever was refused: [`mapping_refused`] tells more.
    pub fn make(&self, arrivals: &'static AtomicU64) -> io::Result<()> {
        let mut thread = MaybeUninit::uninit();
        // SAFETY: the attributes are initialised, the place for the thread's
        // handle is a live local, and the thread's argument outlives it.
        succeeded(unsafe {
            libc::pthread_create(
                thread.as_mut_ptr(),
                &raw const self.attributes,
                resting_thread,
                ptr::from_ref(arrivals).cast_mut().cast(),
            )
        })
    }
}

/// The calls of pthreads(7) return the error number.
fn succeeded(answer: i32) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Whether the memory of a stack is refused now, and with which error: the
/// mapping, or making all of it but the guard page writable. Nothing of it
/// stays.
#[must_use]
pub fn mapping_refused(stack_bytes: u64) -> Option<io::Error> {
    const GUARD: usize = 4096;
    let bytes = usize::try_from(stack_bytes).ok()?.checked_add(GUARD)?;
    // SAFETY: a fresh private mapping at an address of the kernel's choice.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
            -1,
            0,
        )
    };
    if at == libc::MAP_FAILED {
        return Some(io::Error::last_os_error());
    }
    // SAFETY: within the mapping that was just made, of which nobody else knows.
    let opened = unsafe {
        libc::mprotect(
            at.byte_add(GUARD),
            bytes - GUARD,
            libc::PROT_READ | libc::PROT_WRITE,
        )
    };
    let refused = (opened != 0).then(io::Error::last_os_error);
    // SAFETY: as above; nothing refers to it.
    unsafe { libc::munmap(at, bytes) };
    refused
}

/// Whether the guard page below a stack is a mapping of its own. From 2.42 on
/// the GNU C library marks it within the stack's mapping where the kernel can
/// (madvise(2), `MADV_GUARD_INSTALL`, Linux 6.13), and neighbouring stacks
/// become one mapping.
#[must_use]
pub fn guard_is_mapping() -> bool {
    const MADV_GUARD_INSTALL: i32 = 102;
    if !library_marks_guards() {
        return true;
    }
    let page = 4096;
    // SAFETY: a fresh private mapping, marked and thrown away.
    unsafe {
        let at = libc::mmap(
            ptr::null_mut(),
            page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if at == libc::MAP_FAILED {
            return true;
        }
        let marked = libc::madvise(at, page, MADV_GUARD_INSTALL);
        libc::munmap(at, page);
        marked != 0
    }
}

#[cfg(target_env = "gnu")]
fn library_marks_guards() -> bool {
    // SAFETY: the call returns a string that lives as long as the program.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
    let mut numbers = version.to_bytes().split(|b| *b == b'.');
    let mut next = || {
        std::str::from_utf8(numbers.next()?)
            .ok()?
            .parse::<u32>()
            .ok()
    };
    next().zip(next()).is_some_and(|version| version >= (2, 42))
}

#[cfg(not(target_env = "gnu"))]
fn library_marks_guards() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_the_size_that_was_asked_for() {
        assert_eq!(
            ThreadMaker::new(Some(1 << 16)).unwrap().stack_bytes(),
            1 << 16
        );
        assert!(ThreadMaker::new(None).unwrap().stack_bytes() >= 1 << 14);
        assert!(ThreadMaker::new(Some(1)).is_err());
    }

    #[test]
    fn only_what_cannot_be_mapped_is_refused() {
        assert!(mapping_refused(1 << 20).is_none());
        let refused = mapping_refused(1 << 62).unwrap();
        assert_eq!(refused.raw_os_error(), Some(libc::ENOMEM));
    }
}
