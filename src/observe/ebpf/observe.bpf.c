/* What the kernel tells of two programs, a client and a server, and of all that they
 * start: which tasks begin, execute and end, and which of them connect, accept, receive
 * and send. One record for each, in a ring that the observer reads (record.rs knows the
 * same layout). Nothing is stopped, and nothing concluded.
 *
 * Compiled by `make bpf`; the object that comes of it is kept beside this file. */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* What a record tells. */
enum {
	TASK = 1, /* pid, tid created a task: a = its tid, b = its pid, result = 1: no tracer
		   * is to follow it (CLONE_UNTRACED) */
	EXECUTED, /* a = the tid until then, b = the sockets that are kept, or UNKNOWN */
	ENDED, /* a = wait(2)'s status, b = END_* */
	LISTENS, /* own */
	CONNECTS, /* a SYN is about to be sent: cookie, peer, b = 1 inside connect(2) */
	SETTLED, /* a connection outside connect(2) is made, or has failed: result = error */
	CONNECTED, /* connect(2) has returned: result, a = the family of the address that it
		    * was given, b = the socket's state, own, peer */
	ACCEPTED, /* accept(2) has returned: cookie, own, peer */
	RECEIVED, /* cookie, own, peer, result = bytes, 0 at the end, or the error by which it
		   * has ended; byte = the place of the first of them in the stream, or UNKNOWN;
		   * a = 1: by a process that is not watched */
	SENT, /* cookie, own, peer, result = bytes */
	RING, /* a server set up an io_uring: what it accepts by that is not told */
};

enum {
	END_OF_GROUP = 1, /* the whole process is being ended */
	END_IS_LAST = 2, /* the process has ended; of its other tasks the ends may still come */
	END_BY_EXIT_GROUP = 4, /* the task came here by exit_group(2) */
	END_BY_EXIT = 8, /* the task came here by exit(2) */
};

enum { UNKNOWN = 0xffffffff };
#define NO_PLACE (~0ULL)

/* Whose a process is. */
enum { CLIENT = 1, SERVER = 2 };

/* net/tcp_states.h, linux/socket.h, linux/sched/signal.h, asm/unistd_64.h, _32.h */
enum { ESTABLISHED = 1, SYN_SENT = 2, SYN_RECV = 3, LISTEN = 10 };
enum { PEEK = 2 }; /* MSG_PEEK */
enum { AF_UNSPEC = 0, AF_INET = 2, AF_INET6 = 10 };
enum { STREAM = 1, TCP = 6, MULTIPATH_TCP = 262 };
enum { SIGNAL_GROUP_EXIT = 4, TS_COMPAT = 2, IS_SOCKET = 0140000, FORMAT = 0170000 };
enum { SYS_CONNECT = 42, SYS_ACCEPT = 43, SYS_ACCEPT4 = 288, SYS_EXIT = 60, SYS_EXIT_GROUP = 231 };
enum {
	SYS32_EXIT = 1,
	SYS32_SOCKETCALL = 102,
	SYS32_EXIT_GROUP = 252,
	SYS32_CONNECT = 362,
	SYS32_ACCEPT4 = 364,
	SOCKETCALL_CONNECT = 3,
	SOCKETCALL_ACCEPT = 5,
	SOCKETCALL_ACCEPT4 = 18,
};
enum { UNTRACED = 0x00800000 }; /* CLONE_UNTRACED of linux/sched.h */
/* asm-generic/errno.h */
enum { EPIPE = 32, ECONNABORTED = 103, ECONNRESET = 104, ETIMEDOUT = 110 };

struct record {
	u64 ns; /* CLOCK_MONOTONIC */
	u64 cookie;
	u32 pid, tid; /* who did it */
	u32 a, b;
	s32 result;
	u16 own_port, peer_port;
	u8 kind, side, family, unused;
	u8 own[16], peer[16];
	u32 padding;
	union {
		char name[16]; /* of the task */
		u64 byte;
	};
};

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* The processes that are looked at. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, F_NO_PREALLOC);
	__uint(max_entries, 1 << 17);
	__type(key, u32);
	__type(value, u32);
} watched SEC(".maps");

