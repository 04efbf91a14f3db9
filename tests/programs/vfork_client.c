/* Children by vfork(2) that first fail to execute one program and then execute
 * another, which connects. The traps: a parent that sleeps until the child's
 * exec, an exec that fails and changes nothing, two programs in one process.
 *
 * usage: vfork_client PORT N */
#include "own.h"

int main(int argc, char **argv) {
    own_start("vfork_client");
    if (argc > 3) {
        own_request("127.0.0.1", atoi(argv[1]));
        return own->failed ? 3 : 0;
    }
    for (int n = atoi(argv[2]); n > 0; n--) {
        pid_t pid = vfork();
        if (pid == 0) {
            execl("/nonexistent/program", "program", NULL);
            execl("/proc/self/exe", argv[0], argv[1], "1", "child", NULL);
            _exit(127);
        }
        if (own_check(pid > 0, "vfork")) own->processes++;
        int status = -1;
        waitpid(pid, &status, 0);
        if (own_check(status == 0, "a child's exit status")) {
            own->attempts++;
            own->connects++;
        }
    }
    return own_end();
}
