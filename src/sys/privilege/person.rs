//! The person behind sudo(8), and becoming that person.
//!
//! Who is root may say who the person is: the variables are believed of nobody else.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use rustix::process::{
    Gid, Pid, Uid, getppid, parent_process_death_signal, set_parent_process_death_signal,
};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_keep_capabilities};

use super::give_up::{held, keep_only};

/// The person who has called sudo(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number of the user.
    pub uid: Uid,
    /// The group.
    pub gid: Gid,
    /// The user's line in passwd(5), where there is one.
    account: Option<Account>,
}

/// Of a line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Account {
    name: CString,
    home: CString,
    shell: CString,
}

impl Person {
    /// The person that `SUDO_UID` and `SUDO_GID` name, where this process is root and
    /// that person is not.
    #[must_use]
    pub fn behind_sudo() -> Option<Self> {
        let (uid, gid) = named(|name| std::env::var_os(name))?;
        rustix::process::geteuid().is_root().then(|| Self {
            uid,
            gid,
            account: account_of(uid),
        })
    }

    /// What the person is called: the name, or the number of the user.
    #[must_use]
    pub fn name(&self) -> String {
        self.account.as_ref().map_or_else(
            || format!("uid {}", self.uid.as_raw()),
            |account| account.name.to_string_lossy().into_owned(),
        )
    }

    /// The groups of the person.
    fn groups(&self) -> Vec<libc::gid_t> {
        let own = self.gid.as_raw();
        let Some(account) = &self.account else {
            return vec![own];
        };
        let mut room = 64;
        loop {
            let mut groups = vec![0; room];
            let mut count = libc::c_int::try_from(room).unwrap_or(libc::c_int::MAX);
            // SAFETY: the name is a text that ends with a null, and `count` says how many
            // numbers there is room for.
            let answer = unsafe {
                libc::getgrouplist(
                    account.name.as_ptr(),
                    own,
                    groups.as_mut_ptr(),
                    &raw mut count,
                )
            };
            let count = usize::try_from(count).unwrap_or(0);
            if answer >= 0 {
                groups.truncate(count);
                return groups;
            }
            // Then it says how many there are (getgrouplist(3)).
            if count <= room || count > MOST_GROUPS {
                return vec![own];
            }
            room = count;
        }
    }

    /// This process becomes the person, for good: user, groups, and the variables that
    /// say who somebody is. Of its capabilities it keeps `keep`. No other thread may
    /// exist yet.
    ///
    /// # Errors
    /// When the system refuses a step: the process may then be on the way, and can do no
    /// more than say so.
    pub fn become_for_good(&self, keep: CapabilitySet) -> io::Result<()> {
        let (uid, gid, groups) = (self.uid.as_raw(), self.gid.as_raw(), self.groups());
        let tie = Tie::now();
        set_keep_capabilities(true)?;
        // SAFETY: the groups are an array of so many numbers.
        succeeded(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })?;
        // SAFETY: the calls take numbers only.
        succeeded(unsafe { libc::setresgid(gid, gid, gid) })?;
        // SAFETY: as above.
        succeeded(unsafe { libc::setresuid(uid, uid, uid) })?;
        set_keep_capabilities(false)?;
        // They are permitted still, and have to be made effective again.
        let held = held();
        set_capabilities(
            None,
            CapabilitySets {
                effective: held & keep,
                permitted: held & keep,
                inheritable: CapabilitySet::empty(),
            },
        )?;
        keep_only(keep);
        tie.again();
        self.tell_environment();
        Ok(())
    }

    /// Variables that say who this is, as su(1) and runuser(1) set them. What sudo(8) says
    /// of itself goes.
    fn tell_environment(&self) {
        let gone = |name: &OsStr| name.as_bytes().starts_with(b"SUDO_") || name == "MAIL";
        let names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
        // SAFETY: the process has one thread, the caller says so.
        let remove = |name: &OsStr| unsafe { std::env::remove_var(name) };
        // SAFETY: as above.
        let set = |name: &str, value: &CStr| unsafe {
            std::env::set_var(name, OsStr::from_bytes(value.to_bytes()));
        };
        for name in names.iter().filter(|name| gone(name)) {
            remove(name);
        }
        if let Some(account) = &self.account {
            set("HOME", &account.home);
            set("USER", &account.name);
            set("LOGNAME", &account.name);
            set("SHELL", &account.shell);
        } else {
            for name in ["HOME", "USER", "LOGNAME", "SHELL"] {
                remove(OsStr::new(name));
            }
        }
    }
}

