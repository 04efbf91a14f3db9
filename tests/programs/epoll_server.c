/* One thread, an event loop. The traps: accept4 that answers EAGAIN and owns
 * nothing, and descriptors whose numbers are used again at once.
 *
 * usage: epoll_server PORT [HOST] [recv|read] */
#include <sys/epoll.h>

#include "own.h"

static char told[1 << 20];

int main(int argc, char **argv) {
    own_start("epoll_server");
    own_plain = argc > 3 && !strcmp(argv[3], "read");
    own_end_on_term();
    int listener = own_listen(argc > 2 ? argv[2] : "127.0.0.1", atoi(argv[1]));
    fcntl(listener, F_SETFL, O_NONBLOCK);
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(loop, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                    own_fact("accepted", own_peer_port(fd));
                    told[fd] = 0;
                    event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
                    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            char request[64];
            int port = own_peer_port(fd);
            ssize_t n = own_receive(fd, request, sizeof request);
            if (n == -1 && errno == EAGAIN) continue;
            if (n <= 0) {
                close(fd);
                continue;
            }
            if (!told[fd]) own_fact("received", port);
            own_answer(fd);
            if (!told[fd]) own_fact("sent", port);
            told[fd] = 1;
        }
    }
}
