// SPDX-License-Identifier: GPL-2.0
/*
 * shutdown reboot | shutdown kexec KERNEL INITRD COMMANDLINE: take the machine
 * down, or start another kernel, while a process has a device at work for it and
 * nobody has told that process.  Whether its tasks die in time is for whoever
 * reads the kernel's log, with the trace events of off-CPU tasks in it
 * (tp_printk).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "busy.h"

#define SLOWDOWN	16

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
	struct busy *busy;
	int ret = queue_find(&queue, false);

	if (ret)
		return ret;
	busy = busy_alloc(&queue);
	return busy_start(busy, SLOWDOWN);
}

int main(int argc, char **argv)
{
	bool kexec = argc == 5 && !strcmp(argv[1], "kexec");
	int ret;

	if (!kexec && (argc != 2 || strcmp(argv[1], "reboot"))) {
		fprintf(stderr, "usage: %s reboot | kexec KERNEL INITRD COMMANDLINE\n",
			argv[0]);
		return 2;
	}
	ret = kexec ? load_kernel(argv + 2) : 0;
	if (!ret)
		ret = be_busy();
	if (!ret)
		ret = reboot(kexec ? LINUX_REBOOT_CMD_KEXEC : RB_AUTOBOOT);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(ret == -1 ? errno : -ret));
	return 1;
}
