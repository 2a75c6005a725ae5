// SPDX-License-Identifier: GPL-2.0
/* The witness of the emulated IOMMU, through debugfs: see witness.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "witness.h"

#define WITNESS	"/sys/kernel/debug/vtd-witness"

bool witness_exists(void)
{
	return !access(WITNESS "/log", R_OK);
}

/* What has been reported since the last call; as much of it as fits. */
static void read_log(char *buf, size_t len)
{
	int fd = open(WITNESS "/log", O_RDONLY);
	char rest[256];
	ssize_t got = 0;
	size_t n = 0;

	while (fd >= 0 && n < len - 1 && (got = read(fd, buf + n, len - 1 - n)) > 0)
		n += got;
	buf[n] = '\0';
	while (fd >= 0 && got > 0)
		got = read(fd, rest, sizeof(rest));
	if (fd >= 0)
		close(fd);
}

void witness_forget(void)
{
	char log[256];

	read_log(log, sizeof(log));
}

static int write_number(const char *path, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return proc_write_file(path, text);
}

void witness_bound(unsigned int ms)
{
	write_number(WITNESS "/bound", ms);
}

void witness_free(uint64_t pfn)
{
	write_number(WITNESS "/freed", pfn);
}

int witness_promote(unsigned int times)
{
	return write_number(WITNESS "/promote", times);
}

static bool holds(char *log, const char *what, const char *and)
{
	char *line, *next = log;

	while ((line = strsep(&next, "\n")))
		if (strstr(line, what) && (!and || strstr(line, and)))
			return true;
		else if (*line)
			printf("# other report: %s\n", line);
	return false;
}

bool witness_says(const char *what, const char *and, unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;
	static char log[32768];

	do {
		read_log(log, sizeof(log));
		if (holds(log, what, and))
			return true;
		proc_nap();
	} while (proc_now() < deadline);
	return false;
}

bool witness_is_silent(void)
{
	static char log[32768];
	char *line, *next = log;
	bool silent = true;

	read_log(log, sizeof(log));
	while ((line = strsep(&next, "\n"))) {
		if (!*line)
			continue;
		printf("# kernel: witness: %s\n", line);
		silent = false;
	}
	return silent;
}

int witness_descriptor(uint64_t lo, uint64_t hi)
{
	char text[80];

	snprintf(text, sizeof(text), "%llx %llx 0 0", (unsigned long long)lo,
		 (unsigned long long)hi);
	return proc_write_file("/sys/kernel/debug/vtd-witness-descriptor", text);
}
