/* Children whose end a pidfd tells: when it is readable, wait(2) finds the child.
 * The trap: a child that is traced has ended, and its tracer has not waited for it.
 *
 * usage: pidfd_client PORT N */
#include <linux/sched.h>
#include <poll.h>

#include "own.h"

int main(int argc, char **argv) {
    (void)argc;
    own_start("pidfd_client");
    int nobody = 0;
    for (int i = atoi(argv[2]); i > 0; i--) {
        int pidfd = -1;
        struct clone_args how = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD};
        long pid = syscall(SYS_clone3, &how, sizeof how);
        if (pid == 0) {
            if (i % 2) own_request("127.0.0.1", atoi(argv[1]));
            if (i % 5 == 0) kill(getpid(), SIGTERM);
            _exit(i % 7);
        }
        own_check(pid > 0, "clone3");
        own->processes++;
        struct pollfd end = {pidfd, POLLIN, 0};
        own_check(poll(&end, 1, 20000) == 1, "the end is told");
        siginfo_t how_it_ended = {0};
        waitid(P_PIDFD, (id_t)pidfd, &how_it_ended, WEXITED | WNOHANG);
        if (how_it_ended.si_pid != pid) {
            nobody++;
            waitid(P_PIDFD, (id_t)pidfd, &how_it_ended, WEXITED);
        }
        own_check(i % 5 ? how_it_ended.si_status == i % 7 : how_it_ended.si_status == SIGTERM, "how it ended");
        close(pidfd);
    }
    own_check(nobody == 0, "a child that has ended is found");
    return own_end();
}
