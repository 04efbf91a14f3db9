/* As the Go runtime does it: threads by clone(2) with its flags and without a
 * C library's consent, non-blocking sockets, read and write, and signals that
 * fly between threads all the time: SIGURG to preempt (restarting) and a
 * real-time one (not restarting). The traps: real-time signals in a tracer that
 * does not know them, a signal lost or delivered twice, a system call that is
 * interrupted and begun again and so is seen twice.
 *
 * The program counts: every real-time signal that was sent must have arrived.
 *
 * usage: go_like PORT N W */
#include <poll.h>
#include <sched.h>

#include "own.h"

#define MOST 64
static int port, n;
static _Atomic int next, alive, stop, begun;
static _Atomic unsigned urgent, sent, arrived;
static _Atomic pid_t tids[MOST];

static void on_urgent(int signal) {
    (void)signal;
    urgent++;
}
static void on_real_time(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    if (info->si_code == SI_TKILL && info->si_pid == getpid()) arrived++;
}

/* System calls without errno, which these threads share with the main one. */
static long raw(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
#else
#error "which system call instruction?"
#endif
}

static void wait_for(int fd, short what) {
    struct pollfd one = {fd, what, 0};
    while (raw(SYS_ppoll, (long)&one, 1, 0, 0) == -EINTR) {}
}

static void request(void) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, "127.0.0.1", port);
    int fd = (int)raw(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);
    own->attempts++;
    long result = raw(SYS_connect, fd, (long)&to, (long)length, 0);
    own_check(result == 0 || result == -EINPROGRESS, "connect");
    wait_for(fd, POLLOUT);
    own->connects++;
    own_fact("connected", own_local_port(fd));
    own_check(raw(SYS_write, fd, (long)"TIME\r\n", 6, 0) == 6, "write");
    char answer[32];
    long got = 0;
    while (got < 14) {
        long it = raw(SYS_read, fd, (long)(answer + got), (long)sizeof answer - got, 0);
        if (it == -EAGAIN) wait_for(fd, POLLIN);
        else if (it > 0) got += it;
        else if (it != -EINTR && !own_check(0, "read")) break;
    }
    raw(SYS_close, fd, 0, 0, 0);
}

static int work(void *with) {
    int me = (int)(long)with;
    tids[me] = own_tid();
    while (!begun) raw(SYS_sched_yield, 0, 0, 0, 0);
    while (next++ < n) request();
    tids[me] = 0;
    /* None may be under way to a thread that is gone. */
    while (!stop) raw(SYS_sched_yield, 0, 0, 0, 0);
    alive--;
    raw(SYS_exit, 0, 0, 0, 0);
    return 0;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("go_like");
    port = atoi(argv[1]);
    n = atoi(argv[2]);
    int w = atoi(argv[3]);
    struct sigaction action = {.sa_handler = on_urgent, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigaction(SIGURG, &action, NULL);
    action = (struct sigaction){.sa_sigaction = on_real_time, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN + 2, &action, NULL);
    for (long i = 0; i < w; i++) {
        char *stack = mmap(NULL, 256 * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        alive++;
        int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD;
        if (own_check(clone(work, stack + 256 * 1024, flags, (void *)i) > 0, "clone")) own->threads++;
        else alive--;
    }
    /* On a busy machine all could be over before the first signal. */
    for (int i = 0; i < w && i < (int)own->threads; i++)
        while (!tids[i]) raw(SYS_sched_yield, 0, 0, 0, 0);
    if (w > 0 && tids[0]) raw(SYS_tgkill, getpid(), tids[0], SIGURG, 0);
    begun = 1;
    int busy = 1;
    while (busy) {
        busy = next < n;
        for (int i = 0; i < w; i++) {
            pid_t tid = tids[i];
            if (!tid) continue;
            busy = 1;
            syscall(SYS_tgkill, getpid(), tid, SIGURG);
            if (syscall(SYS_tgkill, getpid(), tid, SIGRTMIN + 2) == 0) sent++;
        }
        struct timespec little = {0, 200000};
        nanosleep(&little, NULL);
    }
    for (int i = 0; i < 2000 && arrived < sent; i++) own_sleep(1);
    stop = 1;
    while (alive) own_sleep(1);
    own_check(arrived == sent, "every real-time signal arrived once");
    own_check(urgent > 0, "urgent signals arrived");
    snprintf(own_more, sizeof own_more, ",\"signals\":%u,\"urgent\":%u", sent, urgent);
    return own_end();
}
