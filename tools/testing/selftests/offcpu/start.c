// SPDX-License-Identifier: GPL-2.0
/*
 * A line from which threads or processes start together.
 */
#include <sched.h>
#include <stdlib.h>

#include "../idxd/proc.h"
#include "start.h"

#define COME_MS		20000
#define MAGNITUDES	8	/* of delays, as powers of two */

bool start_line(struct start *start, uint64_t delay_ns)
{
	uint64_t deadline = proc_now() + COME_MS * NSEC_PER_MSEC;
	int all = (start->arrived++ / start->count + 1) * start->count;
	uint64_t until;

	while (start->arrived < all) {
		if (proc_now() > deadline)
			return false;
		sched_yield();
	}
	until = proc_now() + delay_ns;
	while (proc_now() < until)
		;
	return true;
}

uint64_t start_delay(uint64_t max_ns)
{
	return (rand() % max_ns) >> (rand() % MAGNITUDES);
}
