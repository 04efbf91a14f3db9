/* Accepts, receives and sends through io_uring: no accept(2), recv(2) or send(2)
 * is called. The trap: flows that no thread was seen to accept.
 *
 * usage: uring_server PORT [plain]
 * plain: with accept(2) and the others; the ring is set up for nothing. */
#include "ring.h"

int main(int argc, char **argv) {
    own_start("uring_server");
    own_end_on_term();
    if (ring_begin() < 0) {
        own_say("{\"no_uring\":%d}", errno);
        return 4;
    }
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    for (;;) {
        char request[64];
        struct io_uring_sqe it = {.opcode = IORING_OP_ACCEPT, .fd = listener};
        int fd = argc > 2 ? accept(listener, NULL, NULL) : ring_do(it);
        if (fd < 0) continue;
        int port = own_peer_port(fd);
        own_fact("accepted", port);
        if (argc > 2) {
            if (recv(fd, request, sizeof request, 0) > 0) {
                own_fact("received", port);
                own_answer(fd);
                own_fact("sent", port);
            }
            close(fd);
            continue;
        }
        it = (struct io_uring_sqe){.opcode = IORING_OP_RECV, .fd = fd, .addr = (unsigned long)request, .len = 64};
        if (ring_do(it) > 0) {
            it = (struct io_uring_sqe){
                .opcode = IORING_OP_SEND, .fd = fd, .addr = (unsigned long)"JAM 12:34:56\r\n", .len = 14};
            ring_do(it);
        }
        close(fd);
    }
}
