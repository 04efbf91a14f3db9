/* A program that installs a seccomp filter of its own. The traps: two filters,
 * of which the stricter answer counts; and a connect(2) that its own filter
 * answers with EPERM, which never reaches the kernel's connect or a tracer.
 *
 * usage: seccomp_client allow|refuse|zero|trap|supervise|all PORT N
 * refuse: the last of N connects is made after its filter refuses them.
 * zero, trap: one more is made after its filter answers them with 0, or with a signal: the
 * kernel never runs it.
 * supervise: a thread of it answers each connect(2) with "go on" (seccomp_unotify(2)):
 * the answer of its filter hides the call from the other's. Requests are made by
 * the main thread, by a new one, and by a child. all: the filter is that of a thread
 * that was there before, too (SECCOMP_FILTER_FLAG_TSYNC). */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "own.h"

static void install(unsigned answer) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    own_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    own_check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "a filter");
}

static void on_trap(int signal) { (void)signal; }

/* connect(2), answered by the filter; the signal leaves what the kernel has left there. */
static int answered(int port, unsigned answer) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, "127.0.0.1", port);
    struct sigaction action = {.sa_handler = on_trap};
    sigaction(SIGSYS, &action, NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    install(answer);
    return connect(fd, (struct sockaddr *)&to, length);
}

static int listener, go[2];

static void *answer_them(void *with) {
    for (;;) {
        struct seccomp_notif asked = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) continue;
        struct seccomp_notif_resp answer = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
    return with;
}

static void *request(void *port) {
    own_request("127.0.0.1", *(int *)port);
    return NULL;
}

static void *request_when_told(void *port) {
    char byte;
    own_check(read(go[0], &byte, 1) == 1, "told");
    return request(port);
}

static void supervise(int port, int n, int all) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    pthread_t before = 0;
    own_check(pipe(go) == 0, "pipe");
    if (all) before = own_thread(request_when_told, &port);
    own_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if (all) flags |= SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    own_check(listener >= 0, "a filter with a supervisor");
    own_thread(answer_them, NULL);
    if (all) {
        own_check(write(go[1], "g", 1) == 1, "tell");
        pthread_join(before, NULL);
    }
    for (int i = 0; i < n; i++) own_request("127.0.0.1", port);
    pthread_join(own_thread(request, &port), NULL);
    pid_t child = own_fork();
    if (child == 0) {
        own_request("127.0.0.1", port);
        _exit(0);
    }
    own_wait(child, 0);
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("seccomp_client");
    int refuse = !strcmp(argv[1], "refuse"), port = atoi(argv[2]), n = atoi(argv[3]);
    if (!strcmp(argv[1], "supervise") || !strcmp(argv[1], "all")) {
        supervise(port, n, !strcmp(argv[1], "all"));
        return own_end();
    }
    install(SECCOMP_RET_ALLOW);
    for (int i = 0; i < n - refuse; i++) own_request("127.0.0.1", port);
    if (refuse)
        own_check(answered(port, SECCOMP_RET_ERRNO | EPERM) == -1 && errno == EPERM, "its own refusal");
    if (!strcmp(argv[1], "zero")) own_check(answered(port, SECCOMP_RET_ERRNO) == 0, "its own answer");
    if (!strcmp(argv[1], "trap")) answered(port, SECCOMP_RET_TRAP);
    return own_end();
}
