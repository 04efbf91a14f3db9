/* N threads or N processes, all alive at once behind a barrier; the first K of
 * them connect before they go. The trap: numbers.
 *
 * usage: crowd_client threads|processes PORT N K */
#include <linux/futex.h>
#include <sys/prctl.h>

#include "own.h"

static int port, k;
static _Atomic int *alive, *gate;

/* The gate is a futex that all processes share. */
static void wait_at_gate(void) {
    ++*alive;
    while (!*gate) syscall(SYS_futex, gate, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void *stand(void *with) {
    wait_at_gate();
    if ((long)with < k) own_request("127.0.0.1", port);
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("crowd_client");
    int threads = !strcmp(argv[1], "threads"), n = atoi(argv[3]), made = 0;
    port = atoi(argv[2]);
    k = atoi(argv[4]);
    alive = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    gate = alive + 16;
    pthread_t *tasks = calloc((size_t)n, sizeof *tasks);
    pid_t *pids = calloc((size_t)n, sizeof *pids);
    for (; made < n && !own->failed; made++) {
        if (threads) {
            tasks[made] = own_thread(stand, (void *)(long)made);
            continue;
        }
        pids[made] = own_fork();
        if (pids[made]) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        stand((void *)(long)made);
        _exit(0);
    }
    if (own->failed) made--;
    while (*alive < made) own_sleep(5);
    *gate = 1;
    syscall(SYS_futex, gate, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
    for (int i = 0; i < made; i++) {
        if (threads) pthread_join(tasks[i], NULL);
        else own_wait(pids[i], 0);
    }
    own_sleep(50);
    snprintf(own_more, sizeof own_more, ",\"peak_threads\":%d,\"peak_processes\":%d,\"after_threads\":1", made + 1,
             threads ? 1 : made + 1);
    return own_end();
}
