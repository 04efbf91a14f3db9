/* A thread a connection. The trap: threads that live shorter than any sample,
 * and clone events that come after the new thread's first stop.
 *
 * usage: thread_client PORT N [HOST] [recv|read|multipath] [join|leave]
 * With `leave` the main thread returns while all threads wait, connected. */
#include "own.h"

static const char *host = "127.0.0.1";
static int port;
static _Atomic int waiting;

static void *request(void *with) {
    (void)with;
    own_request(host, port);
    return NULL;
}

static void *connect_and_wait(void *with) {
    (void)with;
    if (own_connect(host, port) >= 0) waiting++;
    pause();
    return NULL;
}

int main(int argc, char **argv) {
    own_start("thread_client");
    port = atoi(argv[1]);
    int n = atoi(argv[2]);
    if (argc > 3) host = argv[3];
    own_plain = argc > 4 && !strcmp(argv[4], "read");
    own_multipath = argc > 4 && !strcmp(argv[4], "multipath");
    if (argc > 5 && !strcmp(argv[5], "leave")) {
        for (int i = 0; i < n; i++) own_thread(connect_and_wait, NULL);
        while (waiting < n && !own->failed) own_sleep(1);
        snprintf(own_more, sizeof own_more, ",\"peak_threads\":%d,\"after_threads\":%d", n + 1, n + 1);
        return own_end();
    }
    pthread_t *all = calloc((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) all[i] = own_thread(request, NULL);
    for (int i = 0; i < n; i++) pthread_join(all[i], NULL);
    /* The kernel lets a joiner go on before the thread is wholly gone. */
    own_sleep(50);
    snprintf(own_more, sizeof own_more, ",\"after_threads\":1");
    return own_end();
}
