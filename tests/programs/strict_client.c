/* Enters the strict mode of seccomp(2) after its requests. It ends with status 7
 * where that is refused.
 *
 * usage: strict_client prctl|seccomp PORT N */
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "own.h"

int main(int argc, char **argv) {
    (void)argc;
    own_start("strict_client");
    for (int i = atoi(argv[3]); i > 0; i--) own_request("127.0.0.1", atoi(argv[2]));
    int status = own_end();
    long refused = !strcmp(argv[1], "prctl") ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
                                             : syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
    syscall(SYS_exit, refused ? 7 : status);
}
