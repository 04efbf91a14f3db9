/* One io_uring(7) for each thread that begins one, and one operation on it after the
 * other: no system call that connects, accepts, sends or receives is made. */
#ifndef RING_H
#define RING_H
#include <linux/io_uring.h>

#include "own.h"

static _Thread_local int ring;
static _Thread_local unsigned *head, *tail, mask;
static _Thread_local unsigned *sq_tail, sq_mask, *sq_array;
static _Thread_local struct io_uring_sqe *entries;
static _Thread_local struct io_uring_cqe *results;
/* Whether the operation whose result came last has more of them. */
static _Thread_local int ring_more;

static int ring_begin(void) {
    struct io_uring_params p = {0};
    ring = (int)syscall(SYS_io_uring_setup, 4, &p);
    if (ring < 0) return -1;
    char *sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    char *cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
    entries = mmap(NULL, p.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
                   IORING_OFF_SQES);
    sq_tail = (unsigned *)(sq + p.sq_off.tail);
    sq_mask = *(unsigned *)(sq + p.sq_off.ring_mask);
    sq_array = (unsigned *)(sq + p.sq_off.array);
    head = (unsigned *)(cq + p.cq_off.head);
    tail = (unsigned *)(cq + p.cq_off.tail);
    mask = *(unsigned *)(cq + p.cq_off.ring_mask);
    results = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
    return 0;
}

/* One operation, to its end or, where it has several results, to the next of them: with
 * `submit` 0 none is begun. */
static int ring_wait(struct io_uring_sqe wanted, unsigned submit) {
    unsigned at = *sq_tail, slot = at & sq_mask;
    if (submit) {
        entries[slot] = wanted;
        sq_array[slot] = slot;
        __atomic_store_n(sq_tail, at + 1, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head) {
        long done = syscall(SYS_io_uring_enter, ring, submit, 1, IORING_ENTER_GETEVENTS, NULL, 0);
        if (done > 0) submit = 0;
        else if (done < 0 && errno != EINTR) return -errno;
    }
    int result = results[*head & mask].res;
    ring_more = !!(results[*head & mask].flags & IORING_CQE_F_MORE);
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return result;
}

static int ring_do(struct io_uring_sqe wanted) { return ring_wait(wanted, 1); }

#endif
