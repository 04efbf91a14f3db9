//! The limits of threads and of processes.

use super::readings::{MemoryReadings, Readings, SpaceReadings, TaskReadings};
use super::{aside, bound};
use crate::model::{Limit, LimitName, Scope};
use crate::text::units;

// The figures of memory are what filling control groups of known size gave, on
// Linux 6.18 and x86-64, within a percent. Other kernels and programs differ by
// some tenths, so whatever is reckoned with them is called an estimate.

/// What the kernel takes for a thread: its stack there (16 KiB), `task_struct`
/// and credentials, two mappings, a page of the page table.
const THREAD_KERNEL_BYTES: u64 = 27_400;

/// The pages that a thread touches which does nothing: its descriptor at the
/// upper end of its stack and the frame below it.
const THREAD_TOUCHED_BYTES: u64 = 8 << 10;

/// What is taken for a forked process that does nothing: the above, its own
/// page tables and mappings, and the few pages that it writes.
const PROCESS_BYTES: u64 = 138 << 10;

/// A guard page.
const PAGE: u64 = 4096;

/// The limits of threads in one process.
pub(super) fn of_threads(readings: &Readings, stack: u64) -> Vec<Limit> {
    let mut all = of_tasks(&readings.tasks);
    all.extend(of_space(&readings.space, stack));
    all.extend(of_promises(&readings.memory, &readings.space, stack));
    let each = THREAD_KERNEL_BYTES + THREAD_TOUCHED_BYTES.min(stack);
    all.extend(of_memory(&readings.memory, each, each));
    all
}

/// The limits of processes.
pub(super) fn of_processes(readings: &Readings) -> Vec<Limit> {
    let mut all = of_tasks(&readings.tasks);
    let memory = &readings.memory;
    if memory.overcommit == Some(2)
        && let Some(promised) = readings.space.promised_bytes.filter(|bytes| *bytes > 0)
    {
        // A fork promises once more all of its parent's mappings that were.
        let usable = memory.commit_limit.map(|limit| {
            let reserve = (readings.space.mapped_bytes.unwrap_or(0) / 32).min(memory.user_reserve);
            limit.saturating_sub(memory.admin_reserve + reserve)
        });
        all.push(bound(
            LimitName::CommitLimit,
            Scope::System,
            usable,
            memory.committed,
            promised,
        ));
    }
    all.extend(of_memory(memory, PROCESS_BYTES, PROCESS_BYTES));
    all
}

/// Whatever has a task has these.
fn of_tasks(tasks: &TaskReadings) -> Vec<Limit> {
    let nproc = bound(
        LimitName::Nproc,
        Scope::User,
        tasks.nproc.soft,
        tasks.of_user,
        1,
    );
    let mut all = vec![match tasks.nproc_exempt {
        Some(why) => nproc.lifted(why),
        None if !tasks.of_user_is_all => nproc.at_least(
            "it counts your user's tasks in other pid and user namespaces too, and they cannot be seen from here",
        ),
        None => nproc,
    }];
    all.extend(tasks.groups.iter().map(|group| {
        bound(
            LimitName::PidsMax,
            Scope::Cgroup,
            group.max,
            group.in_use,
            1,
        )
        .of_group(&group.path)
    }));
    all.push(bound(
        LimitName::ThreadsMax,
        Scope::System,
        tasks.threads_max,
        tasks.of_system,
        1,
    ));
    let mut pid_max = bound(
        LimitName::PidMax,
        Scope::System,
        tasks.pid_max,
        tasks.pids_in_use,
        1,
    );
    // The numbers below the first are not given any more.
    pid_max.allows = pid_max.allows.map(|n| n.saturating_sub(tasks.first_pid));
    pid_max.note = Some(format!("PIDs below {} are not used again", tasks.first_pid));
    all.push(pid_max);
    all
}

/// What bounds the mappings of the one process that holds the threads.
fn of_space(space: &SpaceReadings, stack: u64) -> Vec<Limit> {
    let data = stack.saturating_add(space.heap_each);
    let each = data.saturating_add(PAGE);
    let maps = bound(
        LimitName::MaxMapCount,
        Scope::Process,
        space.max_map_count,
        space.maps,
        2,
    );
    let mut all = vec![
        if space.guard_is_mapping {
            maps
        } else {
            maps.lifted("with this C library, guard pages need no mapping of their own and stacks share one")
        },
        bound(
            LimitName::AddressSpaceLimit,
            Scope::Process,
            space.address_limit.soft,
            space.mapped_bytes,
            each,
        ),
        bound(
            LimitName::Data,
            Scope::Process,
            space.data_limit.soft,
            space.data_bytes,
            data,
        ),
        bound(
            LimitName::AddressSpace,
            Scope::Process,
            space.addressable,
            space.mapped_bytes,
            each,
        ),
    ];
    all.push(aside(
        LimitName::Stack,
        Scope::Process,
        space.stack.soft,
        "the default stack size",
    ));
    all
}

/// What the kernel promises, according to its policy (proc(5),
/// `/proc/sys/vm/overcommit_memory`).
fn of_promises(memory: &MemoryReadings, space: &SpaceReadings, stack: u64) -> Vec<Limit> {
    match memory.overcommit {
        // One mapping of more than there is is refused, all others are granted.
        Some(0) => {
            let most = memory
                .memory_and_swap
                .map_or_else(String::new, |bytes| format!(" ({})", units::bytes(bytes)));
            let note = format!("a stack cannot be larger than memory plus swap{most}");
            let mut limit = aside(
                LimitName::Overcommit,
                Scope::Process,
                memory.overcommit,
                &note,
            );
            if memory.memory_and_swap.is_some_and(|most| stack > most) {
                limit.allows = Some(0);
            }
            vec![limit]
        }
        Some(2) => vec![promised(memory, space, stack)],
        _ => Vec::new(),
    }
}

/// Mode 2: every stack is promised in full. What is kept for the user's other
/// processes grows with the process, up to a bound (`__vm_enough_memory` of
/// Linux: a 32nd of its mappings, at most `vm.user_reserve_kbytes`).
fn promised(memory: &MemoryReadings, space: &SpaceReadings, stack: u64) -> Limit {
    let each = stack.saturating_add(space.heap_each);
    let limit = bound(
        LimitName::CommitLimit,
        Scope::System,
        memory.commit_limit,
        memory.committed,
        each,
    );
    let left = memory
        .commit_limit
        .zip(memory.committed)
        .map(|(value, used)| value.saturating_sub(used + memory.admin_reserve));
    let base = space.mapped_bytes.unwrap_or(0) / 32;
    let growing = left.and_then(|l| l.saturating_sub(base).checked_div(each + each / 32));
    let grown = left.and_then(|l| l.saturating_sub(memory.user_reserve).checked_div(each));
    Limit {
        allows: growing.max(grown),
        note: Some(
            "minus what the kernel keeps for root and for other processes of the user".to_owned(),
        ),
        ..limit
    }
}

/// The memory that is really taken, in every control group and in the system.
pub(super) fn of_memory(memory: &MemoryReadings, charged: u64, each: u64) -> Vec<Limit> {
    let groups = memory.groups.iter().map(|group| {
        bound(
            LimitName::MemoryMax,
            Scope::Cgroup,
            group.max,
            group.in_use,
            charged,
        )
        .of_group(&group.path)
        .estimated()
    });
    let used = memory
        .total
        .zip(memory.available)
        .map(|(total, available)| total.saturating_sub(available));
    let mut all: Vec<Limit> = groups.collect();
    all.push(bound(LimitName::Memory, Scope::System, memory.total, used, each).estimated());
    all
}
