/* A server that is alone with its connections, and then is not. It accepts all of them,
 * answers the first request on every second one, and from then on somebody else receives
 * and sends, or it goes on itself. The trap: who was first differs from one connection to
 * the next, and on some of them nothing had been done when it changed.
 *
 * usage: company_server PORT CONNECTIONS WAY
 * stay: nobody comes. thread, fork, files (a process that shares its descriptors), exec
 * (vfork(2) and a program that inherits them). dup: a thread, behind other numbers of
 * the same sockets. sealed: a thread, after a filter of its own that kills whoever calls
 * seccomp(2). drop: a thread, after root's privileges are given up. pass: over a Unix
 * socket with sendmmsg(2). taken: with pidfd_getfd(2), while the first one runs. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "own.h"

#define MOST 256
static int n, fds[MOST], ports[MOST];
static _Atomic char *seen; /* of each connection: received, sent */

static void did(int i, int bit, const char *kind) {
    if (!(atomic_fetch_or(&seen[i], (char)bit) & bit)) own_fact(kind, ports[i]);
}

/* One request; 0 when the connection is over. */
static int one(int i) {
    char asked[6];
    ssize_t got = recv(fds[i], asked, sizeof asked, MSG_WAITALL);
    if (got > 0) did(i, 1, "received");
    if (got != 6) return 0;
    if (!own_check(send(fds[i], "JAM 12:34:56\r\n", 14, MSG_NOSIGNAL) == 14, "send")) return 0;
    did(i, 2, "sent");
    return 1;
}

static void rest(void) {
    struct pollfd all[MOST];
    int left = n;
    for (int i = 0; i < n; i++) all[i] = (struct pollfd){fds[i], POLLIN, 0};
    while (left > 0) {
        if (poll(all, (nfds_t)n, -1) < 0) continue;
        for (int i = 0; i < n; i++) {
            if (all[i].revents && !one(i)) {
                all[i].fd = -1;
                close(fds[i]);
                left--;
            }
        }
    }
}

static void *in_a_thread(void *with) {
    rest();
    return with;
}

static char stack[65536] __attribute__((aligned(16)));

static int in_a_process(void *with) {
    (void)with;
    rest();
    _exit(0);
}

static void seal(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    own_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    own_check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "a filter");
}

/* All descriptors in two messages of one sendmmsg(2). */
static void messages(int channel, int receives) {
    char room[2][CMSG_SPACE(sizeof fds)] = {{0}}, bytes[2];
    struct iovec parts[2] = {{&bytes[0], 1}, {&bytes[1], 1}};
    struct mmsghdr all[2] = {{{0}, 0}};
    int half = n / 2, counts[2] = {half, n - half};
    for (int m = 0; m < 2; m++) {
        struct msghdr *it = &all[m].msg_hdr;
        size_t size = (size_t)counts[m] * sizeof *fds;
        it->msg_iov = &parts[m];
        it->msg_iovlen = 1;
        it->msg_control = room[m];
        it->msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *head = CMSG_FIRSTHDR(it);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(head), fds + m * half, size);
    }
    int done = receives ? recvmmsg(channel, all, 2, MSG_WAITALL, NULL) : sendmmsg(channel, all, 2, 0);
    own_check(done == 2, "messages");
    for (int m = 0; receives && m < 2; m++)
        memcpy(fds + m * half, CMSG_DATA(CMSG_FIRSTHDR(&all[m].msg_hdr)), (size_t)counts[m] * sizeof *fds);
}

/* A child that was there before anything was accepted. */
static void helper(int channel, int takes) {
    char go;
    if (takes) {
        int first = (int)syscall(SYS_pidfd_open, getppid(), 0);
        own_check(first >= 0, "pidfd_open");
        if (read(channel, &go, 1) != 1) _exit(0);
        if (read(channel, fds, sizeof fds) < 0) _exit(0);
        for (int i = 0; i < n; i++) {
            fds[i] = (int)syscall(SYS_pidfd_getfd, first, fds[i], 0);
            own_check(fds[i] >= 0, "pidfd_getfd");
        }
    } else {
        messages(channel, 1);
    }
    if (read(channel, ports, sizeof ports) < 0) _exit(0);
    rest();
    _exit(0);
}

