/* Real-time signals, all of them, with values, from a child and from itself.
 * The traps: one that is lost, two that change places, a value or a sender that
 * is not handed on.
 *
 * usage: rtsig PORT */
#include "own.h"

#define EACH 20
static _Atomic unsigned arrived;
static unsigned count[65];
static int last_signal;
static pid_t sender;
static int at_once;

static void on_signal(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (at_once) own_check(signal >= last_signal, "lower numbers come first");
    own_check(info->si_signo == signal && info->si_code == SI_QUEUE, "how it was sent");
    own_check(info->si_pid == sender && info->si_uid == getuid(), "who sent it");
    own_check(info->si_value.sival_int == signal * 1000 + (int)count[signal], "its value, in order");
    last_signal = signal;
    count[signal]++;
    arrived++;
}

static void send_all(pid_t to) {
    for (int i = 0; i < EACH; i++) {
        for (int it = SIGRTMAX; it >= SIGRTMIN; it--) {
            union sigval value = {.sival_int = it * 1000 + i};
            while (sigqueue(to, it, value) == -1 && errno == EAGAIN) own_sleep(1);
        }
    }
}

static void all_arrived(const char *what) {
    unsigned all = (unsigned)(SIGRTMAX - SIGRTMIN + 1) * EACH;
    for (int i = 0; i < 5000 && arrived < all; i++) own_sleep(1);
    own_check(arrived == all, what);
    for (int it = SIGRTMIN; it <= SIGRTMAX; it++) own_check(count[it] == EACH, "each number as often as it was sent");
    memset(count, 0, sizeof count);
    arrived = 0;
    last_signal = 0;
}

int main(int argc, char **argv) {
    (void)argc;
    own_start("rtsig");
    sigset_t set;
    sigemptyset(&set);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    /* None comes while another is handled, so that their order shows. */
    sigfillset(&action.sa_mask);
    for (int it = SIGRTMIN; it <= SIGRTMAX; it++) {
        sigaction(it, &action, NULL);
        sigaddset(&set, it);
    }
    /* From a child, as they come; none before its number is known. */
    pid_t me = getpid();
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t pid = own_fork();
    if (pid == 0) {
        send_all(me);
        _exit(0);
    }
    sender = pid;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    own_wait(pid, 0);
    all_arrived("those that a child sent");
    /* From itself, while they are blocked: then all at once. */
    sender = me;
    sigprocmask(SIG_BLOCK, &set, NULL);
    send_all(me);
    at_once = 1;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    all_arrived("those that were pending");
    at_once = 0;
    /* Taken synchronously. */
    sigprocmask(SIG_BLOCK, &set, NULL);
    send_all(me);
    for (int it = SIGRTMIN; it <= SIGRTMAX; it++) {
        for (int i = 0; i < EACH; i++) {
            siginfo_t info;
            struct timespec wait = {5, 0};
            own_check(sigtimedwait(&set, &info, &wait) == it && info.si_value.sival_int == it * 1000 + i,
                      "taken with sigtimedwait, in order");
        }
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    own_request("127.0.0.1", atoi(argv[1]));
    return own_end();
}
