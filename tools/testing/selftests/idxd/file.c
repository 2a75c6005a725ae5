// SPDX-License-Identifier: GPL-2.0
/*
 * What a queue's open file and its portal do for whoever has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "desc.h"
#include "file.h"
#include "proc.h"

#define PAGE		4096
#define WAIT_MS		10000

int file_open_errno(const struct queue *queue)
{
	int fd = open(queue->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

int file_map_errno(int fd)
{
	void *reg = mmap(NULL, QUEUE_PORTAL_SIZE, PROT_WRITE, MAP_SHARED, fd, 0);

	if (reg == MAP_FAILED)
		return errno;
	munmap(reg, QUEUE_PORTAL_SIZE);
	return 0;
}

int file_write_errno(int fd)
{
	struct desc desc;

	desc_init_silent(&desc);
	return write(fd, &desc.hw, sizeof(desc.hw)) < 0 ? errno : 0;
}

static void submit_silent(void *portal)
{
	struct desc desc;

	desc_init_silent(&desc);
	portal_submit_once(portal, &desc.hw);
}

int file_portal_signal(struct portal *portal)
{
	return proc_signal_of(submit_silent, portal);
}

int file_wait_signal(struct portal *portal, unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;
	int signal;

	while (!(signal = file_portal_signal(portal)) && proc_now() < deadline)
		proc_nap();
	return signal;
}

int file_poll(int fd, unsigned int timeout_ms)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };

	return poll(&event, 1, timeout_ms) == 1 ? event.revents : 0;
}

void file_queue_of(struct queue *queue, const struct queue *like, int fd)
{
	*queue = *like;
	snprintf(queue->path, sizeof(queue->path), "/proc/self/fd/%d", fd);
}

bool file_portal_copies(const struct portal *portal)
{
	struct {
		struct desc desc;
		uint8_t src[PAGE], dst[PAGE];
	} *copy;
	struct portal mine = *portal;
	bool copied;

	copy = mmap(NULL, sizeof(*copy), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (copy == MAP_FAILED)
		return false;
	memset(copy->src, 0x51, PAGE);
	desc_memmove(&copy->desc, copy->dst, copy->src, PAGE);
	copied = portal_submit(&mine, &copy->desc.hw) >= 0 &&
		 desc_wait(&copy->desc.record, WAIT_MS) == DSA_COMP_SUCCESS &&
		 !memcmp(copy->dst, copy->src, PAGE);
	munmap(copy, sizeof(*copy));
	return copied;
}

/* One byte of data, as a file can't travel alone. */
union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int file_send(int socket, int fd)
{
	union control control = {};
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

int file_receive(int socket)
{
	union control control = {};
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}
