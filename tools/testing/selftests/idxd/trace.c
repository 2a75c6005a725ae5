// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events of off-CPU tasks, and probes on the life of an mm_struct, read
 * through a tracefs instance that is removed again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "trace.h"

#define TRACEFS		"/sys/kernel/tracing"
/* Second argument of the one, first of the other (x86-64 calling convention). */
#define PROBE_BIND	"p:%s/mmbind offcpu_task_bind mm=%%si"
#define PROBE_MMDROP	"p:%s/mmdrop __mmdrop mm=%%di"

static int write_in(const struct trace *trace, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", trace->dir, file);
	return proc_write_file(path, text);
}

static void add_probes(struct trace *trace)
{
	char text[160], enable[64];

	snprintf(trace->probes, sizeof(trace->probes), "ksft_idxd_%d", getpid());
	snprintf(text, sizeof(text), PROBE_BIND, trace->probes);
	if (proc_append_file(TRACEFS "/kprobe_events", text)) {
		trace->probes[0] = '\0';
		return;
	}
	snprintf(text, sizeof(text), PROBE_MMDROP, trace->probes);
	proc_append_file(TRACEFS "/kprobe_events", text);
	snprintf(enable, sizeof(enable), "events/%s/enable", trace->probes);
	write_in(trace, enable, "1");
}

/* No instance may use them any more. */
static void remove_probes(int pid)
{
	char text[96];

	snprintf(text, sizeof(text), "-:ksft_idxd_%d/mmbind", pid);
	proc_append_file(TRACEFS "/kprobe_events", text);
	snprintf(text, sizeof(text), "-:ksft_idxd_%d/mmdrop", pid);
	proc_append_file(TRACEFS "/kprobe_events", text);
}

/* A test that was killed could not remove its instance: do it for it. */
static void remove_stale(void)
{
	DIR *dir = opendir(TRACEFS "/instances");
	struct dirent *entry;
	char path[320];
	int pid;

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "ksft-idxd-%d", &pid) != 1)
			continue;
		snprintf(path, sizeof(path), "/proc/%d", pid);
		if (!access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), TRACEFS "/instances/%s", entry->d_name);
		rmdir(path);
		remove_probes(pid);
	}
	if (dir)
		closedir(dir);
}

int trace_enable(const struct trace *trace, const char *system)
{
	char file[64];

	snprintf(file, sizeof(file), "events/%s/enable", system);
	return write_in(trace, file, "1");
}

int trace_start(struct trace *trace)
{
	char path[128];
	int ret;

	memset(trace, 0, sizeof(*trace));
	trace->pipe = -1;
	if (access(TRACEFS "/instances", F_OK))
		mount("none", TRACEFS, "tracefs", 0, NULL);
	remove_stale();
	snprintf(trace->dir, sizeof(trace->dir), TRACEFS "/instances/ksft-idxd-%d",
		 getpid());
	if (mkdir(trace->dir, 0700) && errno != EEXIST)
		return -ENOENT;
	write_in(trace, "trace_clock", "mono");
	write_in(trace, "buffer_size_kb", "1024");
	add_probes(trace);
	ret = trace_enable(trace, "offcpu");
	snprintf(path, sizeof(path), "%s/trace_pipe", trace->dir);
	trace->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return trace->pipe < 0 ? -ENOENT : ret;
}

void trace_stop(struct trace *trace)
{
	if (trace->pipe >= 0)
		close(trace->pipe);
	trace->pipe = -1;
	rmdir(trace->dir);
	if (trace->probes[0])
		remove_probes(getpid());
}

/* "   name-123   [001] d..1.    12.345678: event: key=value ..." */
static void parse(struct trace *trace, char *line)
{
	struct trace_event *event = &trace->events[trace->count];
	unsigned long long sec, usec;
	char *cpu = strstr(line, " [");
	char *pid = cpu;
	int at = 0;

	while (pid && pid > line && *pid != '-')
		pid--;
	if (!pid || trace->count == TRACE_MAX)
		return;
	cpu = strchr(cpu, ']');
	if (!cpu || sscanf(cpu + 1, " %*s %llu.%llu: %31[^:]: %n", &sec, &usec,
			   event->name, &at) != 3 || !at)
		return;
	event->time = sec * NSEC_PER_SEC + usec * 1000;
	event->task = atoi(pid + 1);
	snprintf(event->fields, sizeof(event->fields), "%s", cpu + 1 + at);
	trace->count++;
}

