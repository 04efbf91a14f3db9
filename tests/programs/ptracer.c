/* A program that uses ptrace(2) itself. The trap: a thread has one tracer only,
 * so its PTRACE_TRACEME, and its PTRACE_SEIZE of a child, are refused under
 * another tracer. It says what it got, goes on, and connects.
 *
 * usage: ptracer PORT */
#include <sys/ptrace.h>

#include "own.h"

int main(int argc, char **argv) {
    (void)argc;
    int told[2], seized = 0, status = 0;
    own_start("ptracer");
    if (pipe2(told, O_CLOEXEC)) return 1;
    pid_t pid = own_fork();
    if (pid == 0) {
        int error = ptrace(PTRACE_TRACEME, 0, 0, 0) ? errno : 0;
        if (write(told[1], &error, sizeof error) < 0) _exit(1);
        if (!error) raise(SIGUSR1);
        _exit(7);
    }
    int traceme = -1;
    own_check(read(told[0], &traceme, sizeof traceme) == sizeof traceme, "the child's word");
    if (!traceme) {
        waitpid(pid, &status, 0);
        own_check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGUSR1, "a stop by a signal");
        ptrace(PTRACE_CONT, pid, 0, 0);
    }
    own_wait(pid, 7);
    pid = own_fork();
    if (pid == 0) {
        for (;;) pause();
    }
    seized = ptrace(PTRACE_SEIZE, pid, 0, 0) ? errno : 0;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    own_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a child's death");
    own_request("127.0.0.1", atoi(argv[1]));
    snprintf(own_more, sizeof own_more, ",\"traceme\":%d,\"seize\":%d", traceme, seized);
    return own_end();
}
