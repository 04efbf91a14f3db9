/* What the programs here share: their own word about what they did.
 *
 * A program says each thing that it did as one JSON object a line on standard
 * output, with one write(2) each, from whichever thread or process did it:
 *
 *   {"fact":"connected","port":P,"pid":P,"tid":T}   P is the client's port
 *   {"fact":"accepted", …}  {"fact":"received", …}  {"fact":"sent", …}
 *   {"failed":"what did not hold","errno":N}
 *
 * and at its end, as its last line, its totals:
 *
 *   {"program":…,"pid":…,"threads":…,"processes":…,"attempts":…,"connects":…,"failed":…}
 *
 * `threads` are those made beside the first threads of processes. The totals
 * live in memory that all its processes share. The protocol is TIME: a request
 * is `TIME\r\n`, its answer `JAM hh:mm:ss\r\n`. */
#ifndef OWN_H
#define OWN_H
#ifndef _GNU_SOURCE
#error "compile with -D_GNU_SOURCE"
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

struct own {
    _Atomic unsigned threads, processes, attempts, connects, failed;
    pid_t first;
};
static struct own *own;
static const char *own_name;
/* More fields of the last line, each beginning with a comma. */
static char own_more[512];
/* read(2) and write(2) instead of recv(2) and send(2). */
static int own_plain;
/* Multipath TCP instead of TCP. */
static int own_multipath;

static UNUSED pid_t own_tid(void) { return (pid_t)syscall(SYS_gettid); }

/* One line with one write, so that no two lines mix. */
static UNUSED __attribute__((format(printf, 1, 2))) void own_say(const char *format, ...) {
    char line[2048];
    va_list all;
    va_start(all, format);
    int n = vsnprintf(line, sizeof line - 1, format, all);
    va_end(all);
    if (n > (int)sizeof line - 2) n = (int)sizeof line - 2;
    line[n++] = '\n';
    if (write(1, line, (size_t)n) != n) _exit(9);
}

static UNUSED void own_fact(const char *kind, int port) {
    own_say("{\"fact\":\"%s\",\"port\":%d,\"pid\":%d,\"tid\":%d}", kind, port, getpid(), own_tid());
}

/* What must hold; a program in which something did not ends with status 3. */
static UNUSED int own_check(int holds, const char *what) {
    int error = errno;
    if (!holds) {
        own->failed++;
        own_say("{\"failed\":\"%s\",\"errno\":%d,\"pid\":%d,\"tid\":%d}", what, error, getpid(), own_tid());
    }
    errno = error;
    return holds;
}

static UNUSED void own_start(const char *name) {
    own_name = name;
    own = mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (own == MAP_FAILED) _exit(9);
    own->first = getpid();
}

/* Says the last line; the value is the exit status. */
static UNUSED int own_end(void) {
    own_say("{\"program\":\"%s\",\"pid\":%d,\"threads\":%u,\"processes\":%u,\"attempts\":%u,"
            "\"connects\":%u,\"failed\":%u%s}",
            own_name, own->first, own->threads, own->processes, own->attempts, own->connects,
            own->failed, own_more);
    return own->failed ? 3 : 0;
}

static void own_on_term(int signal) {
    (void)signal;
    _exit(getpid() == own->first ? own_end() : 0);
}

/* A server says its last line when it is asked to end. */
static UNUSED void own_end_on_term(void) {
    struct sigaction action = {.sa_handler = own_on_term};
    sigaction(SIGTERM, &action, NULL);
}

static UNUSED void own_sleep(long milliseconds) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) == -1 && errno == EINTR) {}
}

static UNUSED pthread_t own_thread(void *(*work)(void *), void *with) {
    pthread_attr_t small;
    pthread_t thread;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    errno = pthread_create(&thread, &small, work, with);
    if (own_check(errno == 0, "pthread_create")) own->threads++;
    pthread_attr_destroy(&small);
    return thread;
}

static UNUSED pid_t own_fork(void) {
    pid_t pid = fork();
    if (own_check(pid >= 0, "fork") && pid > 0) own->processes++;
    return pid;
}

