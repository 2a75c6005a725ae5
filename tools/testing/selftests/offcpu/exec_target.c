// SPDX-License-Identifier: GPL-2.0
/*
 * A new program in an old process: what is the queue's file from before good
 * for, and does an offload of its own work in the very thread?
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "exec_target.h"

static void offload(int fd, bool dedicated, struct exec_report *report)
{
	struct queue queue = { .dedicated = dedicated }, again;
	struct portal portal;

	file_queue_of(&again, &queue, fd);
	report->open = portal_open(&portal, &again);
	if (report->open)
		return;
	report->copied = file_portal_copies(&portal);
	portal_close(&portal);
}

int main(int argc, char **argv)
{
	struct exec_report report = { .started = proc_now() };
	int fd;

	if (argc != 4)
		return 2;
	fd = atoi(argv[2]);
	report.map = file_map_errno(fd);
	report.write = file_write_errno(fd);
	report.events = file_poll(fd, 0);
	offload(fd, !strcmp(argv[3], "dedicated"), &report);
	return write(atoi(argv[1]), &report, sizeof(report)) != sizeof(report);
}
