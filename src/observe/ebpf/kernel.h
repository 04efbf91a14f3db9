/* What of the kernel's headers the programs need, written out by hand: the few fields
 * that are read, whose places the loader finds in the running kernel's own types (BPF
 * CO-RE), the helpers by their numbers in linux/bpf.h, and how maps are declared. */
#ifndef THREADTAP_KERNEL_H
#define THREADTAP_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef _Bool bool;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define NULL ((void *)0)
enum { false, true };

#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

enum { MAP_HASH = 1, MAP_ARRAY = 2, MAP_LRU_HASH = 9, MAP_SK_STORAGE = 24, MAP_RINGBUF = 27 };
enum { F_NO_PREALLOC = 1, SK_STORAGE_CREATE = 1, RINGBUF_NO_WAKEUP = 1 };

/* linux/bpf.h, __BPF_FUNC_MAPPER */
static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const map_update_elem)(void *map, const void *key, const void *value,
				     u64 flags) = (void *)2;
static long (*const map_delete_elem)(void *map, const void *key) = (void *)3;
static u64 (*const ktime_get_ns)(void) = (void *)5;
static u64 (*const get_current_pid_tgid)(void) = (void *)14;
static u64 (*const get_socket_cookie)(void *sk) = (void *)46;
static void *(*const sk_storage_get)(void *map, void *sk, void *value, u64 flags) = (void *)107;
static long (*const probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*const probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static void *(*const ringbuf_reserve)(void *map, u64 size, u64 flags) = (void *)131;
static void (*const ringbuf_submit)(void *record, u64 flags) = (void *)132;
static struct task_struct *(*const get_current_task)(void) = (void *)158;
static struct pt_regs *(*const task_pt_regs)(struct task_struct *task) = (void *)175;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct fdtable {
	u32 max_fds;
	void **fd;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

struct inode {
	u16 i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct socket {
	struct sock *sk;
};

struct signal_struct {
	struct {
		int counter;
	} live;
	int nr_threads;
	int group_exit_code;
	u32 flags;
};

struct thread_info {
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	u32 flags;
	s32 pid;
	s32 tgid;
	int exit_code;
	u64 start_boottime;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct files_struct *files;
	char comm[16];
};

struct in6_addr {
	u8 bytes[16];
};

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	u8 skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct {
		s64 counter;
	} skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
	u16 sk_protocol;
	int sk_err;
	void *sk_user_data;
};

struct inet_sock {
	u16 inet_sport;
};

struct tcp_sock {
	u32 copied_seq;
	u32 rcv_nxt;
	u64 bytes_received;
};

struct io_cqe {
	u64 user_data;
	s32 res;
};

struct io_uring_cqe {
	u64 user_data;
	s32 res;
};

struct io_ring_ctx;

struct io_kiocb {
	u8 opcode;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
};

struct io_accept {
	u32 file_slot;
};

/* x86-64. */
struct pt_regs {
	unsigned long bx, cx, dx, si, di, orig_ax;
};

#pragma clang attribute pop

#endif