/* Waits for a child that must end with this status. */
static UNUSED void own_wait(pid_t pid, int status) {
    int got = -1;
    pid_t it;
    while ((it = waitpid(pid, &got, 0)) == -1 && errno == EINTR) {}
    own_check(it == pid && WIFEXITED(got) && WEXITSTATUS(got) == status, "a child's exit status");
}

static UNUSED socklen_t own_address(struct sockaddr_storage *to, const char *host, int port) {
    memset(to, 0, sizeof *to);
    struct sockaddr_in *four = (struct sockaddr_in *)to;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        return sizeof *four;
    }
    own_check(inet_pton(AF_INET6, host, &six->sin6_addr) == 1, "an address");
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    return sizeof *six;
}

static int own_port_of(const struct sockaddr_storage *address) {
    return ntohs(address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port
                                               : ((const struct sockaddr_in6 *)address)->sin6_port);
}

static UNUSED int own_local_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &length) ? -1 : own_port_of(&address);
}

static UNUSED int own_peer_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    return getpeername(fd, (struct sockaddr *)&address, &length) ? -1 : own_port_of(&address);
}

/* A connection, made and told by the thread that calls; -1 where it failed. */
static UNUSED int own_connect(const char *host, int port) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, host, port);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, own_multipath ? IPPROTO_MPTCP : 0);
    if (!own_check(fd >= 0, "socket")) return -1;
    own->attempts++;
    if (!own_check(connect(fd, (struct sockaddr *)&to, length) == 0, "connect")) {
        close(fd);
        return -1;
    }
    own->connects++;
    own_fact("connected", own_local_port(fd));
    return fd;
}

static ssize_t own_receive(int fd, void *to, size_t most) {
    return own_plain ? read(fd, to, most) : recv(fd, to, most, 0);
}

static ssize_t own_send(int fd, const void *from, size_t length) {
    return own_plain ? write(fd, from, length) : send(fd, from, length, MSG_NOSIGNAL);
}

/* One request and its answer on a connection; blocking. */
static UNUSED int own_exchange(int fd) {
    char answer[32];
    size_t got = 0;
    if (!own_check(own_send(fd, "TIME\r\n", 6) == 6, "send")) return -1;
    while (got < 14) {
        ssize_t n = own_receive(fd, answer + got, sizeof answer - got);
        if (n == -1 && errno == EINTR) continue;
        if (!own_check(n > 0, "receive")) return -1;
        got += (size_t)n;
    }
    return own_check(got == 14 && !memcmp(answer, "JAM ", 4), "the answer") ? 0 : -1;
}

static UNUSED int own_request(const char *host, int port) {
    int fd = own_connect(host, port);
    if (fd < 0) return -1;
    int it = own_exchange(fd);
    close(fd);
    return it;
}

static UNUSED int own_listen(const char *host, int port) {
    struct sockaddr_storage at;
    socklen_t length = own_address(&at, host, port);
    int on = 1, off = 0, fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, own_multipath ? IPPROTO_MPTCP : 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (struct sockaddr *)&at, length) || listen(fd, 4096)) {
        fprintf(stderr, "%s: cannot listen on port %d: %s\n", own_name, port, strerror(errno));
        exit(1);
    }
    return fd;
}

/* Takes one connection, and tells so; -1 where none came. */
static UNUSED int own_accept(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1 && errno == EINTR) {}
    if (fd >= 0) own_fact("accepted", own_peer_port(fd));
    return fd;
}

static UNUSED int own_answer(int fd) {
    char line[32];
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(line, sizeof line, "JAM %H:%M:%S\r\n", &parts);
    return own_send(fd, line, 14) == 14 ? 0 : -1;
}

/* Serves a connection to its end. */
static UNUSED void own_serve(int fd) {
    char request[64];
    int first = 1, port = own_peer_port(fd);
    for (;;) {
        ssize_t n = own_receive(fd, request, sizeof request);
        if (n == -1 && errno == EINTR) continue;
        if (n <= 0) break;
        if (first) own_fact("received", port);
        if (own_answer(fd)) break;
        if (first) own_fact("sent", port);
        first = 0;
    }
    close(fd);
}
#endif