static void inherits(char **argv) {
    /* Run anew: the count, and of each connection descriptor and port, and the facts. */
    n = atoi(argv[2]);
    seen = (_Atomic char *)calloc(MOST, 1);
    for (int i = 0; i < n; i++) {
        fds[i] = atoi(argv[3 + 3 * i]);
        ports[i] = atoi(argv[4 + 3 * i]);
        seen[i] = (char)atoi(argv[5 + 3 * i]);
    }
    rest();
    _exit(0);
}

int main(int argc, char **argv) {
    own_start("company_server");
    if (argc > 1 && !strcmp(argv[1], "rest")) inherits(argv);
    own_end_on_term();
    seen = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    n = atoi(argv[2]);
    const char *way = argv[3];
    int passes = !strcmp(way, "pass"), takes = !strcmp(way, "taken"), channel[2];
    if (passes || takes) {
        own_check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel) == 0, "socketpair");
        if (takes) prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        if (own_fork() == 0) helper(channel[1], takes);
    }
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    if (!strcmp(way, "drop")) {
        own_check(setresgid(65534, 65534, 65534) == 0, "the group");
        own_check(setresuid(65534, 65534, 65534) == 0, "the user");
    }
    for (int i = 0; i < n; i++) {
        fds[i] = own_accept(listener);
        ports[i] = own_peer_port(fds[i]);
        int flags = fcntl(fds[i], F_GETFD);
        fcntl(fds[i], F_SETFD, flags & ~FD_CLOEXEC);
    }
    for (int i = 0; i < n; i += 2) one(i);
    pthread_t thread = 0;
    if (!strcmp(way, "dup")) {
        for (int i = 0; i < n; i++) {
            int other = fcntl(fds[i], F_DUPFD, 200);
            close(fds[i]);
            fds[i] = other;
        }
    }
    if (!strcmp(way, "sealed")) seal();
    if (!strcmp(way, "stay")) {
        rest();
    } else if (!strcmp(way, "fork")) {
        if (own_fork() == 0) in_a_process(NULL);
    } else if (!strcmp(way, "files")) {
        int flags = CLONE_FILES | SIGCHLD;
        if (own_check(clone(in_a_process, stack + sizeof stack, flags, NULL) > 0, "clone")) own->processes++;
    } else if (!strcmp(way, "exec")) {
        static char words[3 * MOST][16];
        char *all[3 * MOST + 4] = {argv[0], "rest", argv[2]};
        for (int i = 0; i < n; i++) {
            snprintf(words[3 * i], 16, "%d", fds[i]);
            snprintf(words[3 * i + 1], 16, "%d", ports[i]);
            snprintf(words[3 * i + 2], 16, "%d", seen[i]);
            for (int w = 0; w < 3; w++) all[3 + 3 * i + w] = words[3 * i + w];
        }
        pid_t pid = vfork();
        if (pid == 0) {
            execv("/proc/self/exe", all);
            _exit(9);
        }
        if (own_check(pid > 0, "vfork")) own->processes++;
    } else if (passes || takes) {
        if (takes) {
            own_check(write(channel[0], "g", 1) == 1, "tell");
            own_check(write(channel[0], fds, sizeof fds) == sizeof fds, "tell");
        } else {
            messages(channel[0], 0);
        }
        own_check(write(channel[0], ports, sizeof ports) == sizeof ports, "tell");
    } else {
        thread = own_thread(in_a_thread, NULL);
    }
    if (thread) {
        pthread_join(thread, NULL);
    } else if (strcmp(way, "stay")) {
        while (wait(NULL) > 0) {}
        for (int i = 0; i < n; i++) close(fds[i]);
    }
    for (;;) pause();
}
