/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What IOMMUs are told when the kernel frees pages of its page tables: global
 * invalidations of the IOTLB, read off the trace event of the invalidation queue.
 */
#ifndef SELFTESTS_IOMMU_SVA_FLUSHES_H
#define SELFTESTS_IOMMU_SVA_FLUSHES_H

#include <stdbool.h>

#define FLUSHES_STORM	"/sys/kernel/debug/iommu/kva/storm"
#define FLUSHES_TABLES	256	/* that flushes_of_storm() has freed */

struct flushes {
	char dir[96];	/* our instance of tracefs */
};

/** flushes_possible() - does the kernel have what frees tables for tests? */
bool flushes_possible(void);

/** flushes_start() - begin to record; 0 or -errno */
int flushes_start(struct flushes *flushes);

/** flushes_stop() - record no more */
void flushes_stop(struct flushes *flushes);

/**
 * flushes_of() - have the kernel do something and count what IOMMUs were told
 * @flushes: started
 * @what: the file to be written to
 * @arg: what is written
 *
 * Return: how many there were, or a negative error number.
 */
int flushes_of(const struct flushes *flushes, const char *what, const char *arg);

/** flushes_of_storm() - the same for FLUSHES_TABLES tables freed */
int flushes_of_storm(const struct flushes *flushes);

#endif
