/* Runs a program with some system calls refused, as a container's profile, a
 * sandbox or an older kernel refuses them.
 *
 * usage: refused ERRNO CALL[,CALL…] PROGRAM [ARGUMENTS]
 * ERRNO: EPERM or ENOSYS; CALL: pidfd_open, pidfd_getfd or process_vm_readv */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"process_vm_readv", SYS_process_vm_readv},
};

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    unsigned error = strcmp(argv[1], "ENOSYS") ? EPERM : ENOSYS;
    struct sock_filter code[16];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!strstr(argv[2], calls[i].name)) continue;
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("seccomp");
        return 9;
    }
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    return 9;
}
