/* Makes itself a daemon, as nginx and memcached do: forks, the first process
 * ends with 0, the second is a session of its own and waits for W workers,
 * which accept from one listener. The trap: a server whose first process has
 * ended is not one that has died.
 *
 * usage: daemon_server PORT W first|last
 * It listens first of all, or last, when its first process has ended. */
#include "own.h"

static void *work(void *with) {
    for (;;) {
        int fd = own_accept((int)(long)with);
        if (fd >= 0) own_serve(fd);
    }
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("daemon_server");
    int late = !strcmp(argv[3], "last"), listener = -1;
    if (!late) listener = own_listen("127.0.0.1", atoi(argv[1]));
    pid_t first = getpid();
    if (own_fork() != 0) return 0;
    setsid();
    while (late && getppid() == first) own_sleep(1);
    if (late) listener = own_listen("127.0.0.1", atoi(argv[1]));
    for (int i = atoi(argv[2]); i > 0; i--) {
        if (own_fork() == 0) work((void *)(long)listener);
    }
    for (;;) pause();
}
