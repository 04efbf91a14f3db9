/* Processes that all accept from one listener. The trap: the listening process
 * never accepts, and the same descriptor number means another socket in each.
 *
 * usage: prefork_server PORT W */
#include <sys/prctl.h>

#include "own.h"

int main(int argc, char **argv) {
    (void)argc;
    own_start("prefork_server");
    own_end_on_term();
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    for (int i = atoi(argv[2]); i > 0; i--) {
        if (own_fork() != 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            int fd = own_accept(listener);
            if (fd >= 0) own_serve(fd);
        }
    }
    for (;;) pause();
}