/* Processes that have ended and had a task of which the end was still to be told: a task is
 * counted out (`live`) some time before its end is, and one that was counted out later may
 * be told of earlier. A number may be another's by then, who began at another time. */
struct past {
	u64 began;
	u64 side;
};

struct {
	__uint(type, MAP_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct past);
} past SEC(".maps");

/* What is remembered of a socket. */
struct mark {
	u64 cookie; /* whose it is; 0: nobody's, and all else is 0 */
	u32 connects; /* it was this side's own connect(2) */
	u32 receiver, sender; /* who received from it, and sent on it, last */
	u32 in_call; /* it is being connected inside connect(2) */
	u64 received; /* how many bytes of its stream were received, by anybody */
	u32 peeked; /* somebody has looked at what is to be received */
	u32 ender; /* who was told of its end last */
};

/* A process that is not watched, as a receiver. */
enum { ANOTHER = 0xffffffff };

/* Each socket's place is that of its cookie, until the kernel destroys it. Cookies are given
 * one after another: so neighbours are close to each other, and nothing is searched for. */
enum { PLACES = 1 << 16 };

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, u32);
	__type(value, struct mark);
} marks SEC(".maps");

/* On the socket itself, which takes longer: where another one has its place, and of sockets
 * whose end is not told (Multipath TCP). */
