// SPDX-License-Identifier: GPL-2.0
/*
 * One shared queue for the benchmark, configured through sysfs: there is no
 * accel-config in the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define DEVICES	"/sys/bus/dsa/devices"
#define DRIVERS	"/sys/bus/dsa/drivers"

static const char * const settings[][2] = {
	{ DEVICES "/dsa0/engine0.0/group_id",	"0" },
	{ DEVICES "/dsa0/wq0.0/group_id",	"0" },
	{ DEVICES "/dsa0/wq0.0/mode",		"shared" },
	{ DEVICES "/dsa0/wq0.0/size",		"16" },
	{ DEVICES "/dsa0/wq0.0/threshold",	"15" },
	{ DEVICES "/dsa0/wq0.0/priority",	"10" },
	{ DEVICES "/dsa0/wq0.0/block_on_fault",	"1" },
	{ DEVICES "/dsa0/wq0.0/type",		"user" },
	{ DEVICES "/dsa0/wq0.0/name",		"bench" },
	{ DEVICES "/dsa0/wq0.0/driver_name",	"user" },
	{ DRIVERS "/idxd/bind",			"dsa0" },
	{ DRIVERS "/user/bind",			"wq0.0" },
};

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		bench_fail(path);
	close(fd);
}

void bench_queue_enable(void)
{
	unsigned int i;

	load_module("/idxd_bus.ko");
	load_module("/idxd.ko");
	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		bench_write(settings[i][0], settings[i][1]);
	if (access(BENCH_QUEUE, R_OK | W_OK))
		bench_fail(BENCH_QUEUE);
}
