/* Threads that create and join threads which end at once, all at the same time.
 * The trap: a new thread that is seen, lives and ends before the event of the
 * one that created it; it is one thread all the same.
 *
 * usage: storm PORT CREATORS EACH */
#include "own.h"

static int each;

static void *nothing(void *with) { return with; }

static void *creates(void *with) {
    for (int i = 0; i < each; i++) pthread_join(own_thread(nothing, NULL), NULL);
    return with;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("storm");
    int creators = atoi(argv[2]);
    pthread_t all[64];
    each = atoi(argv[3]);
    own_request("127.0.0.1", atoi(argv[1]));
    for (int i = 0; i < creators; i++) all[i] = own_thread(creates, NULL);
    for (int i = 0; i < creators; i++) pthread_join(all[i], NULL);
    return own_end();
}
