/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A FUSE file system of one file, whose server may take a read and keep its
 * answer to itself.  Speaks the protocol of <linux/fuse.h> by itself.
 */
#ifndef SELFTESTS_OFFCPU_FUSE_H
#define SELFTESTS_OFFCPU_FUSE_H

#include <stdatomic.h>
#include <stdbool.h>

#define FUSE_FILE_PAGES	16
#define FUSE_FILE_BYTE	0x7e	/* what all of it consists of */

/* In shared memory, if server and users are processes. */
struct fuse {
	const char *path;	/* the file, which is the file system's root */
	bool unkillable;	/* who waits for a read does so whatever happens */
	int dev;		/* /dev/fuse, the server's */
	int error;		/* of the server's start: -errno */
	atomic_int mounted;
	atomic_int hold;	/* reads are not answered until this is 0 */
	atomic_int held;	/* reads that came meanwhile */
};

/**
 * fuse_serve() - mount the file, then serve it for as long as it is there
 * @fuse: @path and @unkillable are filled in, the rest is zero
 *
 * For a thread or a process of its own.  The file system dies with the last
 * process that has @dev.  Sets @mounted to 1, or to -1 and @error.
 */
void fuse_serve(struct fuse *fuse);

/** fuse_wait() - wait for the server's start; 0 or -errno, -ENODEV: no FUSE */
int fuse_wait(struct fuse *fuse);

/** fuse_map() - map the file, private and writable; NULL if that fails */
void *fuse_map(const struct fuse *fuse);

#endif
