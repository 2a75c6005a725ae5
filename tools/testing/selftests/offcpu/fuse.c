// SPDX-License-Identifier: GPL-2.0
/*
 * A FUSE file system of one file, served through /dev/fuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "fuse.h"

#define PAGE		4096
#define FILE_BYTES	(FUSE_FILE_PAGES * PAGE)
#define ROOT_ID		1
#define START_MS	10000
#define VALID_S		3600

struct request {
	struct fuse_in_header head;
	union {
		struct fuse_init_in init;
		struct fuse_read_in read;
		char space[FILE_BYTES];
	};
};

struct answer {
	struct fuse_out_header head;
	union {
		struct fuse_init_out init;
		struct fuse_attr_out attr;
		struct fuse_open_out open;
		char data[FILE_BYTES];
	};
};

/* A read that is not part of a readahead is waited for even by the dead. */
static int on_init(const struct fuse *fuse, const struct request *request,
		   struct answer *answer)
{
	answer->init = (struct fuse_init_out) {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = fuse->unkillable ? 0 : FILE_BYTES,
		.flags = fuse->unkillable ? 0 : FUSE_ASYNC_READ,
		.max_write = PAGE,
	};
	return sizeof(answer->init);
}

static int on_getattr(struct answer *answer)
{
	answer->attr = (struct fuse_attr_out) {
		.attr_valid = VALID_S,
		.attr = {
			.ino = ROOT_ID,
			.size = FILE_BYTES,
			.mode = S_IFREG | 0600,
			.nlink = 1,
		},
	};
	return sizeof(answer->attr);
}

static int on_read(struct fuse *fuse, const struct request *request,
		   struct answer *answer)
{
	if (fuse->hold)
		fuse->held++;
	while (fuse->hold)
		proc_nap();
	if (request->read.offset >= FILE_BYTES)
		return 0;
	memset(answer->data, FUSE_FILE_BYTE, sizeof(answer->data));
	if (request->read.size > FILE_BYTES - request->read.offset)
		return FILE_BYTES - request->read.offset;
	return request->read.size;
}

/* Bytes behind the header of an answer, or a negative error number. */
static int handle(struct fuse *fuse, const struct request *request,
		  struct answer *answer)
{
	switch (request->head.opcode) {
	case FUSE_INIT:
		return on_init(fuse, request, answer);
	case FUSE_GETATTR:
		return on_getattr(answer);
	case FUSE_OPEN:
		memset(&answer->open, 0, sizeof(answer->open));
		return sizeof(answer->open);
	case FUSE_READ:
		return on_read(fuse, request, answer);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static bool wants_no_answer(unsigned int opcode)
{
	return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET ||
	       opcode == FUSE_INTERRUPT;
}

static int mount_it(struct fuse *fuse)
{
	char options[128];
	int fd;

	fuse->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse->dev < 0)
		return -ENODEV;
	/* What a file system is mounted on is of its root's kind. */
	fd = open(fuse->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=0100600,user_id=0,group_id=0", fuse->dev);
	return mount("fuse", fuse->path, "fuse", MS_NOSUID | MS_NODEV, options) ?
	       -errno : 0;
}

void fuse_serve(struct fuse *fuse)
{
	static struct request request;
	static struct answer answer;
	int len;

	fuse->error = mount_it(fuse);
	if (fuse->error)
		fuse->mounted = -1;
	while (!fuse->error &&
	       read(fuse->dev, &request, sizeof(request)) > 0) {
		if (wants_no_answer(request.head.opcode))
			continue;
		len = handle(fuse, &request, &answer);
		answer.head = (struct fuse_out_header) {
			.len = sizeof(answer.head) + (len > 0 ? len : 0),
			.error = len < 0 ? len : 0,
			.unique = request.head.unique,
		};
		/* Who asked may have gone. */
		if (write(fuse->dev, &answer, answer.head.len) < 0 &&
		    errno != ENOENT)
			return;
		/* Files that are opened from now on know about readahead. */
		if (request.head.opcode == FUSE_INIT)
			fuse->mounted = 1;
	}
}

int fuse_wait(struct fuse *fuse)
{
	uint64_t deadline = proc_now() + START_MS * NSEC_PER_MSEC;

	while (!fuse->mounted) {
		if (proc_now() > deadline)
			return -ETIMEDOUT;
		proc_nap();
	}
	return fuse->error;
}

void *fuse_map(const struct fuse *fuse)
{
	int fd = open(fuse->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *mem;

	/* The root's size is known once somebody has asked for it. */
	if (fd < 0 || fstat(fd, &st) || st.st_size != FILE_BYTES)
		return NULL;
	mem = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	return mem == MAP_FAILED ? NULL : mem;
}
