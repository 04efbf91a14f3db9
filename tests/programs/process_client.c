/* A process a connection, all at once; or W processes that share N requests.
 *
 * usage: process_client each PORT N
 *        process_client pool PORT N W */
#include "own.h"

int main(int argc, char **argv) {
    own_start("process_client");
    int pool = !strcmp(argv[1], "pool"), port = atoi(argv[2]), n = atoi(argv[3]);
    int w = pool && argc > 4 ? atoi(argv[4]) : n;
    _Atomic int *next = mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t *all = calloc((size_t)w, sizeof *all);
    for (int i = 0; i < w; i++) {
        all[i] = own_fork();
        if (all[i]) continue;
        if (!pool) own_request("127.0.0.1", port);
        else while ((*next)++ < n) own_request("127.0.0.1", port);
        _exit(i % 100);
    }
    for (int i = 0; i < w; i++) own_wait(all[i], i % 100);
    snprintf(own_more, sizeof own_more, ",\"after_threads\":1,\"after_processes\":1");
    return own_end();
}
