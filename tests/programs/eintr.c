/* Signals while connect, accept, recv, nanosleep and futex wait. The traps: a
 * tracer that swallows an EINTR that is due, makes one that is not, or takes a
 * call that the kernel begins again for a second one.
 *
 * usage: eintr PORT
 * Each call is made twice: with a handler that restarts it, and with one that
 * does not. A connect waits because its listener (its own) has a full queue. */
#include <linux/futex.h>
#include <poll.h>

#include "own.h"

static _Atomic int handled;
static pid_t me;

static void on_signal(int signal) {
    (void)signal;
    handled++;
}

static void handle(int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
    handled = 0;
}

struct later {
    void (*what)(int);
    int with;
};

/* The other thread: it signals the first one, which waits by then, and later
 * does what ends the wait. */
static void *poke(void *with) {
    struct later *later = with;
    own_sleep(60);
    syscall(SYS_tgkill, me, me, SIGUSR1);
    own_sleep(60);
    if (later->what) later->what(later->with);
    return NULL;
}

static pthread_t start(struct later *later) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t it = own_thread(poke, later);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return it;
}

static void send_byte(int fd) {
    if (send(fd, "x", 1, 0) != 1) _exit(8);
}

/* A connection to its own listener, not to the server. */
static int aside(int port, int flags) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, "127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    connect(fd, (struct sockaddr *)&to, length);
    return fd;
}

static void visit(int port) { aside(port, 0); }

static int narrow(int *port) {
    struct sockaddr_storage at;
    socklen_t length = own_address(&at, "127.0.0.1", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (struct sockaddr *)&at, length);
    listen(fd, 0);
    *port = own_local_port(fd);
    return fd;
}

/* Takes all that waits. */
static void drain(int listener) {
    struct pollfd one = {listener, POLLIN, 0};
    while (poll(&one, 1, 1500) > 0) close(accept(listener, NULL, NULL));
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("eintr");
    me = getpid();
    int pair[2], port, calls = 0, interrupted = 0;
    char byte;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (int restart = 0; restart < 2; restart++) {
        /* recv */
        struct later later = {send_byte, pair[1]};
        handle(restart ? SA_RESTART : 0);
        pthread_t other = start(&later);
        ssize_t n = recv(pair[0], &byte, 1, 0);
        own_check(restart ? n == 1 : n == -1 && errno == EINTR, restart ? "recv goes on" : "recv is interrupted");
        pthread_join(other, NULL);
        if (!restart) own_check(recv(pair[0], &byte, 1, 0) == 1, "recv, again");
        own_check(handled == 1, "one signal in recv");
        /* accept */
        int listener = narrow(&port);
        later = (struct later){visit, port};
        handle(restart ? SA_RESTART : 0);
        other = start(&later);
        int fd = accept(listener, NULL, NULL);
        own_check(restart ? fd >= 0 : fd == -1 && errno == EINTR, restart ? "accept goes on" : "accept is interrupted");
        pthread_join(other, NULL);
        if (!restart) own_check(accept(listener, NULL, NULL) >= 0, "accept, again");
        own_check(handled == 1, "one signal in accept");
        /* connect: the queue is full, its SYN is dropped */
        for (int i = 0; i < 4; i++) aside(port, SOCK_NONBLOCK);
        later = (struct later){drain, listener};
        handle(restart ? SA_RESTART : 0);
        struct sockaddr_storage to;
        socklen_t length = own_address(&to, "127.0.0.1", port);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        other = start(&later);
        int result = connect(fd, (struct sockaddr *)&to, length);
        own_check(restart ? result == 0 : result == -1 && errno == EINTR,
                  restart ? "connect goes on" : "connect is interrupted");
        if (!restart) {
            /* The handshake goes on without it. */
            struct pollfd one = {fd, POLLOUT, 0};
            own_check(poll(&one, 1, 15000) == 1 && own_peer_port(fd) == port, "connect ends later");
        }
        pthread_join(other, NULL);
        own_check(handled == 1, "one signal in connect");
        calls += 3;
        interrupted += restart ? 0 : 3;
        /* nanosleep is never restarted; it says what is left */
        later = (struct later){NULL, 0};
        handle(restart ? SA_RESTART : 0);
        other = start(&later);
        struct timespec wait = {10, 0}, left = {0, 0};
        own_check(nanosleep(&wait, &left) == -1 && errno == EINTR && left.tv_sec >= 5, "nanosleep is interrupted");
        pthread_join(other, NULL);
        own_check(handled == 1, "one signal in nanosleep");
    }
    own_request("127.0.0.1", atoi(argv[1]));
    snprintf(own_more, sizeof own_more, ",\"calls\":%d,\"interrupted\":%d", calls, interrupted);
    return own_end();
}