void trace_read(struct trace *trace)
{
	char *line, *end;
	ssize_t got;

	if (trace->pipe < 0)
		return;
	while ((got = read(trace->pipe, trace->rest + trace->rest_len,
			   sizeof(trace->rest) - 1 - trace->rest_len)) > 0) {
		trace->rest_len += got;
		trace->rest[trace->rest_len] = '\0';
		line = trace->rest;
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			parse(trace, line);
			line = end + 1;
		}
		trace->rest_len = strlen(line);
		memmove(trace->rest, line, trace->rest_len + 1);
	}
}

void trace_forget(struct trace *trace)
{
	trace->count = 0;
}

bool trace_field(const struct trace_event *event, const char *key, char *value,
		 int len)
{
	int klen = strlen(key);

	for (const char *at = event->fields; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, key, klen) || at[klen] != '=')
			continue;
		snprintf(value, len, "%.*s", (int)strcspn(at + klen + 1, " ,"),
			 at + klen + 1);
		return true;
	}
	return false;
}

int trace_find(const struct trace *trace, const char *name, const char *key,
	       const char *value, unsigned int from)
{
	char seen[64];

	for (unsigned int i = from; i < trace->count; i++) {
		if (strcmp(trace->events[i].name, name))
			continue;
		if (!key || (trace_field(&trace->events[i], key, seen, sizeof(seen)) &&
			     !strcmp(seen, value)))
			return i;
	}
	return -1;
}

static int wait_for(struct trace *trace, const char *name, const char *key,
		    const char *value, unsigned int from, unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;
	int found;

	for (;;) {
		trace_read(trace);
		found = trace_find(trace, name, key, value, from);
		if (found >= 0 || proc_now() > deadline)
			return found;
		proc_nap();
	}
}

int trace_mm_freed(struct trace *trace, pid_t task, unsigned int timeout_ms)
{
	char mm[32];
	int at = -1;

	proc_visit_cpus();
	trace_read(trace);
	while ((at = trace_find(trace, "mmbind", NULL, NULL, at + 1)) >= 0)
		if (trace->events[at].task == task)
			break;
	if (at < 0 || !trace_field(&trace->events[at], "mm", mm, sizeof(mm)))
		return -1;
	/* Addresses are reused: what came before the bind was another one. */
	return wait_for(trace, "mmdrop", "mm", mm, at, timeout_ms);
}

static void fill_in(const struct trace *trace, struct trace_life *life, int bind)
{
	trace_field(&trace->events[bind], "id", life->id, sizeof(life->id));
	life->bind = bind;
	life->kill = trace_find(trace, "offcpu_task_kill", "id", life->id, bind);
	life->drained = trace_find(trace, "offcpu_task_drained", "id", life->id, bind);
	life->dead = trace_find(trace, "offcpu_task_dead", "id", life->id, bind);
	life->free = trace_find(trace, "offcpu_task_free", "id", life->id, bind);
}

int trace_lives(const struct trace *trace, pid_t pid, struct trace_life *lives,
		int max)
{
	char value[16];
	int at = -1, count = 0;

	snprintf(value, sizeof(value), "%d", pid);
	while ((at = trace_find(trace, "offcpu_task_bind", "pid", value, at + 1)) >= 0) {
		if (count == max)
			return -1;
		fill_in(trace, &lives[count++], at);
	}
	return count;
}

bool trace_before(const struct trace *trace, int a, int b)
{
	return a >= 0 && b >= 0 && trace->events[a].time <= trace->events[b].time;
}

bool trace_in_order(const struct trace *trace, const struct trace_life *life)
{
	return trace_before(trace, life->bind, life->kill) &&
	       trace_before(trace, life->kill, life->drained) &&
	       trace_before(trace, life->drained, life->dead);
}

bool trace_says(const struct trace *trace, int at, const char *key,
		const char *value)
{
	char seen[64];

	return at >= 0 &&
	       trace_field(&trace->events[at], key, seen, sizeof(seen)) &&
	       !strcmp(seen, value);
}

bool trace_one_life(struct trace *trace, pid_t pid, struct trace_life *life,
		    unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;
	int count;

	for (;;) {
		trace_read(trace);
		count = trace_lives(trace, pid, life, 1);
		if (count == 1 && life->dead >= 0)
			return true;
		if (count < 0 || proc_now() > deadline)
			return false;
		proc_nap();
	}
}

bool trace_is_reaped(struct trace *trace, struct trace_life *life,
		     unsigned int timeout_ms)
{
	life->free = wait_for(trace, "offcpu_task_free", "id", life->id, life->bind,
			      timeout_ms);
	return life->free >= 0;
}
