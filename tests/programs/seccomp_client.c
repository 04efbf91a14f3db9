/* A program that installs a seccomp filter of its own. The traps: two filters,
 * of which the stricter answer counts; and a connect(2) that its own filter
 * answers with EPERM, which never reaches the kernel's connect or a tracer.
 *
 * usage: seccomp_client allow|refuse|supervise|all PORT N
 * refuse: the last of N connects is made after its filter refuses them.
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

static void install(int refuse) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, refuse ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    own_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    own_check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "a filter");
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
    install(0);
    for (int i = 0; i < n - refuse; i++) own_request("127.0.0.1", port);
    if (refuse) {
        struct sockaddr_storage to;
        socklen_t length = own_address(&to, "127.0.0.1", port);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        install(1);
        own_check(connect(fd, (struct sockaddr *)&to, length) == -1 && errno == EPERM, "its own refusal");
    }
    return own_end();
}
