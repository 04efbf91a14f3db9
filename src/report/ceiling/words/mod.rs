//! What the tables of ceilings say, in each language.

mod en;
mod id;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::report::ceiling) struct Say;
    nouns {}
    words {
        threads processes connections no_reserve_told ceilings no_reserve predicted reached
        stopped_by time left columns_mean out_of_memory killed interrupted by_reserve refused
        reached_first unknown not_known no_limit limits_of_threads limits_of_processes
        limits_of_connections limit value in_use each allows applies_to the_process the_client
        the_server the_user the_cgroup the_address the_system columns_of_limits dash_means
        empty_groups estimate_means probably at_least there_can_be isolated
    }
    title(kinds); list(first, last); at_most(n); reserve(percent); binds(limit, value);
    used(amount); of_group(path); raise(command); raise_or(command, advice); only(advice);
    stack_size(bytes);
}
