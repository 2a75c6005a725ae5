// SPDX-License-Identifier: GPL-2.0
/*
 * The books of many short lives, from trace events and the list in /proc.
 */
#include <stdlib.h>
#include <string.h>

#include "../idxd/proc.h"
#include "ledger.h"
#include "list.h"

#define EVENTS		5
#define ALL_OF_THEM	((1U << EVENTS) - 1)
#define MMS_MAX		256	/* alive at a time */

/* Each of them happens once to a task that is gone. */
static const char * const lifetime[EVENTS + 1] = {
	"offcpu_task_bind", "offcpu_task_kill", "offcpu_task_drained",
	"offcpu_task_dead", "offcpu_task_free"
};

static int which(const struct trace_event *event)
{
	int i;

	for (i = 0; lifetime[i] && strcmp(event->name, lifetime[i]); i++)
		;
	return i;
}

static uint64_t number(const struct trace_event *event, const char *key, int base)
{
	char value[24];

	return trace_field(event, key, value, sizeof(value)) ?
	       strtoull(value, NULL, base) : 0;
}

/* IDs are given in order. */
static bool tasks_settled(const struct trace *trace)
{
	static unsigned int seen[TRACE_MAX];
	int first = trace_find(trace, lifetime[0], NULL, NULL, 0);
	const struct trace_event *event = trace->events + first;
	uint64_t at, base;

	if (first < 0)
		return true;
	memset(seen, 0, sizeof(seen));
	base = number(event, "id", 10);
	for (; event < trace->events + trace->count; event++) {
		int bit = which(event);

		if (bit == EVENTS)
			continue;
		at = number(event, "id", 10) - base;
		if (at >= TRACE_MAX || seen[at] & 1U << bit)
			return false;
		seen[at] |= 1U << bit;
	}
	for (at = 0; at < TRACE_MAX; at++)
		if (seen[at] && seen[at] != ALL_OF_THEM)
			return false;
	return true;
}

/* Addresses are reused: one that was freed before it was bound is another's. */
static bool mms_settled(const struct trace *trace)
{
	uint64_t bound[MMS_MAX], mm;
	unsigned int count = 0, i;

	for (unsigned int at = 0; at < trace->count; at++) {
		const struct trace_event *event = &trace->events[at];
		bool bind = !strcmp(event->name, "mmbind");

		if (!bind && strcmp(event->name, "mmdrop"))
			continue;
		mm = number(event, "mm", 16);
		for (i = 0; i < count && bound[i] != mm; i++)
			;
		if (bind && i == MMS_MAX)
			return false;
		if (bind && i == count)
			bound[count++] = mm;
		else if (!bind && i < count)
			bound[i] = bound[--count];
	}
	return !count;
}

static unsigned int count(const struct trace *trace, const char *name,
			  const char *key, const char *value)
{
	unsigned int found = 0;
	int at = -1;

	while ((at = trace_find(trace, name, key, value, at + 1)) >= 0)
		found++;
	return found;
}

static void add(struct ledger *ledger, const struct trace *trace)
{
	const char * const kill = "offcpu_task_kill";

	ledger->tasks += count(trace, "offcpu_task_bind", NULL, NULL);
	ledger->unbound += count(trace, kill, "cause", "unbind");
	ledger->exited += count(trace, kill, "cause", "exit");
	ledger->lost_device += count(trace, kill, "cause", "device");
	ledger->killed += count(trace, kill, "cause", "admin");
}

bool ledger_settle(struct ledger *ledger, struct trace *trace,
		   unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;

	for (;;) {
		trace_read(trace);
		if (tasks_settled(trace) && mms_settled(trace) && !list_count())
			break;
		if (proc_now() > deadline)
			return false;
		/* Where it is idle, a CPU holds on to the mm that it ran last. */
		proc_visit_cpus();
		proc_nap();
	}
	add(ledger, trace);
	trace_forget(trace);
	return true;
}