struct {
	__uint(type, MAP_SK_STORAGE);
	__uint(map_flags, F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} more_marks SEC(".maps");

/* What could not be told: records for which the ring had no room, and processes and
 * sockets for which there was no memory. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

INLINE void lose(void)
{
	u32 zero = 0;
	u64 *count = map_lookup_elem(&lost, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
}

INLINE u32 side_of(u32 pid)
{
	u32 *side = map_lookup_elem(&watched, &pid);
	return side ? *side : 0;
}

INLINE u32 current_side(void)
{
	return side_of(get_current_pid_tgid() >> 32);
}

/* A record of the current task, with nothing in it yet. */
INLINE struct record *begin(u8 kind, u8 side)
{
	struct record *record = ringbuf_reserve(&ring, sizeof(*record), 0);
	u64 id;
	if (!record) {
		lose();
		return NULL;
	}
	__builtin_memset(record, 0, sizeof(*record));
	id = get_current_pid_tgid();
	record->ns = ktime_get_ns();
	record->pid = id >> 32;
	record->tid = (u32)id;
	record->kind = kind;
	record->side = side;
	return record;
}

INLINE void end(struct record *record)
{
	ringbuf_submit(record, RINGBUF_NO_WAKEUP);
}

#define READ(to, from) probe_read_kernel(&(to), sizeof(to), &(from))

INLINE void put_port(struct record *record, u16 own_port, struct sock *sk)
{
	struct inet_sock *inet = (struct inet_sock *)sk;
	record->own_port = own_port;
	/* A socket whose connection has failed has given its port back, and still knows
	 * which it was. */
	if (!own_port) {
		READ(own_port, inet->inet_sport);
		record->own_port = __builtin_bswap16(own_port);
	}
}

INLINE void put_wide(struct record *record, struct sock *sk)
{
	READ(record->own, sk->__sk_common.skc_v6_rcv_saddr);
	READ(record->peer, sk->__sk_common.skc_v6_daddr);
}

/* Where a socket's two ends are, of one that the kernel has handed over: it can be read
 * without asking. */
INLINE void put_ends(struct record *record, struct sock *sk)
{
	struct sock_common *common = &sk->__sk_common;
	record->family = common->skc_family;
	record->peer_port = __builtin_bswap16(common->skc_dport);
	put_port(record, common->skc_num, sk);
	if (record->family == AF_INET6) {
		put_wide(record, sk);
	} else {
		*(u32 *)record->own = common->skc_rcv_saddr;
		*(u32 *)record->peer = common->skc_daddr;
	}
}

/* The first part of a socket that was found, as it lies in the kernel's memory: read at
 * once, for each look costs more than what it brings. */
struct found {
	u8 bytes[128];
};

#define PLACE(type, field) __builtin_preserve_field_info(((struct type *)0)->field, 0)
#define IN(found, field, type) (*(type *)((found)->bytes + PLACE(sock_common, field)))

/* Whether this kernel has all that is looked for in that part; known before a program
 * runs. */
#define HAS(field, size) (PLACE(sock_common, field) + (size) <= sizeof(struct found))
#define IS_THERE \
	(HAS(skc_daddr, 4) && HAS(skc_rcv_saddr, 4) && HAS(skc_dport, 2) && HAS(skc_num, 2) && \
	 HAS(skc_family, 2) && HAS(skc_state, 1) && HAS(skc_cookie, 8))

INLINE void put_found(struct record *record, struct found *found, struct sock *sk)
{
	if (!IS_THERE)
		return;
	record->cookie = IN(found, skc_cookie, u64);
	record->family = IN(found, skc_family, u16);
	record->peer_port = __builtin_bswap16(IN(found, skc_dport, u16));
	put_port(record, IN(found, skc_num, u16), sk);
	if (record->family == AF_INET6) {
		put_wide(record, sk);
	} else {
		*(u32 *)record->own = IN(found, skc_rcv_saddr, u32);
		*(u32 *)record->peer = IN(found, skc_daddr, u32);
	}
}

/* The system call that a task is in, as one of this machine's own. */
INLINE u64 call_of(struct task_struct *task, struct pt_regs *regs)
{
	u64 call = (u32)regs->orig_ax;
	if (!(task->thread_info.status & TS_COMPAT))
		return call;
	switch (call) {
	case SYS32_EXIT:
		return SYS_EXIT;
	case SYS32_EXIT_GROUP:
		return SYS_EXIT_GROUP;
	case SYS32_CONNECT:
		return SYS_CONNECT;
	case SYS32_ACCEPT4:
		return SYS_ACCEPT4;
	case SYS32_SOCKETCALL:
		switch ((u32)regs->bx) {
		case SOCKETCALL_CONNECT:
			return SYS_CONNECT;
		case SOCKETCALL_ACCEPT:
		case SOCKETCALL_ACCEPT4:
			return SYS_ACCEPT;
		}
	}
	return (u64)-1;
}

/* Tasks. */

SEC("tp_btf/task_newtask")
int on_task(u64 *context)
{
	struct task_struct *task = (struct task_struct *)context[0];
	u32 creator = get_current_pid_tgid() >> 32;
	u32 side = side_of(creator), pid = task->tgid;
	struct record *record;
	if (!side)
		return 0;
	/* Before it runs: whatever it does and creates is known from its birth. */
	if (pid != creator && map_update_elem(&watched, &pid, &side, 0))
		lose();
	record = begin(TASK, side);
	if (!record)
		return 0;
	record->a = task->pid;
	record->b = pid;
	record->result = (context[1] & UNTRACED) != 0;
	end(record);
	return 0;
}

/* How many of a task's descriptors are sockets. */
INLINE u32 sockets_of(struct task_struct *task)
{
	enum { MOST = 256 };
	struct fdtable *table = task->files->fdt;
	void **files = table->fd;
	unsigned long *open = table->open_fds, bits = 0;
	u32 size = table->max_fds, sockets = 0, i;
	for (i = 0; i < MOST && i < size; i++) {
		struct file *file = NULL;
		struct inode *inode = NULL;
		u16 mode = 0;
		if (i % 64 == 0)
			probe_read_kernel(&bits, sizeof(bits), &open[i / 64]);
		if (!(bits >> (i % 64) & 1))
			continue;
		probe_read_kernel(&file, sizeof(file), &files[i]);
		if (!file)
			continue;
		READ(inode, file->f_inode);
		READ(mode, inode->i_mode);
		sockets += (mode & FORMAT) == IS_SOCKET;
	}
	/* Above, whether any is open. */
	for (i = MOST / 64; i < 16 && i * 64 < size; i++) {
		probe_read_kernel(&bits, sizeof(bits), &open[i]);
		if (bits)
			return UNKNOWN;
	}
	return size > 1024 ? UNKNOWN : sockets;
}

SEC("tp_btf/sched_process_exec")
int on_exec(u64 *context)
{
	struct task_struct *task = (struct task_struct *)context[0];
	u32 former = (u32)context[1], side = side_of(task->tgid);
	struct record *record;
	if (!side)
		return 0;
	record = begin(EXECUTED, side);
	if (!record)
		return 0;
	record->a = former;
	record->b = sockets_of(task);
	READ(record->name, task->comm);
	end(record);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(u64 *context)
{
	struct task_struct *task = (struct task_struct *)context[0];
	u32 pid = task->tgid, side = side_of(pid), how = 0;
	struct signal_struct *signal = task->signal;
	u64 began = task->group_leader->start_boottime;
	bool last = signal->live.counter == 0;
	struct pt_regs *regs;
	struct record *record;
	if (!side) {
		struct past *was = map_lookup_elem(&past, &pid);
		if (!was || was->began != began)
			return 0;
		side = was->side;
	}
	if (last) {
		if (signal->nr_threads > 1) {
			struct past was = {began, side};
			map_update_elem(&past, &pid, &was, 0);
		}
		map_delete_elem(&watched, &pid);
	}
	record = begin(ENDED, side);
	if (!record)
		return 0;
	record->a = task->exit_code;
	if (signal->flags & SIGNAL_GROUP_EXIT) {
		how |= END_OF_GROUP;
		record->a = signal->group_exit_code;
	}
	if (last)
		how |= END_IS_LAST;
	regs = task_pt_regs(task);
	switch (call_of(task, regs)) {
	case SYS_EXIT:
		how |= END_BY_EXIT;
		break;
	case SYS_EXIT_GROUP:
		how |= END_BY_EXIT_GROUP;
	}
	record->b = how;
	READ(record->name, task->comm);
	end(record);
	return 0;
}

/* Sockets. */

INLINE bool is_tcp(u32 protocol)
{
	return protocol == TCP || protocol == MULTIPATH_TCP;
}

/* A socket's number, which it is given where it has none yet. */
INLINE u64 cookie_of(struct sock *sk)
{
	u64 cookie = sk->__sk_common.skc_cookie.counter;
	return cookie ? cookie : get_socket_cookie(sk);
}

/* What is remembered of a socket; nothing yet is, where it is made. */
INLINE struct mark *find_mark(struct sock *sk, bool make)
{
	u64 cookie = make ? cookie_of(sk) : sk->__sk_common.skc_cookie.counter, owner;
	u32 place = cookie % PLACES;
	struct mark *mark = map_lookup_elem(&marks, &place), *more;
	/* Of one without a number nothing was remembered. */
	if (!cookie)
		return NULL;
	if (mark && mark->cookie == cookie)
		return mark;
	more = sk_storage_get(&more_marks, sk, NULL, 0);
	if (more || !make)
		return more;
	if (mark && sk->sk_protocol == TCP) {
		owner = __sync_val_compare_and_swap(&mark->cookie, 0, cookie);
		if (!owner || owner == cookie)
			return mark;
	}
	more = sk_storage_get(&more_marks, sk, NULL, SK_STORAGE_CREATE);
	if (!more)
		lose();
	return more;
}

/* Nobody has it any more. */
SEC("tp_btf/tcp_destroy_sock")
int on_destroyed(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	u64 cookie = sk->__sk_common.skc_cookie.counter;
	u32 place = cookie % PLACES;
	struct mark *mark = map_lookup_elem(&marks, &place);
	if (!cookie || !mark || mark->cookie != cookie)
		return 0;
	mark->connects = 0;
	mark->receiver = 0;
	mark->sender = 0;
	mark->in_call = 0;
	mark->received = 0;
	mark->peeked = 0;
	mark->ender = 0;
	__sync_val_compare_and_swap(&mark->cookie, cookie, 0);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int on_state(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	int before = (int)context[1], now = (int)context[2];
	struct task_struct *task;
	struct record *record;
	struct mark *mark;
	u32 side;
	if (!is_tcp(sk->sk_protocol))
		return 0;
	/* A child of a listening socket gets its cookie, for accept(2) can only read it.
	 * One of Multipath TCP is born connected. */
	if (now == SYN_RECV || (now == ESTABLISHED && sk->sk_protocol == MULTIPATH_TCP))
		get_socket_cookie(sk);
	if (now == LISTEN) {
		side = current_side();
		record = side == SERVER ? begin(LISTENS, side) : NULL;
		if (!record)
			return 0;
		put_ends(record, sk);
		end(record);
		return 0;
	}
	if (now == SYN_SENT) {
		bool in_call;
		side = current_side();
		if (!side)
			return 0;
		task = get_current_task();
		in_call = call_of(task, task_pt_regs(task)) == SYS_CONNECT;
		/* Of a client's connect(2) nothing need be remembered: its return tells all,
		 * and a server that is handed such a socket is told by its number. */
		mark = find_mark(sk, side == SERVER || !in_call);
		if (mark) {
			mark->connects = side;
			mark->in_call = in_call;
		}
		record = side == CLIENT ? begin(CONNECTS, side) : NULL;
		if (!record)
			return 0;
		record->cookie = cookie_of(sk);
		record->b = in_call;
		put_ends(record, sk);
		end(record);
		return 0;
	}
	if (before != SYN_SENT)
		return 0;
	mark = find_mark(sk, false);
	if (!mark || mark->connects != CLIENT || mark->in_call)
		return 0;
	record = begin(SETTLED, CLIENT);
	if (!record)
		return 0;
	record->cookie = cookie_of(sk);
	record->result = now == ESTABLISHED ? 0 : sk->sk_err;
	record->b = now;
	put_ends(record, sk);
	end(record);
	return 0;
}

/* The TCP socket behind a descriptor of the current task. */
INLINE struct sock *socket_behind(struct task_struct *task, u32 descriptor, struct found *found)
{
	struct fdtable *table = task->files->fdt;
	struct file *file = NULL;
	struct inode *inode = NULL;
	struct socket *socket = NULL;
	struct sock *sk = NULL;
	u16 mode = 0, type = 0, protocol = 0, family;
	void **files = table->fd;
	if (!IS_THERE)
		lose();
	if (!IS_THERE || descriptor >= table->max_fds)
		return NULL;
	probe_read_kernel(&file, sizeof(file), &files[descriptor]);
	if (!file)
		return NULL;
	READ(inode, file->f_inode);
	READ(mode, inode->i_mode);
	if ((mode & FORMAT) != IS_SOCKET)
		return NULL;
	READ(socket, file->private_data);
	READ(sk, socket->sk);
	if (probe_read_kernel(found, sizeof(*found), sk))
		return NULL;
	family = IN(found, skc_family, u16);
	if (family != AF_INET && family != AF_INET6)
		return NULL;
	READ(type, sk->sk_type);
	READ(protocol, sk->sk_protocol);
	return type == STREAM && is_tcp(protocol) ? sk : NULL;
}

/* accept(2) has returned this descriptor. */
INLINE void accepted(struct task_struct *task, long descriptor)
{
	struct found found = {};
	struct sock *sk = socket_behind(task, descriptor, &found);
	struct record *record = sk ? begin(ACCEPTED, SERVER) : NULL;
	if (!record)
		return;
	put_found(record, &found, sk);
	end(record);
}

/* The beginning of an address of the Internet (netinet/in.h). */
struct address {
	u16 family, port;
	u32 v4;
};

/* connect(2) has returned. Its arguments are still where they were. */
INLINE void connected(struct task_struct *task, struct pt_regs *regs, s32 result)
{
	u32 descriptor = regs->di, words[2] = {};
	const void *address = (void *)regs->si;
	struct address asked = {};
	struct found found = {};
	struct record *record;
	struct sock *sk;
	if (task->thread_info.status & TS_COMPAT) {
		descriptor = regs->bx;
		address = (void *)(u64)(u32)regs->cx;
		if ((u32)regs->orig_ax == SYS32_SOCKETCALL) {
			probe_read_user(words, sizeof(words), (void *)(u64)(u32)regs->cx);
			descriptor = words[0];
			address = (void *)(u64)words[1];
		}
	}
	sk = socket_behind(task, descriptor, &found);
	record = sk ? begin(CONNECTED, CLIENT) : NULL;
	if (!record)
		return;
	put_found(record, &found, sk);
	record->result = result;
	record->b = IN(&found, skc_state, u8);
	/* Where to, as it was asked: a socket whose connection has failed knows it no
	 * more. One of another family may be shorter. */
	if (probe_read_user(&asked, sizeof(asked), address))
		probe_read_user(&asked, sizeof(asked.family), address);
	record->a = asked.family;
	if (asked.family == AF_INET || asked.family == AF_INET6) {
		record->peer_port = __builtin_bswap16(asked.port);
		__builtin_memset(record->peer, 0, sizeof(record->peer));
		if (asked.family == AF_INET6)
			probe_read_user(record->peer, 16, address + 8);
		else
			*(u32 *)record->peer = asked.v4;
	}
	end(record);
}

SEC("tp_btf/sys_exit")
int on_return(u64 *context)
{
	struct pt_regs *regs = (struct pt_regs *)context[0];
	s64 result = (s64)context[1];
	struct task_struct *task;
	u64 call = regs->orig_ax;
	u32 side;
	/* Nearly every call of the machine ends here. */
	if (call != SYS_CONNECT && call != SYS_ACCEPT && call != SYS_ACCEPT4 &&
	    call != SYS32_SOCKETCALL && call != SYS32_CONNECT && call != SYS32_ACCEPT4)
		return 0;
	side = current_side();
	if (!side)
		return 0;
	task = get_current_task();
	switch (call_of(task, regs)) {
	case SYS_CONNECT:
		if (side == CLIENT)
			connected(task, regs, result);
		break;
	case SYS_ACCEPT:
	case SYS_ACCEPT4:
		if (side == SERVER && result >= 0)
			accepted(task, result);
	}
	return 0;
}

/* Whether a call has told how the connection ended. */
INLINE bool tells_of_the_end(int result)
{
	return result == -ECONNRESET || result == -EPIPE || result == -ETIMEDOUT ||
	       result == -ECONNABORTED;
}

/* What is remembered of a connection that a server has, or may have: of one that it was
 * handed over by others, too. */
INLINE struct mark *mark_of(struct sock *sk, u32 side)
{
	struct mark *mark = find_mark(sk, side == SERVER);
	/* One that a side has made itself, to a database say. */
	return mark && !mark->connects ? mark : NULL;
}

INLINE void tell_of_use(struct sock *sk, u8 kind, s64 result, u64 byte, bool by_another)
{
	struct record *record = begin(kind, SERVER);
	if (!record)
		return;
	record->cookie = cookie_of(sk);
	record->result = result < 0x7fffffff ? result : 0x7fffffff;
	record->byte = byte;
	record->a = by_another;
	put_ends(record, sk);
	end(record);
}

/* Bytes have been taken from a connection, by whatever call (recv(2), read(2), splice(2),
 * an io_uring): by the task that is at it now, which holds the socket. Told when it is
 * another one than the last time. */
SEC("tp_btf/tcp_rcv_space_adjust")
int on_taken(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	u64 id = get_current_pid_tgid(), upto = 0, from;
	u32 side = side_of(id >> 32), next = 0, taken = 0;
	u32 who = side == SERVER ? (u32)id : ANOTHER;
	struct mark *mark;
	void *user = NULL;
	if (side == CLIENT)
		return 0;
	mark = mark_of(sk, side);
	if (!mark)
		return 0;
	/* A socket that the kernel itself reads (sockmap) is not read by this task. */
	READ(user, sk->sk_user_data);
	READ(upto, tcp->bytes_received);
	READ(next, tcp->rcv_nxt);
	READ(taken, tcp->copied_seq);
	upto -= (u32)(next - taken);
	from = mark->received;
	/* Nothing was, it was only looked at (MSG_PEEK). */
	if (user || upto <= from)
		return 0;
	mark->received = upto;
	if (mark->receiver == who || (who == ANOTHER && !mark->receiver))
		return 0;
	mark->receiver = who;
	tell_of_use(sk, RECEIVED, upto - from, from, who == ANOTHER);
	return 0;
}

/* A call that receives has returned. What it has taken was told before; not told are the
 * end of a connection, who only looks, and what other protocols on top of TCP take. */
SEC("tp_btf/sock_recv_length")
int on_receive(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	int result = (int)context[1], flags = (int)context[2];
	u64 id = get_current_pid_tgid();
	struct mark *mark;
	if (side_of(id >> 32) != SERVER || !is_tcp(sk->sk_protocol))
		return 0;
	if (result < 0 && !tells_of_the_end(result))
		return 0;
	mark = mark_of(sk, SERVER);
	if (!mark || mark->receiver == (u32)id)
		return 0;
	if (result > 0 && flags & PEEK) {
		if (mark->receiver || mark->peeked)
			return 0;
		mark->peeked = 1;
		tell_of_use(sk, RECEIVED, result, mark->received, false);
		return 0;
	}
	if (result <= 0) {
		if (mark->ender == (u32)id)
			return 0;
		mark->ender = id;
	}
	if (result > 0 || !mark->receiver)
		mark->receiver = id;
	tell_of_use(sk, RECEIVED, result, NO_PLACE, false);
	return 0;
}

SEC("tp_btf/sock_send_length")
int on_send(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	int result = (int)context[1];
	u64 id = get_current_pid_tgid();
	struct mark *mark;
	if (side_of(id >> 32) != SERVER || !is_tcp(sk->sk_protocol) || result < 0)
		return 0;
	mark = mark_of(sk, SERVER);
	if (!mark || mark->sender == (u32)id)
		return 0;
	mark->sender = id;
	tell_of_use(sk, SENT, result, NO_PLACE, false);
	return 0;
}

SEC("tp_btf/io_uring_create")
int on_ring(u64 *context)
{
	u32 side = current_side();
	struct record *record = side == SERVER ? begin(RING, side) : NULL;
	if (record)
		end(record);
	return 0;
}

/* Accepting through an io_uring, where the kernel tells of it (on_ring is not attached
 * then). */

enum { IORING_OP_ACCEPT = 13 };

/* Requests that accept, by what is told of them where one has several results
 * (IORING_ACCEPT_MULTISHOT), or where there is no room for its result. */
struct asked {
	u64 ring, user_data;
};

struct {
	__uint(type, MAP_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct asked);
	__type(value, u32);
} accepting SEC(".maps");

/* Whether a request is to accept into a descriptor, and not into a place among those that
 * a ring keeps for itself, which have no number. */
INLINE bool accepts(struct io_kiocb *request)
{
	struct io_accept *accept = (struct io_accept *)request;
	u8 opcode = 0;
	u32 slot = 0;
	READ(opcode, request->opcode);
	if (opcode != IORING_OP_ACCEPT)
		return false;
	READ(slot, accept->file_slot);
	return !slot;
}

SEC("tp_btf/io_uring_submit_req")
int on_submit(u64 *context)
{
	struct io_kiocb *request = (struct io_kiocb *)context[0];
	struct asked asked = {};
	u32 one = 1;
	if (current_side() != SERVER || !accepts(request))
		return 0;
	READ(asked.ring, request->ctx);
	READ(asked.user_data, request->cqe.user_data);
	map_update_elem(&accepting, &asked, &one, 0);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int on_complete(u64 *context)
{
	struct io_kiocb *request = (struct io_kiocb *)context[1];
	struct asked asked = {};
	s32 result = -1;
	if (current_side() != SERVER)
		return 0;
	if (request) {
		if (!accepts(request))
			return 0;
		READ(result, request->cqe.res);
	} else {
		/* One of several. Older kernels hand over other things here, which are no
		 * places that can be read. */
		struct io_uring_cqe *done = (struct io_uring_cqe *)context[2];
		asked.ring = context[0];
		READ(asked.user_data, done->user_data);
		READ(result, done->res);
		if (!map_lookup_elem(&accepting, &asked))
			return 0;
	}
	if (result >= 0)
		accepted(get_current_task(), result);
	return 0;
}

/* A result for which there was no room in the ring: it comes later, and is told now. */
SEC("tp_btf/io_uring_cqe_overflow")
int on_overflow(u64 *context)
{
	struct asked asked = {};
	s32 result = (s32)context[2];
	if (current_side() != SERVER || result < 0)
		return 0;
	asked.ring = context[0];
	asked.user_data = context[1];
	if (map_lookup_elem(&accepting, &asked))
		accepted(get_current_task(), result);
	return 0;
}
