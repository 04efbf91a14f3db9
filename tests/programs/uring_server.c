/* Accepts, receives and sends through io_uring: no accept(2), recv(2) or send(2)
 * is called. The trap: flows that no thread was seen to accept.
 *
 * usage: uring_server PORT [plain|many|slots]
 * plain: with accept(2) and the others; the ring is set up for nothing. many: one request
 * accepts all connections. slots: they get no descriptors, but places of the ring. */
#include "ring.h"

/* The connection is in a place of the ring, and has no descriptor. */
static void in_slots(int listener) {
    int none[4] = {-1, -1, -1, -1};
    own_check(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, none, 4) == 0, "places");
    for (;;) {
        char request[64];
        struct io_uring_sqe it = {.opcode = IORING_OP_ACCEPT, .fd = listener, .file_index = 1};
        if (ring_do(it) < 0) continue;
        it = (struct io_uring_sqe){.opcode = IORING_OP_RECV,
                                   .flags = IOSQE_FIXED_FILE,
                                   .fd = 0,
                                   .addr = (unsigned long)request,
                                   .len = 64};
        if (ring_do(it) > 0) {
            it = (struct io_uring_sqe){.opcode = IORING_OP_SEND,
                                       .flags = IOSQE_FIXED_FILE,
                                       .fd = 0,
                                       .addr = (unsigned long)"JAM 12:34:56\r\n",
                                       .len = 14};
            ring_do(it);
        }
        it = (struct io_uring_sqe){.opcode = IORING_OP_CLOSE, .file_index = 1};
        ring_do(it);
    }
}

int main(int argc, char **argv) {
    own_start("uring_server");
    own_end_on_term();
    if (ring_begin() < 0) {
        own_say("{\"no_uring\":%d}", errno);
        return 4;
    }
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    int plain = argc > 2 && !strcmp(argv[2], "plain"), many = argc > 2 && !strcmp(argv[2], "many");
    if (argc > 2 && !strcmp(argv[2], "slots")) in_slots(listener);
    for (unsigned begin = 1;; begin = !ring_more) {
        char request[64];
        struct io_uring_sqe it = {.opcode = IORING_OP_ACCEPT, .fd = listener, .user_data = 7};
        if (many) it.ioprio = IORING_ACCEPT_MULTISHOT;
        int fd = plain ? accept(listener, NULL, NULL) : ring_wait(it, begin);
        if (fd < 0) continue;
        int port = own_peer_port(fd);
        own_fact("accepted", port);
        if (many) {
            own_serve(fd);
            continue;
        }
        if (plain) {
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
