/* A server and a client in C: a thread a connection, recv(2) and send(2), one TIME
 * request each. There is little but system calls in them, so what is done at a call
 * weighs more than anywhere else.
 *
 * usage: pair server PORT | pair client PORT N
 * The client prints how many answers were valid, and the most threads that it had at
 * the same time, as it has counted itself. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address;
static _Atomic int alive = 1, peak = 1, valid;

static void *serve(void *with) {
    int fd = (int)(long)with;
    char bytes[64];
    static const char answer[] = "JAM 12:34:56\r\n";
    if (recv(fd, bytes, sizeof bytes, 0) > 0) send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void *ask(void *with) {
    (void)with;
    int now = ++alive, most = peak;
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) continue;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char bytes[64];
    if (!connect(fd, (struct sockaddr *)&address, sizeof address)) {
        send(fd, "TIME\r\n", 6, MSG_NOSIGNAL);
        if (recv(fd, bytes, sizeof bytes, 0) == 14) valid++;
    }
    close(fd);
    alive--;
    return NULL;
}

static pthread_t begin(void *(*with)(void *), long number) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, with, (void *)number)) _exit(3);
    return thread;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(argv[2]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!strcmp(argv[1], "server")) {
        int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            if (fd >= 0) pthread_detach(begin(serve, fd));
        }
    }
    int n = argc > 3 ? atoi(argv[3]) : 0;
    pthread_t *all = calloc((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) all[i] = begin(ask, i);
    for (int i = 0; i < n; i++) pthread_join(all[i], NULL);
    printf("%d of %d valid, peak %d\n", valid, n, peak);
    return valid != n;
}
