/* One thread, an event loop, non-blocking connects. The trap: connect(2)
 * returns EINPROGRESS, and its local port is known before it is connected.
 *
 * usage: epoll_client PORT N AT_ONCE [HOST] */
#include <sys/epoll.h>

#include "own.h"

struct flight {
    int fd, asked;
    size_t got;
};
static int port, loop, under_way, began, most;
static const char *host = "127.0.0.1";

static void begin(void) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, host, port);
    struct flight *it = calloc(1, sizeof *it);
    it->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    own_check(it->fd >= 0, "socket");
    own->attempts++;
    began++;
    under_way++;
    int result = connect(it->fd, (struct sockaddr *)&to, length);
    own_check(result == 0 || errno == EINPROGRESS, "connect");
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = it};
    epoll_ctl(loop, EPOLL_CTL_ADD, it->fd, &event);
}

static void end(struct flight *it) {
    close(it->fd);
    free(it);
    under_way--;
}

static void go_on(struct flight *it) {
    char answer[32];
    if (!it->asked) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(it->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        errno = error;
        if (!own_check(error == 0, "connect")) return end(it);
        own->connects++;
        own_fact("connected", own_local_port(it->fd));
        own_check(own_send(it->fd, "TIME\r\n", 6) == 6, "send");
        it->asked = 1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = it};
        epoll_ctl(loop, EPOLL_CTL_MOD, it->fd, &event);
        return;
    }
    ssize_t n = own_receive(it->fd, answer, sizeof answer);
    if (n == -1 && errno == EAGAIN) return;
    if (!own_check(n > 0, "receive")) return end(it);
    it->got += (size_t)n;
    if (it->got >= 14) end(it);
}

int main(int argc, char **argv) {
    own_start("epoll_client");
    port = atoi(argv[1]);
    int n = atoi(argv[2]);
    most = atoi(argv[3]);
    if (argc > 4) host = argv[4];
    loop = epoll_create1(EPOLL_CLOEXEC);
    while (began < n || under_way) {
        while (began < n && under_way < most) begin();
        struct epoll_event events[64];
        int ready = epoll_wait(loop, events, 64, 10000);
        if (!own_check(ready > 0, "epoll_wait")) break;
        for (int i = 0; i < ready; i++) go_on(events[i].data.ptr);
    }
    return own_end();
}
