/* Connects, sends and receives through io_uring: no connect(2), send(2) or
 * recv(2) is called. The trap: a flow that no traced call made; an owner that is
 * guessed would be worse than none. It ends with status 4 where io_uring is not
 * allowed.
 *
 * usage: uring_client PORT N [both|idle]
 * both: each second connection is made with connect(2). idle: all are, and the
 * ring is set up for nothing. */
#include "ring.h"

int main(int argc, char **argv) {
    const char *ways = argc > 3 ? argv[3] : "ring";
    own_start("uring_client");
    if (ring_begin() < 0) {
        own_say("{\"no_uring\":%d}", errno);
        return 4;
    }
    for (int i = atoi(argv[2]); i > 0; i--) {
        if (!strcmp(ways, "idle") || (!strcmp(ways, "both") && i % 2)) {
            own_request("127.0.0.1", atoi(argv[1]));
            continue;
        }
        struct sockaddr_storage to;
        socklen_t length = own_address(&to, "127.0.0.1", atoi(argv[1]));
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char answer[32];
        struct io_uring_sqe it = {.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (unsigned long)&to, .off = length};
        errno = -ring_do(it);
        own_check(errno == 0, "connect");
        own->connects++;
        own_fact("connected", own_local_port(fd));
        it = (struct io_uring_sqe){.opcode = IORING_OP_SEND, .fd = fd, .addr = (unsigned long)"TIME\r\n", .len = 6};
        own_check(ring_do(it) == 6, "send");
        it = (struct io_uring_sqe){.opcode = IORING_OP_RECV, .fd = fd, .addr = (unsigned long)answer, .len = 32};
        own_check(ring_do(it) == 14, "receive");
        close(fd);
    }
    return own_end();
}
