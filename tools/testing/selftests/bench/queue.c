// SPDX-License-Identifier: GPL-2.0
/*
 * One shared queue for the benchmark, with all engines, configured through sysfs:
 * there is no accel-config in the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/insn.h"
#include "bench.h"

#define DEVICES	"/sys/bus/dsa/devices"
#define DRIVERS	"/sys/bus/dsa/drivers"

static const char * const settings[][2] = {
	{ DEVICES "/dsa0/engine0.0/group_id",	"0" },
	{ DEVICES "/dsa0/engine0.1/group_id",	"0" },
	{ DEVICES "/dsa0/engine0.2/group_id",	"0" },
	{ DEVICES "/dsa0/engine0.3/group_id",	"0" },
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

void bench_queue_enable(void)
{
	unsigned int i;

	bench_load_module("/idxd_bus.ko");
	bench_load_module("/idxd.ko");
	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		bench_write(settings[i][0], settings[i][1]);
	if (access(BENCH_QUEUE, R_OK | W_OK))
		bench_fail(BENCH_QUEUE);
}

void *bench_queue_open(void)
{
	int fd = open(BENCH_QUEUE, O_RDWR);
	void *portal;

	if (fd < 0)
		bench_fail(BENCH_QUEUE);
	portal = mmap(NULL, BENCH_PAGE, PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (portal == MAP_FAILED)
		bench_fail("mmap of a portal");
	close(fd);
	return portal;
}

void bench_submit(void *portal, const struct desc *desc)
{
	if (!insn_enqcmd(portal, &desc->hw)) {
		errno = EAGAIN;
		bench_fail("enqcmd");
	}
}
