/* As the JVM does it: deliberate faults, handled (safepoints and null checks
 * are SIGSEGV there), an accepting thread, a pool that serves. The traps: a
 * SIGSEGV that the tracer takes for a crash, or hands over without its address.
 *
 * usage: java_like server PORT W
 *        java_like client PORT N W */
#include "own.h"

static char *page;
static _Atomic unsigned faults, handled;
static long size;

static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    if (info->si_code == SEGV_ACCERR && (char *)info->si_addr >= page && (char *)info->si_addr < page + 64 * size) {
        char *hit = page + ((char *)info->si_addr - page) / size * size;
        mprotect(hit, (size_t)size, PROT_READ | PROT_WRITE);
        handled++;
    } else {
        _exit(77);
    }
}

/* A fault on a page of one's own. */
static void fault(int slot) {
    volatile char *at = page + slot % 64 * size;
    mprotect((void *)at, (size_t)size, PROT_NONE);
    faults++;
    at[8] = 1;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int queue[65536], first, last, port, n;
static _Atomic int next;

static void *serve(void *slot) {
    for (;;) {
        pthread_mutex_lock(&lock);
        while (first == last) pthread_cond_wait(&more, &lock);
        int fd = queue[first++ % 65536];
        pthread_mutex_unlock(&lock);
        fault((int)(long)slot);
        own_serve(fd);
    }
    return NULL;
}

static void *accept_all(void *with) {
    int listener = (int)(long)with;
    for (;;) {
        int fd = own_accept(listener);
        if (fd < 0) continue;
        pthread_mutex_lock(&lock);
        queue[last++ % 65536] = fd;
        pthread_cond_signal(&more);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* The client's threads wait until all of them are there: one that comes when the others
 * have made every request is no worker. */
static pthread_barrier_t all_there;

static void *request(void *slot) {
    pthread_barrier_wait(&all_there);
    while (next++ < n) {
        fault((int)(long)slot);
        own_request("127.0.0.1", port);
    }
    return NULL;
}

int main(int argc, char **argv) {
    own_start(argv[1][0] == 's' ? "java_like server" : "java_like client");
    size = sysconf(_SC_PAGESIZE);
    page = mmap(NULL, (size_t)(64 * size), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    sigaction(SIGSEGV, &action, NULL);
    port = atoi(argv[2]);
    int w = atoi(argv[argc - 1]);
    if (argv[1][0] == 's') {
        own_end_on_term();
        int listener = own_listen("127.0.0.1", port);
        for (long i = 0; i < w; i++) own_thread(serve, (void *)i);
        own_thread(accept_all, (void *)(long)listener);
        for (;;) pause();
    }
    n = atoi(argv[3]);
    pthread_t all[64];
    pthread_barrier_init(&all_there, NULL, (unsigned)w);
    for (long i = 0; i < w; i++) all[i] = own_thread(request, (void *)i);
    for (int i = 0; i < w; i++) pthread_join(all[i], NULL);
    own_check(handled == faults && (int)faults >= n, "every fault was handled once");
    return own_end();
}
