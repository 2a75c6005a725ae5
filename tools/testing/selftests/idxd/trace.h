/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events, read through a tracefs instance of the caller's own: those of
 * off-CPU tasks, and two probes that follow an mm_struct to its end.
 */
#ifndef SELFTESTS_IDXD_TRACE_H
#define SELFTESTS_IDXD_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_MAX	4096	/* events that are remembered */

struct trace_event {
	uint64_t time;		/* CLOCK_MONOTONIC, nanoseconds, microsecond steps */
	pid_t task;		/* the thread in whose context it happened */
	char name[32];
	char fields[160];	/* key=value ... */
};

struct trace {
	int pipe;
	char dir[96];		/* the instance */
	char probes[32];	/* the group of our kprobes; "": none */
	char rest[8192];	/* an unfinished line */
	unsigned int rest_len;
	unsigned int count;
	struct trace_event events[TRACE_MAX];
};

/**
 * trace_start() - begin to record
 * @trace: overwritten
 *
 * Return: 0; -ENOENT without tracefs or without the events of off-CPU tasks.
 */
int trace_start(struct trace *trace);

/** trace_enable() - record the events of another system as well; 0 or -errno */
int trace_enable(const struct trace *trace, const char *system);

/** trace_stop() - remove the instance and the probes */
void trace_stop(struct trace *trace);

/** trace_read() - take in what has been recorded since, without waiting */
void trace_read(struct trace *trace);

/** trace_forget() - drop what has been taken in, to make room for more */
void trace_forget(struct trace *trace);

/**
 * trace_find() - look for an event among those taken in
 * @trace: started
 * @name: offcpu_task_bind, ...
 * @key: a field, or NULL for any event of that name
 * @value: what that field must say, as a string
 * @from: begin with the event of this index
 *
 * Return: its index, or -1.
 */
int trace_find(const struct trace *trace, const char *name, const char *key,
	       const char *value, unsigned int from);

/** trace_field() - copy a field of an event; false if there is none */
bool trace_field(const struct trace_event *event, const char *key, char *value,
		 int len);

/**
 * trace_mm_freed() - wait until the mm_struct that a process bound is freed
 * @trace: started
 * @task: the thread that bound
 * @timeout_ms: at most that long
 *
 * Freed means that its last reference is gone, which an idle CPU may hold:
 * visits all of them.  Return: the index of the event, or -1: it was not freed,
 * nothing was bound, or the kernel has no kprobes.
 */
int trace_mm_freed(struct trace *trace, pid_t task, unsigned int timeout_ms);

/* The life of one off-CPU task, as indices of events; -1: did not happen. */
struct trace_life {
	char id[24];
	int bind, kill, drained, dead, free;
};

/**
 * trace_lives() - the lives of the off-CPU tasks that a process bound
 * @trace: started
 * @pid: the process
 * @lives: filled in
 * @max: entries in @lives
 *
 * Return: how many it bound; -1 if more than @max.
 */
int trace_lives(const struct trace *trace, pid_t pid, struct trace_life *lives,
		int max);

/** trace_before() - did event @a come before @b?  Both did happen. */
bool trace_before(const struct trace *trace, int a, int b);

/** trace_in_order() - bind < kill < drained < dead, all of them seen */
bool trace_in_order(const struct trace *trace, const struct trace_life *life);

/** trace_says() - did event @at happen, with field @key being @value? */
bool trace_says(const struct trace *trace, int at, const char *key,
		const char *value);

/**
 * trace_one_life() - wait for the death of a process's only off-CPU task
 * @trace: started
 * @pid: the process
 * @life: filled in
 * @timeout_ms: at most that long
 *
 * Return: true if it bound exactly one task, and that is dead.
 */
bool trace_one_life(struct trace *trace, pid_t pid, struct trace_life *life,
		    unsigned int timeout_ms);

/** trace_is_reaped() - wait until a dead task is freed; false if it is not */
bool trace_is_reaped(struct trace *trace, struct trace_life *life,
		     unsigned int timeout_ms);

#endif
