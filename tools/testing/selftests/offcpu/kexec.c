// SPDX-License-Identifier: GPL-2.0
/*
 * kexec KERNEL INITRD COMMANDLINE: start another kernel while a process has a
 * device at work for it and nobody has told that process.  Whether its tasks die
 * in time, and how long the device went on with what it had, is for whoever reads
 * the kernel's log, with the trace events of off-CPU tasks in it (tp_printk).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "busy.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define PATIENCE	"60000"		/* slow is not stuck */
#define SLOWDOWN	128

static int load_kernel(char **argv)
{
	int kernel = open(argv[0], O_RDONLY | O_CLOEXEC);
	int initrd = open(argv[1], O_RDONLY | O_CLOEXEC);

	if (kernel < 0 || initrd < 0)
		return -errno;
	return syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[2]) + 1,
		       argv[2], 0) ? -errno : 0;
}

static int be_busy(void)
{
	struct queue queue;
	int ret = proc_write_file(TIMEOUT_FILE, PATIENCE);

	if (!ret)
		ret = queue_find(&queue, false);
	return ret ? ret : busy_start(busy_alloc(&queue), SLOWDOWN);
}

int main(int argc, char **argv)
{
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: %s KERNEL INITRD COMMANDLINE\n", argv[0]);
		return 2;
	}
	ret = load_kernel(argv + 1);
	if (!ret)
		ret = be_busy();
	if (!ret)
		ret = reboot(LINUX_REBOOT_CMD_KEXEC);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(ret == -1 ? errno : -ret));
	return 1;
}
