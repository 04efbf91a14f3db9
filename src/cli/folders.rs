//! Programs and the folders that they run in.

use std::path::Path;

use super::plan::{UsageError, folder};
use crate::compare::Program;

/// The programs, each in its folder: `DIR` is for all that have none of their own,
/// `NAME=DIR` for the one of this name.
pub fn in_folders(
    programs: &[Program],
    option: &'static str,
    given: &[String],
) -> Result<Vec<Program>, UsageError> {
    let mut programs = programs.to_vec();
    let mut of_all = None;
    for text in given {
        let named = text.split_once('=');
        let named = named.and_then(|(name, dir)| {
            let at = programs.iter().position(|program| program.name == name)?;
            Some((at, dir))
        });
        let dir = named.map_or(text.as_str(), |(_, dir)| dir);
        folder(option, Some(Path::new(dir)))?;
        match named {
            Some((at, dir)) => programs[at].folder = Some(dir.to_owned()),
            None => of_all = Some(text.clone()),
        }
    }
    for program in &mut programs {
        program.folder = program.folder.take().or_else(|| of_all.clone());
    }
    Ok(programs)
}
