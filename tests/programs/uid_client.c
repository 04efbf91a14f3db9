/* Executes a set-uid copy of itself, which says as whom it runs and connects.
 * The trap: the kernel ignores the set-uid bit of a traced program whose tracer
 * may not trace the new user, and of one that may gain no privileges.
 *
 * usage: uid_client PORT COPY */
#include "own.h"

int main(int argc, char **argv) {
    own_start("uid_client");
    if (argc == 2) {
        own_say("{\"fact\":\"user\",\"port\":0,\"pid\":%d,\"tid\":%d,\"uid\":%d,\"euid\":%d}", getpid(), own_tid(),
                getuid(), geteuid());
        own_request("127.0.0.1", atoi(argv[1]));
        return own->failed ? 3 : 0;
    }
    pid_t pid = own_fork();
    if (pid == 0) {
        execl(argv[2], argv[2], argv[1], NULL);
        _exit(127);
    }
    own_wait(pid, 0);
    own->attempts++;
    own->connects++;
    return own_end();
}
