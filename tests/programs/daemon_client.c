/* Makes itself a daemon: forks, begins a session, forks again; the first two
 * processes end. The daemon connects N times and stays. The trap: the client
 * seems to have ended, and what it left works on.
 *
 * usage: daemon_client PORT N [wait|end]
 * With `wait` the first process ends when the daemon has made its requests. With
 * `end` the daemon makes them after 300 ms, and ends. */
#include "own.h"

int main(int argc, char **argv) {
    int done[2], port = atoi(argv[1]), n = atoi(argv[2]);
    own_start("daemon_client");
    if (pipe2(done, O_CLOEXEC)) return 1;
    pid_t middle = own_fork();
    if (middle == 0) {
        setsid();
        if (own_fork() > 0) _exit(0);
        /* Its parent is gone now, or soon. */
        close(done[0]);
        int ends = argc > 3 && !strcmp(argv[3], "end");
        if (ends) own_sleep(300);
        for (int i = 0; i < n; i++) own_request("127.0.0.1", port);
        if (ends) _exit(0);
        if (argc > 3 && write(done[1], "d", 1) < 0) _exit(1);
        for (;;) pause();
    }
    own_wait(middle, 0);
    char byte;
    close(done[1]);
    if (argc > 3 && !strcmp(argv[3], "wait")) own_check(read(done[0], &byte, 1) == 1, "the daemon's word");
    return own_end();
}
