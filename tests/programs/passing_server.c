/* One process accepts and hands the connection to another over a Unix socket
 * (SCM_RIGHTS). The trap: the serving process got the socket by no call that
 * makes one.
 *
 * usage: passing_server PORT */
#include "own.h"

static void hand_over(int channel, int fd) {
    char byte = 'f', room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    own_check(sendmsg(channel, &message, 0) == 1, "hand over");
}

static int take_over(int channel) {
    int fd;
    char byte, room[CMSG_SPACE(sizeof fd)];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

int main(int argc, char **argv) {
    (void)argc;
    int channel[2], fd;
    own_start("passing_server");
    own_end_on_term();
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel);
    int listener = own_listen("127.0.0.1", atoi(argv[1]));
    if (own_fork() == 0) {
        close(channel[0]);
        while ((fd = take_over(channel[1])) >= 0) own_serve(fd);
        _exit(0);
    }
    for (;;) {
        if ((fd = own_accept(listener)) < 0) continue;
        hand_over(channel[0], fd);
        close(fd);
    }
}
