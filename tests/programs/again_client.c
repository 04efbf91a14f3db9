/* One socket that connects again and again. The trap: a second connect(2) on a
 * socket asks for its connection, or makes another one.
 *   unspec   its connection is dissolved before (connect(2) with AF_UNSPEC)
 *   later    the same, non-blocking: begun, waited for, asked again, dissolved
 *   threads  the same as unspec, each time by another thread
 *   bound    the same as unspec, with a port of its own each time
 *
 * usage: again_client unspec|later|threads|bound PORT N */
#include <poll.h>

#include "own.h"

static int fd, port;
static const char *way;

static void once(void) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, "127.0.0.1", port);
    own->attempts++;
    int result = connect(fd, (struct sockaddr *)&to, length);
    if (!strcmp(way, "later")) {
        own_check(result == 0 || errno == EINPROGRESS, "begun");
        struct pollfd one = {fd, POLLOUT, 0};
        own_check(poll(&one, 1, 10000) == 1, "it is connected");
        for (int i = 0; i < 2; i++) {
            result = connect(fd, (struct sockaddr *)&to, length);
            own_check(result == 0 || errno == EISCONN, "it is connected already");
        }
        fcntl(fd, F_SETFL, 0);
    } else {
        own_check(result == 0, "connect");
    }
    own->connects++;
    own_fact("connected", own_local_port(fd));
    own_exchange(fd);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    own_check(connect(fd, &none, sizeof none) == 0, "dissolve");
    if (!strcmp(way, "later")) fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void *in_a_thread(void *with) {
    once();
    return with;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("again_client");
    way = argv[1];
    port = atoi(argv[2]);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!strcmp(way, "later")) fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int i = atoi(argv[3]); i > 0; i--) {
        if (!strcmp(way, "bound")) {
            struct sockaddr_storage from;
            socklen_t length = own_address(&from, "127.0.0.1", 0);
            own_check(bind(fd, (struct sockaddr *)&from, length) == 0, "bind");
        }
        if (!strcmp(way, "threads"))
            pthread_join(own_thread(in_a_thread, NULL), NULL);
        else
            once();
    }
    return own_end();
}
