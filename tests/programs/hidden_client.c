/* A program that is not dumpable, as one that holds secrets makes itself, and
 * that closes what it inherited. The trap: a tracer without privileges may not
 * take a copy of its descriptors (pidfd_getfd) or read its /proc.
 *
 * usage: hidden_client PORT N */
#include <sys/prctl.h>

#include "own.h"

static int port;

static void *request(void *with) {
    (void)with;
    own_request("127.0.0.1", port);
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("hidden_client");
    port = atoi(argv[1]);
    own_check(prctl(PR_SET_DUMPABLE, 0) == 0, "not dumpable");
    close(0);
    for (int i = atoi(argv[2]); i > 0; i--) pthread_join(own_thread(request, NULL), NULL);
    return own_end();
}
