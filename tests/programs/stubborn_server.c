/* Ignores SIGTERM, SIGINT and SIGHUP, and so does its child, which is in a
 * session of its own. The trap: a server that has to be killed, and a process
 * of it that nobody sees.
 *
 * usage: stubborn_server PORT */
#include "own.h"

int main(int argc, char **argv) {
    (void)argc;
    own_start("stubborn_server");
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    if (own_fork() == 0) {
        close(listener);
        setsid();
        for (;;) pause();
    }
    for (;;) {
        int fd = own_accept(listener);
        if (fd >= 0) own_serve(fd);
    }
}
