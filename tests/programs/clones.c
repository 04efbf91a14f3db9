/* Clones with unusual flags; each connects once. The traps:
 *   parent    CLONE_PARENT: the child's parent is not who made it, but that
 *             one's parent, to whom it then reports
 *   shared    CLONE_VM | CLONE_FILES without CLONE_THREAD: two processes with
 *             one memory and one table of descriptors
 *   silent    no signal at its end: only __WALL or __WCLONE finds it
 *   untraced  CLONE_UNTRACED: no tracer follows it, and where one has set a filter,
 *             the kernel refuses it the calls at which it would stop; so it makes none
 *   pidns     CLONE_NEWPID: its own number for itself is 1 (needs root)
 *
 * usage: clones KIND PORT */
#include <sched.h>

#include "own.h"

static int port, told[2], inside, untraced;

static int work(void *with) {
    (void)with;
    char byte = 1;
    if (untraced) {
        struct iovec one = { &byte, 1 };
        if (vmsplice(told[1], &one, 1, 0) < 0) syscall(SYS_exit, 1);
        syscall(SYS_exit, 0);
    }
    if (!inside) {
        own_request("127.0.0.1", port);
    } else {
        /* Its maker knows by which number others know it. */
        int fd = own_connect("127.0.0.1", port);
        if (fd >= 0) own_exchange(fd);
    }
    if (write(told[1], &byte, 1) < 0) _exit(1);
    _exit(own->failed ? 3 : 0);
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("clones");
    port = atoi(argv[2]);
    if (pipe2(told, O_CLOEXEC)) return 1;
    char *stack = mmap(NULL, 256 * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int flags = SIGCHLD, parent = !strcmp(argv[1], "parent");
    if (parent) flags |= CLONE_PARENT;
    if (!strcmp(argv[1], "shared")) flags |= CLONE_VM | CLONE_FILES;
    if (!strcmp(argv[1], "silent")) flags &= ~SIGCHLD;
    if (!strcmp(argv[1], "untraced")) untraced = 1, flags |= CLONE_UNTRACED;
    if (!strcmp(argv[1], "pidns")) inside = 1, flags |= CLONE_NEWPID;
    pid_t pid = clone(work, stack + 256 * 1024, flags, NULL);
    if (own_check(pid > 0, "clone")) own->processes++;
    if (untraced) own_request("127.0.0.1", port);
    char byte = 0;
    if (!(flags & CLONE_FILES)) close(told[1]);
    own_check(read(told[0], &byte, 1) == 1 && byte == 1, "the clone's word");
    int status = -1;
    if (parent) own_check(waitpid(pid, &status, __WALL) == -1 && errno == ECHILD, "it is not its maker's child");
    else own_check(waitpid(pid, &status, __WALL) == pid && status == 0, "the clone's exit status");
    snprintf(own_more, sizeof own_more, ",\"clone\":%d", pid);
    return own_end();
}
