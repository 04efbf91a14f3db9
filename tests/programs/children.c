/* Children, timers and pipes. The traps: a SIGCHLD too many or too few, an exit
 * status or a fatal signal that changes on its way to the parent, SIGPIPE that
 * does not kill, a timer that loses ticks, a wait for any child that sees the
 * tracer's doings, a SIGTRAP that the tracer takes for its own.
 *
 * usage: children PORT */
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "own.h"

static _Atomic unsigned chld, ticks, exited, killed, stopped;

static void on_child(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    chld++;
    if (info->si_code == CLD_EXITED) exited++;
    if (info->si_code == CLD_KILLED) killed++;
    if (info->si_code == CLD_STOPPED || info->si_code == CLD_TRAPPED || info->si_code == CLD_CONTINUED) stopped++;
}

static void on_tick(int signal) {
    (void)signal;
    ticks++;
}

static void dies(void (*how)(void), int signal) {
    unsigned before = chld;
    pid_t pid = own_fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        how();
        _exit(0);
    }
    siginfo_t info = {0};
    while (waitid(P_ALL, 0, &info, WEXITED) == -1 && errno == EINTR) {}
    own_check(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == signal, "a death by its signal");
    own_check(chld == before + 1, "one SIGCHLD for one death");
}

static void by_pipe(void) {
    int ends[2];
    if (pipe(ends)) _exit(1);
    close(ends[0]);
    if (write(ends[1], "x", 1)) _exit(2);
}
static void by_abort(void) { abort(); }
static void by_fault(void) { *(volatile int *)8 = 1; }
static void by_kill(void) { kill(getpid(), SIGKILL); }
static void by_real_time(void) { kill(getpid(), SIGRTMIN + 7); }
static void by_term(void) { raise(SIGTERM); }
static void by_alarm(void) {
    struct itimerval soon = {.it_value = {0, 5000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    for (;;) pause();
}

/* A debugger's signal is the program's own affair as well. */
static _Atomic unsigned traps;
static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    if (info->si_code == SI_TKILL || info->si_code == SI_USER || info->si_code == SI_KERNEL) traps++;
}

static void trap_itself(void) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    raise(SIGTRAP);
    kill(getpid(), SIGTRAP);
    own_check(traps == 2, "a SIGTRAP that was sent arrives");
#if defined(__x86_64__)
    __asm__ volatile("int3");
    own_check(traps == 3, "a breakpoint's SIGTRAP arrives");
#endif
    signal(SIGTRAP, SIG_IGN);
    raise(SIGTRAP);
    own_check(1, "an ignored one does nothing");
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("children");
    trap_itself();
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    for (int i = 0; i < 256; i++) {
        pid_t pid = own_fork();
        if (pid == 0) _exit(i);
        int status = -1;
        while (waitpid(-1, &status, 0) == -1 && errno == EINTR) {}
        own_check(WIFEXITED(status) && WEXITSTATUS(status) == i, "a child's exit status");
    }
    own_check(chld == 256 && exited == 256, "a SIGCHLD for each child");
    own_check(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child is left");
    dies(by_pipe, SIGPIPE);
    dies(by_abort, SIGABRT);
    dies(by_fault, SIGSEGV);
    dies(by_kill, SIGKILL);
    dies(by_real_time, SIGRTMIN + 7);
    dies(by_term, SIGTERM);
    dies(by_alarm, SIGALRM);
    own_check(killed == 7 && stopped == 0, "deaths are told as deaths, and nothing as a stop");

    /* A child that exits early stays a zombie until it is waited for. */
    pid_t early = own_fork();
    if (early == 0) _exit(9);
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)early, &info, WEXITED | WNOWAIT) == -1 && errno == EINTR) {}
    own_check(info.si_status == 9 && kill(early, 0) == 0, "a zombie waits for its parent");
    own_wait(early, 9);
    own_check(kill(early, 0) == -1 && errno == ESRCH, "and is gone then");

    /* A child whose parent does not care leaves none. */
    signal(SIGCHLD, SIG_IGN);
    pid_t ignored = own_fork();
    if (ignored == 0) _exit(1);
    int result = waitpid(ignored, NULL, 0);
    own_check(result == -1 && errno == ECHILD, "an ignored child leaves no status");

    /* 50 ticks of 2 ms; a tick that finds its forerunner pending is lost, so
     * only a lower bound of the time is sure. */
    action = (struct sigaction){.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &every, NULL);
    while (ticks < 50) poll(NULL, 0, 1000);
    setitimer(ITIMER_REAL, &never, NULL);
    own_request("127.0.0.1", atoi(argv[1]));
    return own_end();
}
