/* Threads whose connect(2) is interrupted again and again by a signal whose
 * handler restarts it. The trap: the kernel makes the same call once more, and a
 * filter sees it once more; it is one attempt. And a program that is stopped
 * while it connects.
 *
 * usage: restart_client PORT N */
#include "own.h"

static int port;
static _Atomic int left;
static _Atomic unsigned handled;

static void on_signal(int signal) {
    (void)signal;
    handled++;
}

static void *request(void *with) {
    (void)with;
    own_request("127.0.0.1", port);
    left--;
    for (;;) pause();
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("restart_client");
    port = atoi(argv[1]);
    int n = atoi(argv[2]);
    left = n;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
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
    return own_end();
}