/// The most groups that a process may have (`NGROUPS_MAX` in limits.h).
const MOST_GROUPS: usize = 65_536;

/// Whom the variables name: a user that is not root, and a group.
fn named(variable: impl Fn(&str) -> Option<OsString>) -> Option<(Uid, Gid)> {
    let number = |name: &str| {
        let text = variable(name)?;
        let number: u32 = text.to_str()?.parse().ok()?;
        // The largest one says "no change" to the calls that take it.
        (number != u32::MAX).then_some(number)
    };
    let uid = number("SUDO_UID").filter(|uid| *uid > 0)?;
    let gid = number("SUDO_GID")?;
    Some((Uid::from_raw(uid), Gid::from_raw(gid)))
}

/// The line of a user in passwd(5), or wherever the system keeps such lines.
fn account_of(uid: Uid) -> Option<Account> {
    let mut room = 1 << 10;
    loop {
        let mut line = MaybeUninit::<libc::passwd>::uninit();
        let mut found = ptr::null_mut();
        let mut texts = vec![0; room];
        // SAFETY: all are places of the sizes that are said.
        let answer = unsafe {
            libc::getpwuid_r(
                uid.as_raw(),
                line.as_mut_ptr(),
                texts.as_mut_ptr(),
                texts.len(),
                &raw mut found,
            )
        };
        match answer {
            libc::ERANGE if room < 1 << 20 => room *= 2,
            0 if !found.is_null() => {
                // SAFETY: `found` points to `line`, which the call has filled in with
                // texts that end with a null, in `texts`.
                return Some(unsafe {
                    let of = |text: *const libc::c_char| CStr::from_ptr(text).to_owned();
                    let line = &*found;
                    Account {
                        name: of(line.pw_name),
                        home: of(line.pw_dir),
                        shell: of(line.pw_shell),
                    }
                });
            }
            _ => return None,
        }
    }
}

fn succeeded(answer: libc::c_int) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The signal that a process asks for when its parent dies; it is lost when the process
/// becomes another user (prctl(2)).
struct Tie {
    signal: Option<rustix::process::Signal>,
    parent: Option<Pid>,
}

impl Tie {
    fn now() -> Self {
        Self {
            signal: parent_process_death_signal().ok().flatten(),
            parent: getppid(),
        }
    }

    fn again(self) {
        if self.signal.is_none() {
            return;
        }
        let _ = set_parent_process_death_signal(self.signal);
        if getppid() != self.parent {
            // It has died in between.
            // SAFETY: as exit_group(2); nothing after it runs.
            unsafe { libc::_exit(1) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uid: &str, gid: &str) -> Option<(u32, u32)> {
        let variable = |name: &str| match name {
            "SUDO_UID" if uid != "-" => Some(OsString::from(uid)),
            "SUDO_GID" if gid != "-" => Some(OsString::from(gid)),
            _ => None,
        };
        named(variable).map(|(uid, gid)| (uid.as_raw(), gid.as_raw()))
    }

    #[test]
    fn both_numbers_name_a_person_who_is_not_root() {
        assert_eq!(of("1000", "1000"), Some((1000, 1000)));
        assert_eq!(of("65534", "100"), Some((65534, 100)));
        for (uid, gid) in [
            ("0", "0"),
            ("-", "1000"),
            ("1000", "-"),
            ("", ""),
            ("-1", "1000"),
            ("4294967295", "1000"),
            ("1000", "4294967295"),
            ("4294967296", "1000"),
            ("alice", "1000"),
            ("1000 ", "1000"),
            ("0x10", "1000"),
        ] {
            assert_eq!(of(uid, gid), None, "{uid} {gid}");
        }
    }

    #[test]
    fn root_has_a_line_and_a_group() {
        let account = account_of(Uid::ROOT).unwrap();
        assert_eq!(account.name.as_c_str(), c"root");
        let root = Person {
            uid: Uid::ROOT,
            gid: Gid::ROOT,
            account: Some(account),
        };
        assert!(root.groups().contains(&0));
        assert_eq!(root.name(), "root");
        let nobody_at_all = Person {
            uid: Uid::from_raw(3_999_999_999),
            gid: Gid::from_raw(7),
            account: account_of(Uid::from_raw(3_999_999_999)),
        };
        assert_eq!(nobody_at_all.groups(), [7]);
        assert_eq!(nobody_at_all.name(), "uid 3999999999");
    }
}
