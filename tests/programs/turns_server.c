/* Each request of a connection is served by the next one of three threads, which receives
 * it in the way that is asked for. The trap: who was the first to receive on a connection
 * is not who serves what comes later.
 *
 * It says of each request "served0", "served1", … with the client's port.
 *
 * usage: turns_server PORT recv|read|readv|recvmsg|peek|splice|bytes|ring|worker
 * bytes: one byte a call. ring: by an io_uring of the thread. worker: the same, by a thread
 * that the kernel makes for it. splice: through a pipe. */
#include <sys/uio.h>

#include "own.h"
#include "ring.h"

enum { THREADS = 3, MOST = 1024 };

struct turn {
    int fd, number;
};
static int head_of[THREADS], waiting[THREADS];
static struct turn lines[THREADS][MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static const char *way;

static void give(int to, struct turn turn) {
    pthread_mutex_lock(&lock);
    lines[to][(head_of[to] + waiting[to]++) % MOST] = turn;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
}

static struct turn take(int from) {
    pthread_mutex_lock(&lock);
    while (!waiting[from]) pthread_cond_wait(&more, &lock);
    struct turn turn = lines[from][head_of[from]];
    head_of[from] = (head_of[from] + 1) % MOST;
    waiting[from]--;
    pthread_mutex_unlock(&lock);
    return turn;
}

static int is(const char *what) { return !strcmp(way, what); }

static int rings(void) { return is("ring") || is("worker"); }

/* Some bytes of a request, by way of this thread's pipe where it has one. */
static ssize_t receive(int fd, char *to, size_t most, const int *through) {
    struct iovec part = {to, most};
    if (is("read")) return read(fd, to, most);
    if (is("readv")) return readv(fd, &part, 1);
    if (is("bytes")) return recv(fd, to, 1, 0);
    if (is("recvmsg")) {
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        return recvmsg(fd, &message, 0);
    }
    if (is("peek")) {
        recv(fd, to, most, MSG_PEEK);
        return recv(fd, to, most, 0);
    }
    if (is("splice")) {
        ssize_t n = splice(fd, NULL, through[1], NULL, most, 0);
        return n > 0 ? read(through[0], to, (size_t)n) : n;
    }
    if (rings())
        return ring_do((struct io_uring_sqe){.opcode = IORING_OP_RECV,
                                             .flags = is("worker") ? IOSQE_ASYNC : 0,
                                             .fd = fd,
                                             .addr = (unsigned long)to,
                                             .len = (unsigned)most});
    return recv(fd, to, most, 0);
}

static void *serve(void *which) {
    int number = (int)(long)which, through[2];
    if (pipe(through) || (rings() && ring_begin() < 0)) return NULL;
    for (;;) {
        struct turn turn = take(number);
        char request[64], kind[32];
        size_t got = 0;
        while (got < 6) {
            ssize_t n = receive(turn.fd, request + got, sizeof request - got, through);
            if (n <= 0) break;
            got += (size_t)n;
        }
        if (got < 6) {
            close(turn.fd);
            continue;
        }
        snprintf(kind, sizeof kind, "served%d", turn.number++);
        own_fact(kind, own_peer_port(turn.fd));
        own_answer(turn.fd);
        give((number + 1) % THREADS, turn);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("turns_server");
    own_end_on_term();
    way = argv[2];
    if (rings() && ring_begin() < 0) {
        own_say("{\"no_uring\":%d}", errno);
        return 4;
    }
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    for (long i = 0; i < THREADS; i++) own_thread(serve, (void *)i);
    for (int next = 0;; next = (next + 1) % THREADS) {
        int fd = own_accept(listener);
        if (fd >= 0) give(next, (struct turn){fd, 0});
    }
}
