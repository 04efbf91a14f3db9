/* Connections on which several requests are made, one after the other.
 *
 * usage: talk_client PORT CONNECTIONS REQUESTS */
#include "own.h"

static int port, requests;

static void *talk(void *unused) {
    (void)unused;
    int fd = own_connect("127.0.0.1", port);
    if (fd < 0) return NULL;
    for (int i = 0; i < requests; i++)
        if (own_exchange(fd)) break;
    close(fd);
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("talk_client");
    port = atoi(argv[1]);
    int connections = atoi(argv[2]);
    requests = atoi(argv[3]);
    pthread_t *all = calloc((size_t)connections, sizeof *all);
    for (int i = 0; i < connections; i++) all[i] = own_thread(talk, NULL);
    for (int i = 0; i < connections; i++) pthread_join(all[i], NULL);
    return own_end();
}
