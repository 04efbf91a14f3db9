/* A program that installs a seccomp filter of its own. The traps: two filters,
 * of which the stricter answer counts; and a connect(2) that its own filter
 * answers with EPERM, which never reaches the kernel's connect or a tracer.
 *
 * usage: seccomp_client allow|refuse PORT N
 * refuse: the last of N connects is made after its filter refuses them. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
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

int main(int argc, char **argv) {
    (void)argc;
    own_start("seccomp_client");
    int refuse = !strcmp(argv[1], "refuse"), port = atoi(argv[2]), n = atoi(argv[3]);
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
