/* Processes of two threads that end at the same moment: the second leaves, and the first,
 * which has waited for it, ends the process. Who waits (pthread_join) goes on before the
 * thread's end is complete, so that either of the two may be the last. A third of them
 * do not wait, and the thread is ended with its process.
 *
 * usage: quick_ends PORT PROCESSES */
#include "own.h"

static void *leaves(void *with) {
    (void)with;
    return NULL;
}

static void *stays(void *with) {
    (void)with;
    for (;;) pause();
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("quick_ends");
    own_request("127.0.0.1", atoi(argv[1]));
    for (int i = 0; i < atoi(argv[2]); i++) {
        pid_t child = own_fork();
        if (child == 0) {
            pthread_t thread = own_thread(i % 3 ? leaves : stays, NULL);
            if (i % 3) pthread_join(thread, NULL);
            _exit(0);
        }
        own_wait(child, 0);
    }
    return own_end();
}
