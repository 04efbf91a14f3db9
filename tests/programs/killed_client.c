/* Threads and processes that come, connect and go, until a child kills the
 * first process with SIGKILL after so many microseconds. The trap: tracees that
 * vanish between any two steps of the tracer.
 *
 * usage: killed_client PORT MICROSECONDS */
#include <sys/prctl.h>

#include "own.h"

static int port;

static void *request(void *with) {
    (void)with;
    own_request("127.0.0.1", port);
    return NULL;
}

static void *churn(void *with) {
    (void)with;
    for (;;) pthread_join(own_thread(request, NULL), NULL);
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("killed_client");
    port = atoi(argv[1]);
    pid_t me = getpid();
    if (own_fork() == 0) {
        long delay = atol(argv[2]);
        struct timespec wait = {delay / 1000000, delay % 1000000 * 1000};
        nanosleep(&wait, NULL);
        kill(me, SIGKILL);
        _exit(0);
    }
    for (int i = 0; i < 8; i++) own_thread(churn, NULL);
    for (;;) {
        pid_t pid = own_fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            own_request("127.0.0.1", port);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
}
