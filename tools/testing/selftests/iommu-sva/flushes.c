// SPDX-License-Identifier: GPL-2.0
/*
 * What IOMMUs are told when the kernel frees pages of its page tables.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "flushes.h"

#define EVENT		"events/intel_iommu/qi_submit/enable"

/* An IOTLB invalidation (2 in bits 3:0) of all entries (1 in bits 5:4). */
#define QI_IOTLB_GLOBAL	0x12
#define QI_IOTLB_MASK	0x3f

static int trace_write(const char *dir, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return proc_write_file(path, text);
}

bool flushes_possible(void)
{
	return !access(FLUSHES_STORM, W_OK);
}

int flushes_start(struct flushes *flushes)
{
	int ret;

	snprintf(flushes->dir, sizeof(flushes->dir),
		 "/sys/kernel/tracing/instances/flushes-%d", getpid());
	if (mkdir(flushes->dir, 0700))
		return -errno;
	ret = trace_write(flushes->dir, EVENT, "1");
	if (ret)
		rmdir(flushes->dir);
	return ret;
}

void flushes_stop(struct flushes *flushes)
{
	trace_write(flushes->dir, EVENT, "0");
	rmdir(flushes->dir);
}

/* Global IOTLB invalidations among what has been recorded. */
static int count(const char *dir)
{
	unsigned long long qw0;
	char path[128], line[512], *at;
	int flushes = 0;
	FILE *trace;

	snprintf(path, sizeof(path), "%s/trace", dir);
	trace = fopen(path, "r");
	while (trace && fgets(line, sizeof(line), trace)) {
		at = strstr(line, "iotlb_inv ");
		at = at ? strstr(at, ": 0x") : NULL;
		if (!at || sscanf(at, ": 0x%llx", &qw0) != 1)
			continue;
		flushes += (qw0 & QI_IOTLB_MASK) == QI_IOTLB_GLOBAL;
	}
	if (trace)
		fclose(trace);
	return trace ? flushes : -ENOENT;
}

int flushes_of(const struct flushes *flushes, const char *what, const char *arg)
{
	int ret;

	trace_write(flushes->dir, "trace", "");
	ret = proc_write_file(what, arg);
	return ret ? ret : count(flushes->dir);
}

int flushes_of_storm(const struct flushes *flushes)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", FLUSHES_TABLES);
	return flushes_of(flushes, FLUSHES_STORM, text);
}
