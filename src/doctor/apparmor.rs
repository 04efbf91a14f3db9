//! The profile that lets threadtap make user namespaces where `AppArmor` restricts them.

/// What the Debian package installs.
const OF_THE_PACKAGE: &str = include_str!("../../contrib/apparmor/threadtap");

/// Where the package has the program.
const PROGRAM: &str = "/usr/bin/threadtap";

/// The profile for the program at this path (apparmor.d(5)): whatever means something
/// there in a path is taken literally.
#[must_use]
pub fn apparmor_profile(program: &str) -> String {
    let mut path = String::new();
    for c in program.chars() {
        if "\\\"*?[]{}^@".contains(c) {
            path.push('\\');
        }
        path.push(c);
    }
    OF_THE_PACKAGE.replace(PROGRAM, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_the_program_that_prints_it() {
        assert_eq!(apparmor_profile(PROGRAM), OF_THE_PACKAGE);
        let own = apparmor_profile("/home/a b/thread*tap");
        assert!(own.contains("profile threadtap \"/home/a b/thread\\*tap\" flags=(unconfined) {"));
        assert!(own.contains("  userns,\n") && !own.contains(PROGRAM));
    }
}
