//! Control groups: which ones a process is in, of both versions, and what
//! they allow and use (cgroups(7)).

use std::fs;
use std::path::{Path, PathBuf};

use super::Proc;

/// A limit of version 1 that is as high as this is none: the kernel rounds
/// "no limit" down to whole pages.
const NONE_IN_V1: u64 = 1 << 62;

/// What a control group allows and uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its folder.
    pub folder: PathBuf,
    /// The limit; `None` is "no limit".
    pub max: Option<u64>,
    /// What it and the groups below it use.
    pub in_use: Option<u64>,
}

/// Tasks: the groups of a process that can bound them, the innermost first.
#[must_use]
pub fn pids(of: Proc) -> Vec<Level> {
    folders("pids", of)
        .into_iter()
        .filter(|folder| folder.join("pids.max").exists())
        .map(|folder| Level {
            max: number(&folder, "pids.max"),
            in_use: number(&folder, "pids.current"),
            folder,
        })
        .collect()
}

/// How often `pids.max` of a group has refused a task, of all groups of a process:
/// whether a refusal is counted in the group whose limit it was or in the one of the
/// task depends on the version of Linux. `None` where no group tells.
#[must_use]
pub fn pids_refused(of: Proc) -> Option<u64> {
    let of_group = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join("pids.events")).ok()?;
        word(&text, "max")
    };
    let told: Vec<u64> = folders("pids", of)
        .into_iter()
        .filter_map(of_group)
        .collect();
    (!told.is_empty()).then(|| told.into_iter().fold(0, u64::saturating_add))
}

/// Memory in bytes, as above. What the kernel would drop before it refuses
/// anything (unmapped pages of files) is not counted as used.
#[must_use]
pub fn memory(of: Proc) -> Vec<Level> {
    folders("memory", of)
        .into_iter()
        .filter_map(|folder| {
            if folder.join("memory.max").exists() {
                let droppable = ["inactive_file", "active_file", "slab_reclaimable"];
                return Some(Level {
                    max: number(&folder, "memory.max"),
                    in_use: used(&folder, "memory.current", &droppable),
                    folder,
                });
            }
            // The root's has no parent to be bounded by, but is a limit's file too.
            let max = number(&folder, "memory.limit_in_bytes")?;
            Some(Level {
                max: (max < NONE_IN_V1).then_some(max),
                in_use: used(
                    &folder,
                    "memory.usage_in_bytes",
                    &["total_inactive_file", "total_active_file"],
                ),
                folder,
            })
        })
        .collect()
}

/// How often the out-of-memory killer has struck for want of memory in one of
/// a process's control groups, and in the whole system for whatever reason.
#[must_use]
pub fn oom_kills(of: Proc) -> (u64, u64) {
    let kills = |path: PathBuf| word(&fs::read_to_string(path).ok()?, "oom_kill");
    let of_group = |folder: PathBuf| {
        let files = ["memory.events", "memory.oom_control"];
        files.iter().find_map(|file| kills(folder.join(file)))
    };
    let groups = folders("memory", of).into_iter().filter_map(of_group).sum();
    (groups, kills("/proc/vmstat".into()).unwrap_or(0))
}

fn number(folder: &Path, file: &str) -> Option<u64> {
    fs::read_to_string(folder.join(file))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn used(folder: &Path, file: &str, droppable: &[&str]) -> Option<u64> {
    let all = number(folder, file)?;
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let dropped: u64 = droppable.iter().filter_map(|name| word(&stat, name)).sum();
    Some(all.saturating_sub(dropped))
}

/// The number behind a word that begins a line.
fn word(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(' ')?
            .trim()
            .parse()
            .ok()
    })
}

/// The folders of a controller's groups that a process is in, the innermost first.
fn folders(controller: &str, of: Proc) -> Vec<PathBuf> {
    let read = |file| of.text(file).unwrap_or_default();
    locate(controller, &read("cgroup"), &read("mountinfo"))
}

/// As above, from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
/// A controller is in one hierarchy only: in one of version 1, or in version 2.
fn locate(controller: &str, groups: &str, mounts: &str) -> Vec<PathBuf> {
    let lines = || groups.lines().map(|line| line.splitn(3, ':'));
    let path_where = |wanted: &dyn Fn(&str, &str) -> bool| {
        lines().find_map(|mut fields| {
            let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            wanted(id, controllers).then_some(path)
        })
    };
    let in_v1 = path_where(&|_, all| all.split(',').any(|c| c == controller));
    let version = if in_v1.is_some() { "cgroup" } else { "cgroup2" };
    let Some(path) = in_v1.or_else(|| path_where(&|id, all| id == "0" && all.is_empty())) else {
        return Vec::new();
    };
    let mounted = mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        let fits = right.next() == Some(version)
            && (version == "cgroup2"
                || right.nth(1)?.split(',').any(|option| option == controller));
        let mut left = left.split(' ').skip(3);
        let (root, point) = (left.next()?, left.next()?);
        let below = path.strip_prefix(root.trim_end_matches('/'))?;
        (fits && (below.is_empty() || below.starts_with('/')))
            .then(|| (unescape(point), below.trim_start_matches('/').to_owned()))
    });
    let Some((point, below)) = mounted else {
        return Vec::new();
    };
    // By components: joining nothing would leave a slash at the end.
    let innermost: PathBuf = point.join(below).components().collect();
    innermost
        .ancestors()
        .take_while(|folder| folder.starts_with(&point))
        .map(Path::to_owned)
        .collect()
}

/// A path of mountinfo, in which a space is `\040` (proc(5)).
fn unescape(path: &str) -> PathBuf {
    PathBuf::from(path.replace("\\040", " ").replace("\\134", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "8:pids:/a/b\n4:memory:/m\n0::/user.slice/x.scope\n";
    const MOUNTS: &str = "\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
35 31 0:32 /m /sys/fs/cgroup/mem\\040ory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
";

    fn found(controller: &str) -> Vec<String> {
        let all = locate(controller, HYBRID, MOUNTS);
        all.iter().map(|p| p.display().to_string()).collect()
    }

    #[test]
    fn every_ancestor_is_found_in_version_1() {
        let pids = "/sys/fs/cgroup/pids";
        assert_eq!(
            found("pids"),
            [&format!("{pids}/a/b"), &format!("{pids}/a"), pids]
        );
    }

    /// A container sees its own group as the mount's root.
    #[test]
    fn a_mount_may_begin_at_the_group() {
        assert_eq!(found("memory"), ["/sys/fs/cgroup/mem ory"]);
    }

    #[test]
    fn a_controller_that_version_1_has_not_is_version_2s() {
        let unified = "/sys/fs/cgroup/unified";
        assert_eq!(
            found("io"),
            [
                &format!("{unified}/user.slice/x.scope"),
                &format!("{unified}/user.slice"),
                unified
            ]
        );
        assert!(locate("pids", "", MOUNTS).is_empty());
        assert!(locate("pids", HYBRID, "").is_empty());
    }

    #[test]
    fn words_are_found_whole() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(word(text, "oom_kill"), Some(3));
        assert_eq!(word(text, "oom"), None);
    }
}
