/* Calls of connect(2) that make no connection to the server, and connections
 * that are made in unusual ways. The traps are in what to count:
 *   not attempts: UDP to the server's port, a Unix socket, another TCP port,
 *                 dissolving an address (AF_UNSPEC), a bad descriptor
 *   one attempt:  a non-blocking connect that is asked again (EALREADY,
 *                 EISCONN), a socket that was bound before
 *   no call:      TCP fast open connects in sendto(2), sendmsg(2), sendmmsg(2), with or
 *                 without data in the SYN; or the SYN waits for the first data
 *
 * usage: odd_connects PORT DEAF [fastopen]      nobody listens on port DEAF */
#include <poll.h>
#include <sys/un.h>

#include "own.h"

/* Ways to connect without connect(2), or long after it. */
static void fast_open(int way, struct sockaddr *server, socklen_t length) {
    int on = 1, later = way >= 6, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct iovec data = {"TIME\r\n", 6};
    struct mmsghdr one = {
        .msg_hdr = {.msg_name = server, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1}};
    long sent = 0;
    /* Without a cookie data goes with the SYN at once (tcp(7)). */
    if (way % 2) own_check(setsockopt(fd, IPPROTO_TCP, 34, &on, sizeof on) == 0, "no cookie");
    own->attempts++;
    if (later && way % 6 < 4) {
        /* Data in the SYN, and nobody waits for its answer. */
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    switch (way % 6 / 2) {
    case 0:
        sent = sendto(fd, "TIME\r\n", 6, MSG_FASTOPEN, server, length);
        break;
    case 1:
        sent = way < 6 ? sendmsg(fd, &one.msg_hdr, MSG_FASTOPEN)
                       : sendmmsg(fd, &one, 1, MSG_FASTOPEN) == 1 ? (long)one.msg_len : -1;
        break;
    default:
        own_check(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) == 0, "fast open connect");
        own_check(connect(fd, server, length) == 0, "connect");
        own_sleep(20);
        sent = send(fd, "TIME\r\n", 6, 0);
    }
    if (sent == -1 && errno == EINPROGRESS) {
        struct pollfd ready = {fd, POLLOUT, 0};
        own_check(poll(&ready, 1, 10000) == 1, "it is connected");
        sent = send(fd, "TIME\r\n", 6, 0);
    }
    own_check(sent == 6, "fast open");
    fcntl(fd, F_SETFL, 0);
    own->connects++;
    own_fact("connected", own_local_port(fd));
    char answer[32];
    own_check(recv(fd, answer, sizeof answer, 0) == 14, "the answer");
    close(fd);
}

int main(int argc, char **argv) {
    own_start("odd_connects");
    int port = atoi(argv[1]), deaf = atoi(argv[2]), fd;
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, "127.0.0.1", port);
    struct sockaddr *server = (struct sockaddr *)&to;
    if (argc > 3) {
        for (int way = 0; way < 12; way++) fast_open(way, server, length);
        return own_end();
    }

    fd = socket(AF_INET, SOCK_DGRAM, 0);
    own_check(connect(fd, server, length) == 0, "UDP");
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    own_check(connect(fd, &none, sizeof none) == 0, "dissolve");
    close(fd);
    own_check(connect(fd, server, length) == -1 && errno == EBADF, "a bad descriptor");
    own_check(connect(0, server, length) == -1 && errno == ENOTSOCK, "not a socket");

    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    own_check(connect(fd, (struct sockaddr *)&name, sizeof name) == -1 && errno == ENOENT, "a Unix socket");
    close(fd);

    struct sockaddr_storage elsewhere;
    own_address(&elsewhere, "127.0.0.1", deaf);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    own_check(connect(fd, (struct sockaddr *)&elsewhere, length) == -1 && errno == ECONNREFUSED, "another port");
    close(fd);

    /* The address's memory is not readable. */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    own_check(connect(fd, (struct sockaddr *)8, length) == -1 && errno == EFAULT, "a bad address");
    close(fd);

    /* A non-blocking one that is asked again and again, bound to a port before. */
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_storage own_end_of_it;
    own_address(&own_end_of_it, "127.0.0.1", 0);
    own_check(bind(fd, (struct sockaddr *)&own_end_of_it, length) == 0, "bind");
    own->attempts++;
    int result = connect(fd, server, length);
    own_check(result == 0 || errno == EINPROGRESS, "a non-blocking connect");
    struct pollfd one = {fd, POLLOUT, 0};
    own_check(poll(&one, 1, 10000) == 1, "it is connected");
    result = connect(fd, server, length);
    own_check(result == 0 || errno == EISCONN, "it is connected already");
    own_check(connect(fd, server, length) == -1 && errno == EISCONN, "and is so still");
    own->connects++;
    own_fact("connected", own_local_port(fd));
    fcntl(fd, F_SETFL, 0);
    own_exchange(fd);
    close(fd);

    /* A descriptor of another number, used by another process. */
    fd = own_connect("127.0.0.1", port);
    int other = dup2(fd, 700);
    close(fd);
    pid_t pid = own_fork();
    if (pid == 0) {
        own_exchange(other);
        _exit(own->failed ? 1 : 0);
    }
    close(other);
    own_wait(pid, 0);
    return own_end();
}
