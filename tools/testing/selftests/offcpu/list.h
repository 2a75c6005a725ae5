/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /proc/offcpu_tasks and /proc/<pid>/offcpu_tasks list, and the request to
 * kill a task that is made there.
 */
#ifndef SELFTESTS_OFFCPU_LIST_H
#define SELFTESTS_OFFCPU_LIST_H

#include <stdbool.h>

#define LIST_ALL	"/proc/offcpu_tasks"

struct list_row {
	unsigned long long id;
	char state[16];
	char device[64];
	unsigned int pasid;
	double age;
	unsigned long faults;
	int pid;
};

/**
 * list_find() - look for a task
 * @path: LIST_ALL or list_of() a process
 * @id: the task's ID, or 0: the first of @pid's
 * @pid: the process, by its number in the reader's namespace
 * @row: filled in
 *
 * Return: 0; -ENOENT: not there, nor is the file maybe; -EPROTO: malformed.
 */
int list_find(const char *path, unsigned long long id, int pid,
	      struct list_row *row);

/** list_of() - the file that lists a process's tasks, until the next call */
const char *list_of(int pid);

/** list_faults() - page faults served for the caller's first task; -1: it has none */
long list_faults(void);

/** list_count() - how many tasks of any process there are; or -errno */
int list_count(void);

/** list_kill() - write "kill ID"; 0 or -errno */
int list_kill(unsigned long long id);

#endif
