/* Stops and continuations. The traps: a stopped program that a tracer lets run,
 * a parent that does not hear of its child's stop (WUNTRACED) or continuation
 * (WCONTINUED), threads that are not stopped with the one that was.
 *
 * usage: job_control PORT
 * 1. a child of two threads is stopped by SIGSTOP, then by SIGTSTP, and continued;
 * 2. a child stops itself and a sibling continues it;
 * 3. a child is stopped while it waits in calls that a stop does not interrupt;
 * 4. the program stops itself, and a child continues it. */
#include <poll.h>

#include "own.h"

static _Atomic unsigned *ticks;
static _Atomic int *continued;

static void on_continue(int signal) {
    (void)signal;
    ++*continued;
}

static void *tick(void *with) {
    (void)with;
    for (;;) {
        ++*ticks;
        own_sleep(1);
    }
    return NULL;
}

static void stops(pid_t pid, int signal) {
    int status = 0;
    own_check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == signal,
              "a stop, and its signal");
}

/* It makes no progress now. */
static void stands(void) {
    own_sleep(20);
    unsigned before = *ticks;
    own_sleep(60);
    own_check(*ticks == before, "what is stopped stands still");
}

static void goes_on(pid_t pid, int was) {
    int status = 0;
    own_check(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status), "a continuation");
    unsigned before = *ticks;
    for (int i = 0; i < 3000 && (*ticks == before || *continued == was); i++) own_sleep(1);
    own_check(*ticks > before, "what is continued goes on");
    own_check(*continued == was + 1, "one SIGCONT arrived");
}

static char state_of(pid_t pid) {
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0 || !strrchr(text, ')')) return '?';
    return strrchr(text, ')')[2];
}

/* Until it is stopped: T alone, t under a tracer. */
static void until_stopped(pid_t pid) {
    for (int i = 0; i < 3000; i++) {
        char state = state_of(pid);
        if (state == 'T' || state == 't') {
            own_sleep(20);
            if (state_of(pid) == state) return;
        }
        own_sleep(1);
    }
    _exit(4);
}

int main(int argc, char **argv) {
    (void)argc;
    int port = atoi(argv[1]), status = 0;
    own_start("job_control");
    ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    continued = (_Atomic int *)(ticks + 16);
    struct sigaction action = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
    sigaction(SIGCONT, &action, NULL);
    own_request("127.0.0.1", port);

    pid_t child = own_fork();
    if (child == 0) {
        /* SIGTSTP does not stop an orphaned process group. */
        setpgid(0, 0);
        own_thread(tick, NULL);
        for (;;) pause();
    }
    while (*ticks == 0) own_sleep(1);
    int signals[] = {SIGSTOP, SIGTSTP, SIGSTOP};
    for (int i = 0; i < 3; i++) {
        int was = *continued;
        kill(child, signals[i]);
        stops(child, signals[i]);
        stands();
        kill(child, SIGCONT);
        goes_on(child, was);
    }
    kill(child, SIGSTOP);
    stops(child, SIGSTOP);
    kill(child, SIGKILL);
    own_check(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
              "what is stopped can be killed");

    int was = *continued;
    child = own_fork();
    if (child == 0) {
        raise(SIGSTOP);
        own_request("127.0.0.1", port);
        _exit(5);
    }
    stops(child, SIGSTOP);
    pid_t sibling = own_fork();
    if (sibling == 0) _exit(kill(child, SIGCONT) ? 1 : 0);
    own_wait(sibling, 0);
    own_wait(child, 5);
    own_check(*continued == was + 1, "a sibling's SIGCONT arrived");

    /* Without a handler a stop is no interruption of these calls. */
    child = own_fork();
    if (child == 0) {
        struct timespec wait = {0, 250000000};
        signal(SIGCONT, SIG_DFL);
        own_check(poll(NULL, 0, 250) == 0, "poll goes on after a stop");
        own_check(nanosleep(&wait, NULL) == 0, "nanosleep goes on after a stop");
        _exit(7);
    }
    for (int i = 0; i < 4; i++) {
        own_sleep(i == 2 ? 160 : 40);
        kill(child, SIGSTOP);
        stops(child, SIGSTOP);
        kill(child, SIGCONT);
        own_check(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status), "a continuation");
    }
    own_wait(child, 7);

    child = own_fork();
    if (child == 0) {
        until_stopped(getppid());
        kill(getppid(), SIGCONT);
        _exit(6);
    }
    raise(SIGSTOP);
    own_wait(child, 6);
    own_check(*continued == was + 2, "a child's SIGCONT arrived");
    own_request("127.0.0.1", port);
    return own_end();
}
