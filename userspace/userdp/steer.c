// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which queue of a TUN device a packet comes by: that of its destination. The
 * kernel's own choice follows the queue by which the other direction was
 * written last; of a flow between two peers with different queues that is now
 * the one and now the other, and its packets would overtake each other.
 *
 * A program of the kernel's looks the destination up in a table of prefixes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mem/mem.h"
#include "userdp/private.h"

#define STEER_ENTRIES	131072

/* An IPv4 address is a v4-mapped one. */
struct steer_key {
	uint32_t len;
	uint8_t addr[16];
};

/* On the program's stack: the key, and room for a byte. */
#define KEY		(-24)
#define KEY_WORD(n)	(KEY + 4 + 4 * (n))
#define BYTE		(-32)

#define INSN(op, d, s, o, i) \
	{ .code = (op), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV_IMM(d, i)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV(d, s)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_IMM(d, i)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define STORE(o, i)	INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, o, i)
#define CALL(fn)	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, fn)
#define JUMP_EQ(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JUMP_NE(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)

/* @n bytes of the packet from @from on, to @to on the stack: 6 instructions. */
#define LOAD_BYTES(from, to, n) \
	MOV(BPF_REG_1, BPF_REG_6), MOV_IMM(BPF_REG_2, from), \
	MOV(BPF_REG_3, BPF_REG_10), ADD_IMM(BPF_REG_3, to), \
	MOV_IMM(BPF_REG_4, n), CALL(BPF_FUNC_skb_load_bytes)

/*
 * The kernel wants zeros behind the fields of a command. An initializer makes
 * them only in the member of the union that it names.
 */
static void steer_attr(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

static int steer_bpf(int command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static int steer_table(void)
{
	union bpf_attr attr;

	steer_attr(&attr);
	attr.map_type = BPF_MAP_TYPE_LPM_TRIE;
	attr.key_size = sizeof(struct steer_key);
	attr.value_size = sizeof(uint32_t);
	attr.max_entries = STEER_ENTRIES;
	attr.map_flags = BPF_F_NO_PREALLOC;
	return steer_bpf(BPF_MAP_CREATE, &attr);
}

/* Return: the queue; 0 for what is not in the table. */
static int steer_program(int table)
{
	const struct bpf_insn code[] = {
		MOV(BPF_REG_6, BPF_REG_1),
		STORE(KEY, 128),
		STORE(KEY_WORD(0), 0),
		STORE(KEY_WORD(1), 0),
		STORE(KEY_WORD(2), (int)htonl(0xffff)),
		STORE(KEY_WORD(3), 0),
		LOAD_BYTES(0, BYTE, 1),
		JUMP_NE(BPF_REG_0, 0, 24),
		INSN(BPF_LDX | BPF_MEM | BPF_B, BPF_REG_7, BPF_REG_10, BYTE, 0),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_7, 0, 0, 4),
		JUMP_EQ(BPF_REG_7, 4, 8),
		JUMP_NE(BPF_REG_7, 6, 20),
		LOAD_BYTES(IP6_ADDRS + 16, KEY_WORD(0), 16),
		INSN(BPF_JMP | BPF_JA, 0, 0, 6, 0),
		LOAD_BYTES(IP4_ADDRS + 4, KEY_WORD(3), 4),
		JUMP_NE(BPF_REG_0, 0, 6),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD,
		     0, table),
		INSN(0, 0, 0, 0, 0),
		MOV(BPF_REG_2, BPF_REG_10),
		ADD_IMM(BPF_REG_2, KEY),
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP_NE(BPF_REG_0, 0, 2),
		MOV_IMM(BPF_REG_0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr;

	steer_attr(&attr);
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(*code);
	attr.license = (uintptr_t)"GPL";
	return steer_bpf(BPF_PROG_LOAD, &attr);
}

int userdp_steer_open(int tun_fd)
{
	int table = steer_table(), program, ret;

	if (table < 0)
		return table;
	program = steer_program(table);
	ret = program;
	if (program >= 0) {
		ret = ioctl(tun_fd, TUNSETSTEERINGEBPF, &program) ? -errno : 0;
		close(program);
	}
	if (ret) {
		close(table);
		return ret;
	}
	return table;
}

void userdp_steer_close(int table, int tun_fd)
{
	int none = -1;

	if (table < 0)
		return;
	ioctl(tun_fd, TUNSETSTEERINGEBPF, &none);
	close(table);
}

static struct steer_key steer_key(const struct net_prefix *dst)
{
	struct steer_key key = { .len = dst->len };

	if (dst->ip.family == AF_INET6) {
		memcpy(key.addr, &dst->ip.in6, sizeof(key.addr));
		return key;
	}
	key.len += 96;
	key.addr[10] = key.addr[11] = 0xff;
	memcpy(key.addr + 12, &dst->ip.in4, 4);
	return key;
}

int userdp_steer_set(int table, const struct net_prefix *dst, uint32_t queue)
{
	struct steer_key key = steer_key(dst);
	union bpf_attr attr;

	steer_attr(&attr);
	attr.map_fd = (uint32_t)table;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&queue;
	return steer_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

void userdp_steer_drop(int table, const struct net_prefix *dst)
{
	struct steer_key key = steer_key(dst);
	union bpf_attr attr;

	steer_attr(&attr);
	attr.map_fd = (uint32_t)table;
	attr.key = (uintptr_t)&key;
	steer_bpf(BPF_MAP_DELETE_ELEM, &attr);
}
