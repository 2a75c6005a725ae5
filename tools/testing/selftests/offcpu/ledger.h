/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The books of many short lives: every off-CPU task that was bound has died of
 * one cause and was freed once, and so was the mm that it was bound to.
 */
#ifndef SELFTESTS_OFFCPU_LEDGER_H
#define SELFTESTS_OFFCPU_LEDGER_H

#include <stdbool.h>

#include "../idxd/trace.h"

/* Sums over all tasks so far. */
struct ledger {
	unsigned int tasks;
	unsigned int unbound;	/* by cause of their death */
	unsigned int exited;
	unsigned int lost_device;
	unsigned int killed;	/* by an administrator */
};

/**
 * ledger_settle() - wait until nothing is left of what was bound
 * @ledger: what is new is added
 * @trace: started; every process that has bound since is dead.  What it has
 *	taken in is forgotten, so no more than TRACE_MAX events at a time
 * @timeout_ms: at most that long
 *
 * Return: false if a task or an mm is still there, or an event came twice.
 */
bool ledger_settle(struct ledger *ledger, struct trace *trace,
		   unsigned int timeout_ms);

#endif
