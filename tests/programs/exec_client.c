/* A thread that is not the leader executes a program while others live; the
 * kernel ends all others and gives that thread the leader's number. The traps:
 * a thread whose number changes, others that vanish without an exit of their
 * own, a leader that exited long before.
 *
 * usage: exec_client alive|gone PORT N
 * alive: the leader waits in pause(2); gone: it has called pthread_exit(3). Three
 * more threads are alive; each has connected once, as has the one that executes.
 * Then N threads of the new program connect once each, and so does its leader. */
#include "own.h"

static int port;
static char **words;
/* Its own file; a process whose leader is gone has no /proc/self/exe. */
static char file[4096];
static pthread_barrier_t all;

static void *bystander(void *with) {
    (void)with;
    own_request("127.0.0.1", port);
    pthread_barrier_wait(&all);
    for (;;) pause();
    return NULL;
}

static void *execute(void *with) {
    char threads[16], connects[16];
    (void)with;
    own_request("127.0.0.1", port);
    pthread_barrier_wait(&all);
    own_sleep(30);
    snprintf(threads, sizeof threads, "%u", own->threads);
    snprintf(connects, sizeof connects, "%u", own->connects);
    execl(file, words[0], "after", words[2], words[3], threads, connects, NULL);
    _exit(127);
}

static void *after(void *with) {
    (void)with;
    own_request("127.0.0.1", port);
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("exec_client");
    port = atoi(argv[2]);
    words = argv;
    if (readlink("/proc/self/exe", file, sizeof file - 1) < 0) return 9;
    if (!strcmp(argv[1], "after")) {
        int n = atoi(argv[3]);
        own->threads = (unsigned)atoi(argv[4]);
        own->attempts = own->connects = (unsigned)atoi(argv[5]);
        own_check(own_tid() == getpid(), "it is the leader now");
        pthread_t made[64];
        for (int i = 0; i < n; i++) made[i] = own_thread(after, NULL);
        for (int i = 0; i < n; i++) pthread_join(made[i], NULL);
        own_request("127.0.0.1", port);
        return own_end();
    }
    pthread_barrier_init(&all, NULL, 4);
    for (int i = 0; i < 3; i++) own_thread(bystander, NULL);
    own_thread(execute, NULL);
    if (!strcmp(argv[1], "gone")) pthread_exit(NULL);
    for (;;) pause();
}
