/* Makes processes (or threads) until the system refuses one more, at a limit
 * that it set for itself; all sleep until told. The trap: clones that fail, and
 * must not be counted, and a full house.
 *
 * usage: forker processes|threads PORT LIMIT [ignored limit: at most MOST] */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "own.h"

static int gate[2];

static void stand(void) {
    char byte;
    while (read(gate[0], &byte, 1) == -1 && errno == EINTR) {}
}

static void *stand_as_thread(void *with) {
    (void)with;
    stand();
    return NULL;
}

int main(int argc, char **argv) {
    int processes = !strcmp(argv[1], "processes"), most = argc > 4 ? atoi(argv[4]) : 20000;
    unsigned refused = 0;
    own_start("forker");
    if (pipe2(gate, O_CLOEXEC)) return 1;
    struct rlimit limit = {(rlim_t)atol(argv[3]), (rlim_t)atol(argv[3])};
    setrlimit(RLIMIT_NPROC, &limit);
    pthread_t *all = calloc((size_t)most, sizeof *all);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    /* It tries ten times more after the first refusal. */
    while (refused < 10 && (int)(own->processes + own->threads) < most) {
        if (!processes) {
            if (pthread_create(&all[own->threads], &small, stand_as_thread, NULL) == 0) own->threads++;
            else refused++;
            continue;
        }
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(gate[1]);
            stand();
            _exit(0);
        }
        if (pid > 0) own->processes++;
        else own_check(errno == EAGAIN, "the refusal is EAGAIN"), refused++;
    }
    own_request("127.0.0.1", atoi(argv[2]));
    if (processes) {
        close(gate[1]);
        for (unsigned i = 0; i < own->processes; i++) {
            int status = -1;
            own_check(wait(&status) > 0 && status == 0, "a child's exit status");
        }
    } else {
        char *bytes = calloc(1, own->threads + 1);
        own_check(write(gate[1], bytes, own->threads) == (ssize_t)own->threads, "the word to go");
        for (unsigned i = 0; i < own->threads; i++) pthread_join(all[i], NULL);
        own_sleep(50);
    }
    snprintf(own_more, sizeof own_more, ",\"refused\":%u,\"peak_threads\":%u,\"after_threads\":1", refused,
             own->processes + own->threads + 1);
    return own_end();
}
