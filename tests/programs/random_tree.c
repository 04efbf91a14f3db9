/* A tree of processes and threads that is grown at random, from a seed: they
 * fork, vfork, clone, execute this program anew (from the first thread or
 * another), connect, are killed, stop and go on, leave by every way there is.
 * The traps: all of them, in orders that nobody thought of.
 *
 * usage: random_tree PORT SEED [STEPS]
 * Only who has said that it runs is killed, so that no creator dies inside a
 * creation: then nobody could count. */
#include <sched.h>
#include <sys/resource.h>

#include "own.h"

enum { MOST_DEPTH = 3, MOST_THREADS = 5, MOST_ALIVE = 60 };

/* In memory that all share, and that lives through execve(2) as a file. */
struct shared {
    struct own own;
    _Atomic int alive;
};
static struct shared *shared;
static int port, depth, shared_fd;
static char *port_word;

struct dice {
    unsigned long state;
};

static unsigned roll(struct dice *dice, unsigned sides) {
    dice->state = dice->state * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(dice->state >> 33) % sides;
}

static void live(struct dice *dice, int steps, int inside);

struct start {
    struct dice dice;
    int steps;
};

/* Counted before: an execve(2) of the new thread ends its creator. */
static pthread_t spawn(void *(*work)(void *), void *with) {
    pthread_attr_t small;
    pthread_t it = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    own->threads++;
    errno = pthread_create(&it, &small, work, with);
    own_check(errno == 0, "pthread_create");
    return it;
}

static void *waits(void *with) {
    for (;;) pause();
    return with;
}

static void *thread(void *with) {
    struct start start = *(struct start *)with;
    free(with);
    live(&start.dice, start.steps, 1);
    return NULL;
}

/* execve(2) of this program, which goes on with the same counters. */
static void anew(struct dice *dice, int steps) {
    char seed[32], left[16], deep[16], fd[16];
    snprintf(seed, sizeof seed, "%lu", dice->state);
    snprintf(left, sizeof left, "%d", steps);
    snprintf(deep, sizeof deep, "%d", depth);
    snprintf(fd, sizeof fd, "%d", shared_fd);
    char *words[] = {"random_tree", port_word, seed, left, deep, fd, NULL};
    execv("/proc/thread-self/exe", words);
    own_check(0, "execve");
}

static void request(void) { own_request("127.0.0.1", port); }

/* A child that lives by itself. A raw clone(2) is for a process of one thread:
 * the C library does not know of it. */
static pid_t fork_and_live(struct dice *dice, int steps, int way) {
    struct dice of_child = {dice->state ^ 0x9e3779b97f4a7c15ul};
    pid_t pid = way ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
    if (pid == 0) {
        depth++;
        live(&of_child, steps, 0);
        switch (roll(&of_child, 4)) {
        case 0: syscall(SYS_exit, 0); /* fall through */
        case 1: anew(&of_child, 1); /* fall through */
        default: _exit(0);
        }
    }
    if (own_check(pid > 0, "fork")) own->processes++;
    return pid;
}

static void wait_for(pid_t pid) {
    int status;
    while (waitpid(pid, &status, __WALL) == -1 && errno == EINTR) {}
    own_check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child's end");
}

/* A child that says that it runs, and is killed then. */
static void victim(struct dice *dice) {
    int pipe_[2];
    char byte;
    int how[] = {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGRTMIN};
    int signal = how[roll(dice, 5)], threads = (int)roll(dice, 4), stopped = (int)roll(dice, 2);
    if (!own_check(pipe2(pipe_, O_CLOEXEC) == 0, "pipe")) return;
    pid_t pid = own_fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        for (int i = 0; i < threads; i++) spawn(waits, NULL);
        (void)!write(pipe_[1], "!", 1);
        for (;;) pause();
    }
    own_check(read(pipe_[0], &byte, 1) == 1, "it runs");
    close(pipe_[0]);
    close(pipe_[1]);
    if (stopped) {
        int status;
        kill(pid, SIGSTOP);
        own_check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "it stops");
        if (roll(dice, 2)) {
            kill(pid, SIGCONT);
            own_check(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status), "it goes on");
        } else if (signal != SIGKILL) {
            kill(pid, signal);
            signal = SIGCONT;
        }
    }
    kill(pid, signal);
    int status;
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {}
    own_check(WIFSIGNALED(status), "it was killed");
}

/* An orphan that ends by itself: its parent ends first. */
static void orphan(void) {
    pid_t pid = own_fork();
    if (pid == 0) {
        pid_t child = own_fork();
        if (child == 0) {
            own_sleep(2);
            _exit(0);
        }
        _exit(0);
    }
    wait_for(pid);
}

static void command(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    if (own_check(pid > 0, "vfork")) own->processes++;
    wait_for(pid);
}

/* A process in which a thread executes this program. */
static void *executes(void *with) {
    anew(with, 2);
    return NULL;
}

static void thread_executes(struct dice *dice) {
    struct dice of_child = {dice->state ^ 0x51ul};
    int gone = (int)roll(dice, 2), others = (int)roll(dice, 3);
    pid_t pid = own_fork();
    if (pid == 0) {
        depth++;
        for (int i = 0; i < others; i++) spawn(waits, NULL);
        spawn(executes, &of_child);
        if (gone) syscall(SYS_exit, 0);
        for (;;) pause();
    }
    wait_for(pid);
}

/* What a task does with its life; it waits for everybody whom it made. */
static void live(struct dice *dice, int steps, int inside) {
    pthread_t threads[MOST_THREADS];
    pid_t children[MOST_THREADS];
    int t = 0, c = 0;
    while (steps-- > 0) {
        int deep = depth >= MOST_DEPTH || shared->alive > MOST_ALIVE;
        unsigned what = roll(dice, 10);
        if (deep && what != 1 && what != 2) what = 0;
        switch (what) {
        case 0: case 1: request(); break;
        case 2: if (roll(dice, 2)) sched_yield(); break;
        case 3: case 4: {
            if (t == MOST_THREADS) break;
            struct start *start = malloc(sizeof *start);
            *start = (struct start){{dice->state ^ 0x77ul}, steps / 2};
            shared->alive++;
            threads[t++] = spawn(thread, start);
            break;
        }
        case 5:
            if (c < MOST_THREADS) children[c++] = fork_and_live(dice, steps / 2, !inside && t == 0 && roll(dice, 2));
            break;
        case 6: victim(dice); break;
        case 7: orphan(); break;
        case 8: command(); break;
        case 9: if (!inside || roll(dice, 2)) thread_executes(dice); break;
        }
    }
    for (int i = 0; i < t; i++) {
        pthread_join(threads[i], NULL);
        shared->alive--;
    }
    for (int i = 0; i < c; i++) wait_for(children[i]);
}

int main(int argc, char **argv) {
    port_word = argv[1];
    port = atoi(argv[1]);
    struct dice dice = {strtoul(argv[2], NULL, 10)};
    int steps = argc > 3 ? atoi(argv[3]) : 12;
    int again = argc > 5;
    own_name = "random_tree";
    if (again) {
        depth = atoi(argv[4]);
        shared_fd = atoi(argv[5]);
    } else {
        shared_fd = memfd_create("counters", 0);
        if (ftruncate(shared_fd, sizeof *shared)) return 9;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd, 0);
    if (shared == MAP_FAILED) return 9;
    own = &shared->own;
    if (again) {
        if (depth < MOST_DEPTH) depth++;
        live(&dice, steps, 0);
        return 0;
    }
    own->first = getpid();
    request();
    live(&dice, steps, 0);
    return own_end();
}
