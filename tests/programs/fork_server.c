/* A process a connection; ended ones are reaped on SIGCHLD. The traps: accept(2)
 * that is interrupted by SIGCHLD, and a connection whose descriptor is open in
 * two processes.
 *
 * usage: fork_server PORT [read] */
#include "own.h"

static void reap(int signal) {
    int error = errno;
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    errno = error;
}

int main(int argc, char **argv) {
    own_start("fork_server");
    own_plain = argc > 2 && !strcmp(argv[2], "read");
    own_end_on_term();
    struct sigaction action = {.sa_handler = reap};
    sigaction(SIGCHLD, &action, NULL);
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    for (;;) {
        int fd = own_accept(listener);
        if (fd < 0) continue;
        if (own_fork() == 0) {
            close(listener);
            own_serve(fd);
            _exit(0);
        }
        close(fd);
    }
}
