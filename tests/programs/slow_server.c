/* One connection at a time, with the shortest queue, and slow to accept. The
 * trap: connects that wait long in the kernel, so that much can happen to them.
 *
 * usage: slow_server PORT */
#include "own.h"

int main(int argc, char **argv) {
    (void)argc;
    own_start("slow_server");
    own_end_on_term();
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    listen(listener, 0);
    own_sleep(400);
    for (;;) {
        int fd = own_accept(listener);
        if (fd >= 0) own_serve(fd);
        own_sleep(50);
    }
}
