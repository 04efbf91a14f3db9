/* A 32-bit program without a C library: N threads that connect by the calls of
 * the i386 convention and are still there when it exits. Half of the threads call
 * socketcall(2), as programs of the GNU C library do, half connect(2) itself. The
 * trap: the numbers of its calls are others (1 is exit, not write).
 *
 * usage: threads_32 PORT N        it is compiled with -m32 -nostdlib -static */
enum {
    /* asm/unistd_32.h, which compilers of 64 bits do not find. */
    __NR_read = 3,
    __NR_write = 4,
    __NR_close = 6,
    __NR_getpid = 20,
    __NR_pause = 29,
    __NR_socketcall = 102,
    __NR_nanosleep = 162,
    __NR_gettid = 224,
    __NR_exit_group = 252,
    __NR_socket = 359,
    __NR_connect = 362,
    __NR_getsockname = 367,
};

static long call(long n, long a, long b, long c, long d, long e) {
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return r;
}

struct address {
    unsigned short family, port;
    unsigned ip;
    char zero[8];
};

static int port, left, failed, connects;
static char stacks[64][8192] __attribute__((aligned(16)));

static char *put(char *to, const char *text) {
    while (*text) *to++ = *text++;
    return to;
}

static char *number(char *to, unsigned n) {
    char digits[12], *at = digits + 11;
    *at = 0;
    do *--at = (char)('0' + n % 10);
    while (n /= 10);
    return put(to, at);
}

static unsigned short swap(unsigned short n) { return (unsigned short)(n << 8 | n >> 8); }

static void say_connected(int fd) {
    struct address own;
    unsigned length = sizeof own;
    char line[128], *to = line;
    call(__NR_getsockname, fd, (long)&own, (long)&length, 0, 0);
    to = number(put(to, "{\"fact\":\"connected\",\"port\":"), swap(own.port));
    to = number(put(to, ",\"pid\":"), (unsigned)call(__NR_getpid, 0, 0, 0, 0, 0));
    to = number(put(to, ",\"tid\":"), (unsigned)call(__NR_gettid, 0, 0, 0, 0, 0));
    to = put(to, "}\n");
    call(__NR_write, 1, (long)line, to - line, 0, 0);
}

static void request(int by_socketcall) {
    struct address to = {2, swap((unsigned short)port), 0x0100007f, {0}};
    int fd = (int)call(__NR_socket, 2, 1, 0, 0, 0);
    long arguments[3] = {fd, (long)&to, sizeof to};
    char answer[32];
    long made = by_socketcall ? call(__NR_socketcall, 3, (long)arguments, 0, 0, 0)
                              : call(__NR_connect, fd, (long)&to, sizeof to, 0, 0);
    int well = made == 0;
    if (well) {
        __sync_fetch_and_add(&connects, 1);
        say_connected(fd);
        well = call(__NR_write, fd, (long)"TIME\r\n", 6, 0, 0) == 6;
        well = well && call(__NR_read, fd, (long)answer, sizeof answer, 0, 0) == 14;
    }
    if (!well) __sync_fetch_and_add(&failed, 1);
    call(__NR_close, fd, 0, 0, 0, 0);
}

__attribute__((used, noreturn)) void work(int i) {
    request(i % 2);
    __sync_fetch_and_sub(&left, 1);
    for (;;) call(__NR_pause, 0, 0, 0, 0, 0);
}

static void sleep_a_little(void) {
    struct { long seconds, nanoseconds; } time = {0, 1000000};
    call(__NR_nanosleep, (long)&time, 0, 0, 0, 0);
}

/* The new thread finds its number on its stack. */
long new_thread(long flags, void *stack);
__asm__(".text\n"
        "new_thread:\n"
        "  pushl %ebx\n"
        "  pushl %esi\n"
        "  pushl %edi\n"
        "  movl 16(%esp), %ebx\n"
        "  movl 20(%esp), %ecx\n"
        "  xorl %edx, %edx\n"
        "  xorl %esi, %esi\n"
        "  xorl %edi, %edi\n"
        "  movl $120, %eax\n"
        "  int $0x80\n"
        "  testl %eax, %eax\n"
        "  jz 1f\n"
        "  popl %edi\n"
        "  popl %esi\n"
        "  popl %ebx\n"
        "  ret\n"
        "1: call work\n");

static int digits(const char *text) {
    int n = 0;
    while (*text) n = n * 10 + *text++ - '0';
    return n;
}

__attribute__((used, noreturn)) void begin(long *arguments) {
    const long flags = 0x50f00; /* VM FS FILES SIGHAND THREAD SYSVSEM */
    int n = digits((char *)arguments[3]);
    port = digits((char *)arguments[2]);
    left = n;
    for (int i = 0; i < n; i++) {
        long *stack = (long *)(stacks[i] + sizeof stacks[i]) - 4;
        *stack = i;
        if (new_thread(flags, stack) <= 0) failed++;
    }
    while (__sync_fetch_and_add(&left, 0)) sleep_a_little();
    char line[160], *to = line;
    to = number(put(to, "{\"program\":\"threads_32\",\"pid\":"), (unsigned)call(__NR_getpid, 0, 0, 0, 0, 0));
    to = number(put(to, ",\"threads\":"), (unsigned)n);
    to = number(put(to, ",\"processes\":0,\"attempts\":"), (unsigned)n);
    to = number(put(to, ",\"connects\":"), (unsigned)connects);
    to = number(put(to, ",\"failed\":"), (unsigned)failed);
    to = put(to, "}\n");
    call(__NR_write, 1, (long)line, to - line, 0, 0);
    for (;;) call(__NR_exit_group, failed ? 3 : 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n"
        "  movl %esp, %eax\n"
        "  andl $-16, %esp\n"
        "  subl $12, %esp\n"
        "  pushl %eax\n"
        "  call begin\n");
