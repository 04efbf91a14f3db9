/* A server whose first thread ends when another one accepts: /proc/PID/fd is empty,
 * and the listener is among the descriptors of the other thread. With `read` it
 * uses read(2) and write(2).
 *
 * usage: leaderless_server PORT [recv|read] */
#include "own.h"

static int listener;

static void *serve(void *with) {
    for (;;) {
        char request[64];
        int fd = accept(listener, NULL, NULL), port = own_peer_port(fd);
        if (fd < 0) continue;
        own_fact("accepted", port);
        if (own_receive(fd, request, sizeof request) > 0) {
            own_fact("received", port);
            own_answer(fd);
            own_fact("sent", port);
        }
        close(fd);
    }
    return with;
}

int main(int argc, char **argv) {
    own_start("leaderless_server");
    own_plain = argc > 2 && !strcmp(argv[2], "read");
    own_end_on_term();
    listener = own_listen("127.0.0.1", atoi(argv[1]));
    pthread_detach(own_thread(serve, NULL));
    own_sleep(20);
    pthread_exit(NULL);
}
