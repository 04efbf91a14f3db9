/* What a program finds at its start. The trap: a program that can tell, by what
 * it inherits, that somebody started it in another way than a shell would. The
 * test runs it alone and under threadtap, and compares the two words.
 *
 * usage: inherit PORT [more words] */
#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "own.h"

static char text[16384];
static size_t used;

static __attribute__((format(printf, 1, 2))) void add(const char *format, ...) {
    va_list all;
    va_start(all, format);
    int n = vsnprintf(text + used, sizeof text - used, format, all);
    va_end(all);
    used += (size_t)n;
    if (used >= sizeof text) _exit(9);
}

static void descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    int most = -1, n = 0;
    add(",\"descriptors\":[");
    while ((entry = readdir(folder))) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd == dirfd(folder)) continue;
        add("%s%d", n++ ? "," : "", fd);
        if (fd > most) most = fd;
    }
    closedir(folder);
    char where[256] = "";
    ssize_t got = readlink("/proc/self/fd/0", where, sizeof where - 1);
    add("],\"stdin\":\"%.*s\"", got > 0 ? (int)got : 0, where);
    add(",\"append\":%d", !!(fcntl(1, F_GETFL) & O_NONBLOCK));
}

static void signals(void) {
    sigset_t blocked, pending;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sigpending(&pending);
    add(",\"ignored\":[");
    int n = 0;
    for (int it = 1; it <= SIGRTMAX; it++) {
        struct sigaction action;
        if (sigaction(it, NULL, &action) == 0 && action.sa_handler == SIG_IGN) add("%s%d", n++ ? "," : "", it);
    }
    add("],\"blocked\":[");
    n = 0;
    for (int it = 1; it <= SIGRTMAX; it++)
        if (sigismember(&blocked, it) == 1) add("%s%d", n++ ? "," : "", it);
    add("],\"pending\":[");
    n = 0;
    for (int it = 1; it <= SIGRTMAX; it++)
        if (sigismember(&pending, it) == 1) add("%s%d", n++ ? "," : "", it);
    add("]");
}

static void limits(void) {
    add(",\"limits\":[");
    for (int it = 0; it < RLIM_NLIMITS; it++) {
        struct rlimit limit = {0, 0};
        getrlimit(it, &limit);
        add("%s[%lld,%lld]", it ? "," : "", (long long)limit.rlim_cur, (long long)limit.rlim_max);
    }
    add("]");
}

static void status(void) {
    static const char *const wanted[] = {"NoNewPrivs", "Seccomp:", "TracerPid", "Uid",     "Gid",
                                         "Groups",     "CapEff",   "CapPrm",    "CapInh",  "CapBnd",
                                         "CapAmb",     "Cpus_allowed:", "SigQ", "Threads", "Umask"};
    char line[512];
    FILE *file = fopen("/proc/self/status", "re");
    add(",\"status\":{");
    int n = 0;
    while (fgets(line, sizeof line, file)) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (strncmp(line, wanted[i], strlen(wanted[i]))) continue;
            char *colon = strchr(line, ':');
            *colon = 0;
            char *value = colon + 1 + strspn(colon + 1, " \t");
            value[strcspn(value, "\n")] = 0;
            for (char *at = value; *at; at++)
                if (*at == '\t') *at = ' ';
            add("%s\"%s\":\"%s\"", n++ ? "," : "", line, value);
        }
    }
    fclose(file);
    add("}");
}

extern char **environ;

int main(int argc, char **argv) {
    own_start("inherit");
    int signal_of_parent = 0, reaper = 0;
    descriptors();
    signals();
    limits();
    status();
    prctl(PR_GET_PDEATHSIG, &signal_of_parent);
    prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    add(",\"pdeathsig\":%d,\"subreaper\":%d,\"dumpable\":%d,\"timerslack\":%d", signal_of_parent, reaper,
        prctl(PR_GET_DUMPABLE), prctl(PR_GET_TIMERSLACK));
    add(",\"nice\":%d,\"scheduler\":%d,\"group_leader\":%d,\"session_leader\":%d", getpriority(PRIO_PROCESS, 0),
        sched_getscheduler(0), getpgrp() == getpid(), getsid(0) == getpid());
    int personality = open("/proc/self/personality", O_RDONLY | O_CLOEXEC);
    char number[16] = "";
    if (read(personality, number, 8) < 0) number[0] = 0;
    close(personality);
    char cwd[1024] = "";
    if (!getcwd(cwd, sizeof cwd)) return 9;
    add(",\"personality\":\"%s\",\"cwd\":\"%s\",\"words\":[", number, cwd);
    for (int i = 0; i < argc; i++) add("%s\"%s\"", i ? "," : "", argv[i]);
    add("],\"environment\":[");
    int n = 0;
    for (char **it = environ; *it; it++) {
        /* Names alone; their values may hold anything. */
        add("%s\"%.*s\"", n++ ? "," : "", (int)strcspn(*it, "=\""), *it);
    }
    add("]");
    own_request("127.0.0.1", atoi(argv[1]));
    char *line = malloc(used + 512);
    int length = sprintf(line, "{\"program\":\"inherit\",\"pid\":%d,\"threads\":0,\"processes\":0,\"attempts\":%u,"
                               "\"connects\":%u,\"failed\":%u%s}\n",
                         getpid(), own->attempts, own->connects, own->failed, text);
    return write(1, line, (size_t)length) == length && !own->failed ? 0 : 3;
}
