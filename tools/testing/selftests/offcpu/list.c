// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/offcpu_tasks and /proc/<pid>/offcpu_tasks, read and written.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../idxd/proc.h"
#include "list.h"

#define HEADER	"id state device pasid age faults pid\n"

int list_find(const char *path, unsigned long long id, int pid,
	      struct list_row *row)
{
	FILE *file = fopen(path, "re");
	int ret = -ENOENT;
	char line[256];

	if (!file)
		return -errno;
	if (!fgets(line, sizeof(line), file) || strcmp(line, HEADER))
		ret = -EPROTO;
	while (ret == -ENOENT && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llu %15s %63s %u %lf %lu %d\n", &row->id,
			   row->state, row->device, &row->pasid, &row->age,
			   &row->faults, &row->pid) != 7)
			ret = -EPROTO;
		else if (id ? row->id == id : row->pid == pid)
			ret = 0;
	}
	fclose(file);
	return ret;
}

const char *list_of(int pid)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/offcpu_tasks", pid);
	return path;
}

long list_faults(void)
{
	struct list_row row;

	return list_find(list_of(getpid()), 0, getpid(), &row) ? -1 :
	       (long)row.faults;
}

int list_count(void)
{
	FILE *file = fopen(LIST_ALL, "re");
	int count = -1;
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		count++;
	fclose(file);
	return count;
}

int list_kill(unsigned long long id)
{
	char text[32];

	snprintf(text, sizeof(text), "kill %llu\n", id);
	return proc_write_file(LIST_ALL, text);
}
