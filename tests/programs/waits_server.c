/* A server that takes any error of epoll_wait(2) for the end, as many do, with
 * threads in the other calls that are not restarted when a task was stopped
 * (signal(7)). None of them expects to be interrupted, and none of them is when it
 * runs alone. The trap: a tracer that attaches or goes stops every task.
 *
 * usage: waits_server PORT [signals]
 * signals: signals that it ignores are sent to its first thread all the time. */
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "own.h"

static int silent[2], set = -1, queue = -1;

static void uninterrupted(long result, const char *what) {
    own_check(result >= 0 || errno != EINTR, what);
}

static void *waits_for_a_semaphore(void *with) {
    struct sembuf down = {0, -1, 0};
    struct timespec while_it_lasts = {30, 0};
    semtimedop(set, &down, 1, &while_it_lasts);
    uninterrupted(errno == EINTR ? -1 : 0, "semtimedop");
    return with;
}

static void *waits_for_a_message(void *with) {
    struct { long type; char text[8]; } message;
    uninterrupted(msgrcv(queue, &message, 8, 0, 0), "msgrcv");
    return with;
}

static void *waits_for_a_signal(void *with) {
    sigset_t signals;
    struct timespec while_it_lasts = {30, 0};
    sigemptyset(&signals);
    sigaddset(&signals, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    uninterrupted(sigtimedwait(&signals, NULL, &while_it_lasts), "sigtimedwait");
    return with;
}

static void *waits_for_data(void *with) {
    struct timeval while_it_lasts = {30, 0};
    char byte;
    setsockopt(silent[0], SOL_SOCKET, SO_RCVTIMEO, &while_it_lasts, sizeof while_it_lasts);
    uninterrupted(recv(silent[0], &byte, 1, 0), "recv with a time limit");
    return with;
}

static void *waits_for_a_read(void *with) {
    aio_context_t context = 0;
    struct io_event event;
    struct timespec while_it_lasts = {30, 0};
    syscall(SYS_io_setup, 1, &context);
    uninterrupted(syscall(SYS_io_getevents, context, 1, 1, &event, &while_it_lasts), "io_getevents");
    return with;
}

static void *waits_in_other_ways(void *with) {
    struct pollfd none = {silent[1], POLLIN, 0};
    uninterrupted(poll(&none, 1, 30000), "poll");
    return with;
}

static void *sends_signals(void *first) {
    for (;;) {
        own_sleep(1);
        syscall(SYS_tgkill, getpid(), *(pid_t *)first, SIGWINCH);
        syscall(SYS_tgkill, getpid(), *(pid_t *)first, SIGPIPE);
    }
    return NULL;
}

/* They outlive the program otherwise. */
static void ends(int signal) {
    semctl(set, 0, IPC_RMID);
    msgctl(queue, IPC_RMID, NULL);
    own_on_term(signal);
}

/* The signal to end is the first thread's alone. Where another one may have it, the
 * kernel may wake that one for it, and the first takes it all the same: while the
 * first has signals to see that it ignores, which it has only under a tracer. */
static void this_thread_may_be_ended(int how) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(how, &signals, NULL);
}

int main(int argc, char **argv) {
    struct sigaction end = {.sa_handler = ends};
    own_start("waits_server");
    set = semget(IPC_PRIVATE, 1, 0600);
    queue = msgget(IPC_PRIVATE, 0600);
    own_check(set >= 0 && queue >= 0, "a semaphore and a queue");
    this_thread_may_be_ended(SIG_BLOCK);
    sigaction(SIGTERM, &end, NULL);
    signal(SIGPIPE, SIG_IGN);
    pid_t first = own_tid();
    own_check(socketpair(AF_UNIX, SOCK_STREAM, 0, silent) == 0, "a pair of sockets");
    own_thread(waits_for_a_semaphore, NULL);
    own_thread(waits_for_a_message, NULL);
    own_thread(waits_for_a_signal, NULL);
    own_thread(waits_for_data, NULL);
    own_thread(waits_for_a_read, NULL);
    own_thread(waits_in_other_ways, NULL);
    if (argc > 2) own_thread(sends_signals, &first);
    this_thread_may_be_ended(SIG_UNBLOCK);
    own_sleep(50);
    int listener = own_listen("127.0.0.1", atoi(argv[1])), loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        char request[64];
        if (!own_check(epoll_wait(loop, &event, 1, -1) == 1, "epoll_wait")) return own_end();
        int fd = accept(listener, NULL, NULL), port = own_peer_port(fd);
        own_fact("accepted", port);
        if (own_receive(fd, request, sizeof request) > 0) {
            own_fact("received", port);
            own_answer(fd);
            own_fact("sent", port);
        }
        close(fd);
    }
}
