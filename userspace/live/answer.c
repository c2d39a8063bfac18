// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "live/private.h"
#include "mem/mem.h"

void live_answer_drop(struct live_answer *answer)
{
	mem_secret_free(answer->data);
	memset(answer, 0, sizeof(*answer));
}

/* Return: bytes, 0 when nothing is there now, or -errno. */
static ssize_t answer_recv(int fd, void *at, size_t len)
{
	ssize_t n = len ? recv(fd, at, len, MSG_DONTWAIT) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n || !len ? n : -EPIPE;
}

static int answer_alloc(struct live_answer *answer)
{
	if (answer->head.len > LIVE_ANSWER_MAX)
		return -EFBIG;
	answer->data = mem_secret_alloc(answer->head.len + 1);
	return answer->data ? 0 : -ENOMEM;
}

int live_answer_receive(struct live_answer *answer, int fd)
{
	uint8_t *head = (uint8_t *)&answer->head;
	ssize_t n;
	int ret;

	if (answer->n_head < sizeof(answer->head)) {
		n = answer_recv(fd, head + answer->n_head,
				sizeof(answer->head) - answer->n_head);
		if (n < 0)
			return (int)n;
		answer->n_head += (size_t)n;
		if (answer->n_head < sizeof(answer->head))
			return 0;
		ret = answer_alloc(answer);
		return ret ? ret : !answer->head.len;
	}
	n = answer_recv(fd, answer->data + answer->n_data,
			answer->head.len - answer->n_data);
	if (n < 0)
		return (int)n;
	answer->n_data += (size_t)n;
	return answer->n_data == answer->head.len;
}
