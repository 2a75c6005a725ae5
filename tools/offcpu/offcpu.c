// SPDX-License-Identifier: GPL-2.0
/*
 * offcpu: look at off-CPU tasks, kill one, follow how they die.
 *
 * Uses /proc/offcpu_tasks, described in
 * Documentation/admin-guide/offcpu-tasks.rst, and the trace events of system
 * offcpu, through a tracefs instance of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TASKS		"/proc/offcpu_tasks"
#define EVENT		": offcpu_task_"
#define EXIT_USAGE	2
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct task {
	unsigned long long id;
	char state[16];
	char device[128];
	unsigned int pasid;
	char age[32];		/* seconds, as the kernel says it */
	unsigned long faults;
	int pid;
	char command[64];	/* "": the process has gone */
};

static int fail(const char *what)
{
	fprintf(stderr, "offcpu: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

/*
 * offcpu ps
 */

static void read_command(struct task *task)
{
	char path[64];
	FILE *file;

	task->command[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", task->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(task->command, sizeof(task->command), file))
		task->command[strcspn(task->command, "\n")] = '\0';
	fclose(file);
}

/* Columns may be added at the end of the line. */
static bool parse_task(const char *line, struct task *task)
{
	if (sscanf(line, "%llu %15s %127s %u %31s %lu %d", &task->id,
		   task->state, task->device, &task->pasid, task->age,
		   &task->faults, &task->pid) != 7)
		return false;
	read_command(task);
	return true;
}

static void print_row(const struct task *task)
{
	const char *command = task->command;

	printf("%8llu %-5s %-15s %7u %12s %10lu %7d ", task->id,
	       task->state, task->device, task->pasid, task->age, task->faults,
	       task->pid);
	/* A process may call itself what it likes. */
	for (; *command; command++)
		putchar((unsigned char)*command < ' ' || *command == 0x7f ?
			'?' : *command);
	putchar('\n');
}

/* Bytes that are no ASCII as if they were Latin-1: a name may be anything. */
static void print_json_string(const char *name, const char *value)
{
	printf(", \"%s\": \"", name);
	for (; *value; value++) {
		unsigned char c = *value;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_json(const struct task *task, bool first)
{
	printf("%s\n  {\"id\": %llu", first ? "" : ",", task->id);
	print_json_string("state", task->state);
	print_json_string("device", task->device);
	printf(", \"pasid\": %u, \"age\": %s, \"faults\": %lu, \"pid\": %d",
	       task->pasid, task->age, task->faults, task->pid);
	if (task->command[0])
		print_json_string("command", task->command);
	else
		printf(", \"command\": null");
	putchar('}');
}

static int print_tasks(FILE *file, bool json)
{
	bool first = true;
	struct task task;
	char line[512];

	/* The header */
	if (!fgets(line, sizeof(line), file))
		return fail(TASKS);

	if (json)
		putchar('[');
	else
		printf("%8s %-5s %-15s %7s %12s %10s %7s %s\n", "ID", "STATE",
		       "DEVICE", "PASID", "AGE", "FAULTS", "PID", "COMMAND");
	while (fgets(line, sizeof(line), file)) {
		if (!parse_task(line, &task))
			continue;
		if (json)
			print_json(&task, first);
		else
			print_row(&task);
		first = false;
	}
	if (json)
		puts(first ? "]" : "\n]");
	return ferror(file) ? fail(TASKS) : EXIT_SUCCESS;
}

static int ps(bool json)
{
	FILE *file = fopen(TASKS, "re");
	int ret;

	if (!file)
		return fail(TASKS);
	ret = print_tasks(file, json);
	fclose(file);
	return ret;
}

/*
 * offcpu kill
 */

static int kill_task(const char *id)
{
	char request[64];
	int fd, len, ret = EXIT_SUCCESS;

	len = snprintf(request, sizeof(request), "kill %s", id);
	if (len >= (int)sizeof(request)) {
		errno = EINVAL;
		return fail(id);
	}
	fd = open(TASKS, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(TASKS);
	if (write(fd, request, len) != len)
		ret = fail(id);
	close(fd);
	return ret;
}

/*
 * offcpu trace
 */

static atomic_int stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* When tasks were killed: the latest few, by ID. */
static struct {
	unsigned long long id;
	double time;
} kills[4096];

/* " +123us", since the task was killed; "" before that, or if it is long ago. */
static void print_since_kill(const char *event, unsigned long long id, double now)
{
	unsigned int slot = id % ARRAY_SIZE(kills);

	if (!strcmp(event, "kill")) {
		kills[slot].id = id;
		kills[slot].time = now;
	} else if (id && kills[slot].id == id) {
		printf(" +%.0fus", (now - kills[slot].time) * 1e6);
	}
}

static char *find_event(char *line)
{
	char *at, *last = NULL;

	/* The last: a thread may call itself so. */
	for (at = line; (at = strstr(at, EVENT)); at++)
		last = at;
	return last;
}

/* "   name-123   [001] d..1.    12.345678: offcpu_task_kill: id=7 mm=... ..." */
static void print_event(char *line)
{
	char *at = find_event(line), *name, *fields, *mm;
	unsigned long long id;
	double now;

	if (!at)
		return;
	name = at + strlen(EVENT);
	fields = strchr(name, ':');
	if (!fields)
		return;
	*at = '\0';
	*fields = '\0';
	fields += 1;
	if (sscanf(fields, " id=%llu", &id) != 1)
		return;
	now = strtod(strrchr(line, ' ') ?: line, NULL);
	fields[strcspn(fields, "\n")] = '\0';
	mm = strstr(fields, " mm=");

	printf("%.6f %-7s id=%-6llu", now, name, id);
	if (mm)
		printf("%s", mm + 4 + strcspn(mm + 4, " "));
	print_since_kill(name, id, now);
	putchar('\n');
}

static int set(const char *instance, const char *file, const char *value)
{
	char path[192];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write(fd, value, strlen(value)) < 0)
		ret = -1;
	close(fd);
	return ret;
}

static int follow(const char *instance)
{
	char path[192], line[1024];
	FILE *pipe;

	if (set(instance, "trace_clock", "mono") ||
	    set(instance, "events/offcpu/enable", "1"))
		return fail(instance);
	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	pipe = fopen(path, "re");
	if (!pipe)
		return fail(path);
	while (!stopped && fgets(line, sizeof(line), pipe))
		print_event(line);
	fclose(pipe);
	return EXIT_SUCCESS;
}

static int trace(void)
{
	/* No SA_RESTART: the read must end. */
	struct sigaction action = { .sa_handler = stop };
	const char *tracefs = "/sys/kernel/tracing";
	char instance[128];
	int ret;

	snprintf(instance, sizeof(instance), "%s/instances/offcpu-%d", tracefs,
		 getpid());
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mkdir(instance, 0700))
		return fail(instance);
	ret = follow(instance);
	rmdir(instance);
	return ret;
}

static int explain(void)
{
	fputs("usage: offcpu ps [--json]\n"
	      "       offcpu kill ID\n"
	      "       offcpu trace\n", stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "ps") && argc == 2)
		return ps(false);
	if (!strcmp(command, "ps") && argc == 3 && !strcmp(argv[2], "--json"))
		return ps(true);
	if (!strcmp(command, "kill") && argc == 3)
		return kill_task(argv[2]);
	if (!strcmp(command, "trace") && argc == 2)
		return trace();
	return explain();
}
