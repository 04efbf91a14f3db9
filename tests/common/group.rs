//! Control groups of a test's own, of whichever version holds the controller.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Lab, Ran};

/// Where groups of a controller are made: the mount of version 1, or that of
/// version 2 where its root hands the controller on.
pub fn root(controller: &str) -> Option<PathBuf> {
    let v1 = PathBuf::from("/sys/fs/cgroup").join(controller);
    if v1.join("cgroup.procs").exists() {
        return Some(v1);
    }
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .iter()
        .map(PathBuf::from)
        .find(|root| {
            fs::read_to_string(root.join("cgroup.subtree_control"))
                .is_ok_and(|all| all.split_whitespace().any(|word| word == controller))
        })
}

/// A group, which goes when it is dropped.
pub struct Group(PathBuf);

impl Group {
    pub fn new(controller: &str, name: &str) -> Self {
        let name = format!("threadtap-{name}-{}", std::process::id());
        let folder = root(controller).unwrap().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    /// One within it. In version 2 the controller is handed on to it.
    pub fn below(&self, name: &str) -> Self {
        let subtree = self.0.join("cgroup.subtree_control");
        if subtree.exists() {
            fs::write(subtree, "+pids").unwrap();
        }
        let folder = self.0.join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub fn set(&self, file: &str, value: &str) {
        fs::write(self.0.join(file), value).unwrap();
    }

    /// Bounds its memory.
    pub fn set_memory(&self, bytes: u64) {
        let v2 = Path::new("memory.max");
        let file = if self.0.join(v2).exists() {
            "memory.max"
        } else {
            "memory.limit_in_bytes"
        };
        self.set(file, &bytes.to_string());
    }

    /// `threadtap ceiling` in the group, to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let lab = Lab::new();
        let mut command = lab.command("sh");
        command
            .args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""])
            .args([self.path(), super::PROGRAM, "ceiling", "--format", "json"])
            .args(arguments);
        lab.finish(&mut command)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that has just ended may still be on its way out.
        for _ in 0..200 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
