/* One thread takes a connection after the other and asks a second server for
 * each, which is a thread of the same process. The trap: what is accepted on
 * the other port is no flow of the run's.
 *
 * usage: front_server PORT */
#include "own.h"

static void *back(void *with) {
    for (;;) {
        int fd = accept((int)(long)with, NULL, NULL);
        char request[64];
        if (fd < 0) continue;
        own_check(recv(fd, request, sizeof request, 0) > 0, "a request of the front's");
        own_check(own_answer(fd) == 0, "an answer to the front");
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("front_server");
    own_end_on_term();
    int behind = own_listen("127.0.0.1", 0), port = own_local_port(behind);
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    own_thread(back, (void *)(long)behind);
    for (;;) {
        int fd = own_accept(listener);
        if (fd < 0) continue;
        int other = own_connect("127.0.0.1", port);
        own_check(other >= 0 && own_exchange(other) == 0, "the other's answer");
        close(other);
        own_serve(fd);
    }
}
