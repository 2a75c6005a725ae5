// SPDX-License-Identifier: GPL-2.0
/*
 * The books of many short lives, from trace events and the list in /proc.
 */
#include <stdlib.h>
#include <string.h>

#include "../idxd/proc.h"
#include "ledger.h"
#include "list.h"

/* Each of them happens once to a task that is gone. */
static const char * const lifetime[] = {
	"offcpu_task_bind", "offcpu_task_kill", "offcpu_task_drained",
	"offcpu_task_dead", "offcpu_task_free", NULL
};

static bool once(const struct trace *trace, const char *name, const char *id)
{
	int at = trace_find(trace, name, "id", id, 0);

	return at >= 0 && trace_find(trace, name, "id", id, at + 1) < 0;
}

static bool task_settled(const struct trace *trace, int bind)
{
	char id[24];

	if (!trace_field(&trace->events[bind], "id", id, sizeof(id)))
		return false;
	for (const char * const *event = lifetime; *event; event++)
		if (!once(trace, *event, id))
			return false;
	return true;
}

static bool tasks_settled(const struct trace *trace)
{
	int at = -1;

	while ((at = trace_find(trace, "offcpu_task_bind", NULL, NULL, at + 1)) >= 0)
		if (!task_settled(trace, at))
			return false;
	return true;
}

/* Addresses are reused: one that was freed before it was bound is another's. */
static bool mms_settled(const struct trace *trace)
{
	int at = -1;
	char mm[32];

	while ((at = trace_find(trace, "mmbind", NULL, NULL, at + 1)) >= 0)
		if (!trace_field(&trace->events[at], "mm", mm, sizeof(mm)) ||
		    trace_find(trace, "mmdrop", "mm", mm, at) < 0)
			return false;
	return true;
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
		/* Where it is idle, a CPU holds on to the mm that it ran last. */
		proc_visit_cpus();
		trace_read(trace);
		if (tasks_settled(trace) && mms_settled(trace) && !list_count())
			break;
		if (proc_now() > deadline)
			return false;
		proc_nap();
	}
	add(ledger, trace);
	trace_forget(trace);
	return true;
}
