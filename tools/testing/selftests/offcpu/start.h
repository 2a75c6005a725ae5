/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line from which threads or processes start together, again and again: what
 * makes a race of two system calls.
 */
#ifndef SELFTESTS_OFFCPU_START_H
#define SELFTESTS_OFFCPU_START_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In memory that all of them share. */
struct start {
	int count;		/* how many have to be there */
	atomic_int arrived;	/* so many times has one come to the line */
};

/**
 * start_line() - wait until all have come, then a little more
 * @start: the line, @count filled in
 * @delay_ns: after the last has come; without giving the CPU away
 *
 * Return: false if somebody does not come.
 */
bool start_line(struct start *start, uint64_t delay_ns);

/**
 * start_delay() - a random delay, by rand(), short ones more often
 * @max_ns: below that
 */
uint64_t start_delay(uint64_t max_ns);

#endif
