//! `/proc/PID/stat` (`proc_pid_stat`(5)).

use super::handle::Proc;

/// What the file of a task says.
#[derive(Clone, Debug)]
pub struct Stat(String);

impl Stat {
    /// Reads it; `None` when the task is gone.
    #[must_use]
    pub fn read(of: Proc) -> Option<Self> {
        of.text("stat").ok().map(Self)
    }

    /// A field by its number in proc(5), from the third on: they stand behind
    /// the name, which is in parentheses and may hold anything.
    fn field(&self, number: usize) -> Option<u32> {
        let (_, behind) = self.0.rsplit_once(')')?;
        let word = behind.split_whitespace().nth(number.checked_sub(3)?)?;
        word.parse().ok()
    }

    /// The process group.
    #[must_use]
    pub fn group(&self) -> Option<u32> {
        self.field(5)
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> Option<u32> {
        self.field(6)
    }

    /// Whether the task has begun to end: the flag `PF_EXITING` (`linux/sched.h`).
    #[must_use]
    pub fn is_exiting(&self) -> bool {
        const PF_EXITING: u32 = 0x4;
        self.field(9).is_some_and(|flags| flags & PF_EXITING != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Stat {
        Stat(text.to_owned())
    }

    #[test]
    fn a_name_may_look_like_fields() {
        let stat = of("7 (a) R 1 2 (3) S 1 40 41 34816 -1 4194564 99 0\n");
        assert_eq!((stat.group(), stat.session()), (Some(40), Some(41)));
        assert!(stat.is_exiting());
        assert!(!of("7 (a) S 1 40 41 34816 -1 4194560 99 0\n").is_exiting());
    }

    #[test]
    fn what_is_cut_off_is_not_known() {
        for text in ["", "7 (a", "7 (a)", "7 (a) S 1", "7 (a) S 1 x y"] {
            let stat = of(text);
            assert_eq!((stat.group(), stat.session()), (None, None), "{text:?}");
            assert!(!stat.is_exiting());
        }
        // A task's group that another pid namespace sees only is -1 or 0 here.
        assert_eq!(of("7 (a) S 1 -1 0").group(), None);
    }
}
