/* The first thread calls pthread_exit(3) before the others connect: a zombie
 * leader with living threads. The trap: a leader's exit that is taken for the
 * process's.
 *
 * usage: leader_gone PORT N */
#include "own.h"

static int port, n;
static _Atomic int left;

static void *work(void *with) {
    char path[64], state[256] = "";
    (void)with;
    /* Until the leader is a zombie. */
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", getpid(), getpid());
    while (!strstr(state, ") Z")) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = read(fd, state, sizeof state - 1);
        state[got > 0 ? got : 0] = 0;
        close(fd);
        own_sleep(1);
    }
    own_request("127.0.0.1", port);
    if (--left == 0) {
        own_sleep(50);
        exit(own_end());
    }
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("leader_gone");
    port = atoi(argv[1]);
    n = atoi(argv[2]);
    left = n;
    for (int i = 0; i < n; i++) pthread_detach(own_thread(work, NULL));
    pthread_exit(NULL);
}
