/* A thread a connection. The trap: the accepting thread is not the serving one.
 *
 * usage: thread_server PORT [HOST] [recv|read|multipath|child]
 * multipath: it listens for Multipath TCP, as Go's servers do
 * child: a child of it has ended, and it never waits for it */
#include "own.h"

static void *serve(void *with) {
    own_serve((int)(long)with);
    return NULL;
}

int main(int argc, char **argv) {
    own_start("thread_server");
    own_plain = argc > 3 && !strcmp(argv[3], "read");
    own_end_on_term();
    own_multipath = argc > 3 && !strcmp(argv[3], "multipath");
    if (argc > 3 && !strcmp(argv[3], "child")) {
        pid_t child = own_fork();
        if (child == 0) _exit(0);
        siginfo_t info;
        own_check(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0, "a child that has ended");
    }
    int listener = own_listen(argc > 2 ? argv[2] : "127.0.0.1", atoi(argv[1]));
    for (;;) {
        int fd = own_accept(listener);
        if (fd >= 0) pthread_detach(own_thread(serve, (void *)(long)fd));
    }
}
