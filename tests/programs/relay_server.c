/* One thread accepts, a second receives, a third sends. The trap: accepting,
 * first receiving and first sending are three facts.
 *
 * usage: relay_server PORT [HOST] [recvmsg|recv|read] */
#include "own.h"

static int accepted[2], received[2], how;

static ssize_t get(int fd, char *to, size_t most) {
    struct iovec part = {to, most};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return how == 'm' ? recvmsg(fd, &message, 0) : own_receive(fd, to, most);
}

static ssize_t put(int fd, const char *from, size_t length) {
    struct iovec part = {(void *)from, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return how == 'm' ? sendmsg(fd, &message, MSG_NOSIGNAL) : own_send(fd, from, length);
}

static void *receive(void *with) {
    int fd;
    char request[64];
    (void)with;
    while (read(accepted[0], &fd, sizeof fd) == sizeof fd) {
        if (own_check(get(fd, request, sizeof request) == 6, "a request")) own_fact("received", own_peer_port(fd));
        if (write(received[1], &fd, sizeof fd) < 0) break;
    }
    return NULL;
}

static void *send_back(void *with) {
    int fd;
    (void)with;
    while (read(received[0], &fd, sizeof fd) == sizeof fd) {
        int port = own_peer_port(fd);
        if (own_check(put(fd, "JAM 01:02:03\r\n", 14) == 14, "an answer")) own_fact("sent", port);
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv) {
    own_start("relay_server");
    own_plain = argc > 3 && !strcmp(argv[3], "read");
    how = argc > 3 && !strcmp(argv[3], "recvmsg") ? 'm' : 0;
    own_end_on_term();
    int listener = own_listen(argc > 2 ? argv[2] : "127.0.0.1", atoi(argv[1]));
    if (pipe2(accepted, O_CLOEXEC) || pipe2(received, O_CLOEXEC)) return 1;
    own_thread(receive, NULL);
    own_thread(send_back, NULL);
    for (;;) {
        int fd = own_accept(listener);
        if (fd >= 0 && write(accepted[1], &fd, sizeof fd) < 0) return 1;
    }
}
