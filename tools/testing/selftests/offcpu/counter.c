// SPDX-License-Identifier: GPL-2.0
/*
 * Words in memory that the engine of the off-CPU task sample counts in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../../../../samples/offcpu/offcpu_sample.h"
#include "../idxd/proc.h"
#include "counter.h"

#define POISON		0x5a5a5a5a5a5a5a5aULL
#define MOVES_MS	10000
#define STAYS_MS	100

int counter_load(bool load)
{
	return proc_run((char *[]){
		"modprobe", load ? "-a" : "-r", "offcpu-sample", NULL });
}

int counter_start(struct counter *counter, uint64_t stores, unsigned int pause_us,
		  bool deaf, const char *device)
{
	struct offcpu_sample_job job = {
		.addr = (uintptr_t)&counter->word,
		.stores = stores,
		.pause_us = pause_us,
		.deaf = deaf,
	};
	int fd = open("/dev/offcpu-sample", O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	snprintf(job.device, sizeof(job.device), "%s", device);
	if (write(fd, &job, sizeof(job)) != sizeof(job))
		ret = -errno;
	close(fd);
	return ret;
}

bool counter_moves(const struct counter *counter)
{
	uint64_t deadline = proc_now() + MOVES_MS * NSEC_PER_MSEC;
	uint64_t start = counter->word;

	while (counter->word == start) {
		if (proc_now() > deadline)
			return false;
		proc_nap();
	}
	return true;
}

bool counter_stays(struct counter *counter)
{
	uint64_t deadline = proc_now() + STAYS_MS * NSEC_PER_MSEC;

	counter->word = POISON;
	while (counter->word == POISON) {
		if (proc_now() > deadline)
			return true;
		proc_nap();
	}
	return false;
}
