/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What exec_target, the program that exec.c's processes turn into, reports
 * through a pipe.
 *
 *	exec_target PIPE FD MODE
 *
 * PIPE is the pipe's write end, FD a queue's file from before, MODE shared or
 * dedicated.
 */
#ifndef SELFTESTS_OFFCPU_EXEC_TARGET_H
#define SELFTESTS_OFFCPU_EXEC_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#define EXEC_TARGET	"exec_target"

struct exec_report {
	uint64_t started;	/* CLOCK_MONOTONIC */
	int map, write;		/* errno of each on FD */
	int events;		/* of poll() on FD */
	int open;		/* FD opened anew: 0 or -errno */
	bool copied;		/* ... and a copy submitted there arrived */
};

#endif
