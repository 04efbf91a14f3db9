/* A 64-bit program that makes calls of the i386 convention (int 0x80) beside those
 * of its own: a process may use several. Each second connection is made so.
 *
 * usage: int80_client PORT N */
#include "own.h"

static long call_i386(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("int80_client");
    /* Its pointers have 32 bits. */
    struct sockaddr_in *to = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    for (int i = atoi(argv[2]); i > 0; i--) {
        if (i % 2) {
            own_request("127.0.0.1", atoi(argv[1]));
            continue;
        }
        struct sockaddr_storage address;
        socklen_t length = own_address(&address, "127.0.0.1", atoi(argv[1]));
        memcpy(to, &address, length);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        own->attempts++;
        own_check(call_i386(362, fd, (long)to, length) == 0, "connect");
        own->connects++;
        own_fact("connected", own_local_port(fd));
        own_exchange(fd);
        close(fd);
    }
    int status = own_end();
    call_i386(252, status, 0, 0);
    return 9;
}
