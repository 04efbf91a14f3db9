/* Threads whose connect(2) is interrupted again and again by a signal whose
 * handler restarts it. The trap: the kernel makes the same call once more, and a
 * filter sees it once more; it is one attempt. And a program that is stopped
 * while it connects. With `wait` the handler restarts nothing: the connection
 * goes on while its thread has had its EINTR and polls.
 *
 * usage: restart_client PORT N [wait] */
#include <poll.h>

#include "own.h"

static int port, waits;
static _Atomic int left;
static _Atomic unsigned handled, interrupted;

static void on_signal(int signal) {
    (void)signal;
    handled++;
}

static void connect_and_wait(void) {
    struct sockaddr_storage to;
    socklen_t length = own_address(&to, "127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    own->attempts++;
    if (connect(fd, (struct sockaddr *)&to, length) == -1) {
        own_check(errno == EINTR, "connect is interrupted");
        interrupted++;
        struct pollfd one = {fd, POLLOUT, 0};
        while (poll(&one, 1, -1) == -1 && errno == EINTR) {}
    }
    own->connects++;
    own_fact("connected", own_local_port(fd));
    own_exchange(fd);
    close(fd);
}

static void *request(void *with) {
    (void)with;
    if (waits)
        connect_and_wait();
    else
        own_request("127.0.0.1", port);
    left--;
    for (;;) pause();
    return NULL;
}

int main(int argc, char **argv) {
    own_start("restart_client");
    waits = argc > 3;
    port = atoi(argv[1]);
    int n = atoi(argv[2]);
    left = n;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = waits ? 0 : SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t all[64];
    for (int i = 0; i < n; i++) all[i] = own_thread(request, NULL);
    pid_t me = getpid(), child = own_fork();
    if (child == 0) {
        for (int i = 0; i < 5; i++) {
            own_sleep(60);
            kill(me, SIGSTOP);
            own_sleep(20);
            kill(me, SIGCONT);
        }
        _exit(0);
    }
    while (left > 0) {
        for (int i = 0; i < n; i++) pthread_kill(all[i], SIGUSR1);
        own_sleep(7);
    }
    own_wait(child, 0);
    own_check(handled > (unsigned)n, "signals arrived");
    own_check(!waits || interrupted > 0, "a connect was interrupted");
    return own_end();
}
