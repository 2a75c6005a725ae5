// SPDX-License-Identifier: GPL-2.0
/*
 * offcpu(8): what it prints of a live task, and that it kills and follows one.
 * The program is found through PATH.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "../kselftest_harness.h"
#include "counter.h"

#define OUTPUT_MAX	65536
#define WAIT_MS		20000
#define PAUSE_US	1000
#define STORES		20
#define NOBODY		65534
#define TEST_SECONDS	120
#define EXIT_MISSING	127
#define EXIT_USAGE	2
#define COMMAND		"a \"b\\c"	/* what the process calls itself */

/* What a program printed, both outputs together. */
static char output[OUTPUT_MAX];

/* Its exit status, or a negative error number. */
static int run(const char *command)
{
	FILE *pipe = popen(command, "re");
	size_t len;
	int status;

	if (!pipe)
		return -errno;
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* Run it on one task. */
static int on_task(const char *command, unsigned long long id)
{
	char line[128];

	snprintf(line, sizeof(line), "offcpu %s %llu 2>&1", command, id);
	return run(line);
}

/* A process with a task of the sample's. */
struct owner {
	struct counter counter;
	int error, kill;
	unsigned long long id;
	atomic_int ready;
};

FIXTURE(tool) {
	struct owner *owner;
	pid_t pid;
};

static void own(void *arg)
{
	struct owner *owner = arg;

	owner->error = proc_write_file("/proc/self/comm", COMMAND);
	if (!owner->error)
		owner->error = counter_start(&owner->counter, 0, PAUSE_US, false, "");
	owner->ready = 1;
	for (;;)
		pause();
}

/* The only task of a process, from the kernel's own list. */
static unsigned long long find_id(int pid)
{
	unsigned long long id = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/offcpu_tasks", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* The header first */
	while (fgets(line, sizeof(line), file))
		id = strtoull(line, NULL, 10);
	fclose(file);
	return id;
}

FIXTURE_SETUP(tool)
{
	if (run("offcpu 2>&1") == EXIT_MISSING)
		SKIP(return, "no offcpu in PATH");
	if (counter_load(true))
		SKIP(return, "no offcpu-sample module");
	self->owner = proc_shared(sizeof(*self->owner));
	self->pid = proc_spawn(own, self->owner);
	ASSERT_TRUE(proc_wait_flag(&self->owner->ready, 1, WAIT_MS));
	ASSERT_EQ(0, self->owner->error);
	self->owner->id = find_id(self->pid);
	ASSERT_NE(0, self->owner->id);
}

FIXTURE_TEARDOWN(tool)
{
	int status;

	/* It works without an end: don't wait for the ladder. */
	if (find_id(self->pid))
		on_task("kill", self->owner->id);
	kill(self->pid, SIGKILL);
	proc_wait(self->pid, WAIT_MS, &status);
	EXPECT_EQ(0, counter_load(false));
}

TEST_F_TIMEOUT(tool, usage, TEST_SECONDS)
{
	EXPECT_EQ(EXIT_USAGE, run("offcpu 2>&1"));
	EXPECT_EQ(EXIT_USAGE, run("offcpu ps --xml 2>&1"));
	EXPECT_EQ(EXIT_USAGE, run("offcpu kill 2>&1"));
	EXPECT_EQ(EXIT_USAGE, run("offcpu trace now 2>&1"));
	EXPECT_EQ(0, strncmp(output, "usage: offcpu ps", 16));
}

TEST_F_TIMEOUT(tool, ps_prints_a_table, TEST_SECONDS)
{
	char expected[128], *line;

	ASSERT_EQ(0, run("offcpu ps"));
	EXPECT_NE(NULL, strstr(output, "ID STATE DEVICE"));
	snprintf(expected, sizeof(expected), "%8llu live  offcpu-sample ",
		 self->owner->id);
	line = strstr(output, expected);
	ASSERT_NE(NULL, line) TH_LOG("%s", output);
	snprintf(expected, sizeof(expected), "%7d " COMMAND "\n", self->pid);
	EXPECT_NE(NULL, strstr(line, expected)) TH_LOG("%s", output);
}

/* A name that needs quoting, and each field of its own type. */
TEST_F_TIMEOUT(tool, ps_prints_json, TEST_SECONDS)
{
	char command[1024];

	if (run("python3 -c pass 2>&1"))
		SKIP(return, "no python3 to read JSON");
	snprintf(command, sizeof(command),
		 "offcpu ps --json | python3 -c '\n"
		 "import json, sys\n"
		 "t = [t for t in json.load(sys.stdin) if t[\"id\"] == %llu][0]\n"
		 "print(t[\"state\"], t[\"device\"], t[\"pid\"])\n"
		 "print(type(t[\"age\"]).__name__, t[\"pasid\"], t[\"faults\"])\n"
		 "print(t[\"command\"])' 2>&1", self->owner->id);
	EXPECT_EQ(0, run(command));
	snprintf(command, sizeof(command),
		 "live offcpu-sample %d\nfloat 0 0\n" COMMAND "\n", self->pid);
	EXPECT_STREQ(command, output);
}

TEST_F_TIMEOUT(tool, kill_ends_the_task_alone, TEST_SECONDS)
{
	EXPECT_EQ(0, on_task("kill", self->owner->id));
	EXPECT_STREQ("", output);
	EXPECT_TRUE(counter_stays(&self->owner->counter));
	EXPECT_EQ(0, find_id(self->pid));
	EXPECT_EQ(0, kill(self->pid, 0));
	EXPECT_EQ(1, on_task("kill", self->owner->id));
	EXPECT_NE(NULL, strstr(output, "No such process"));
}

static void kill_as_stranger(void *arg)
{
	struct owner *owner = arg;

	owner->kill = setresuid(NOBODY, NOBODY, NOBODY);
	if (!owner->kill)
		owner->kill = on_task("kill", owner->id);
	if (owner->kill == 1 && !strstr(output, "Operation not permitted"))
		owner->kill = -EPROTO;
}

TEST_F_TIMEOUT(tool, kill_says_what_is_wrong, TEST_SECONDS)
{
	int status;

	EXPECT_EQ(1, run("offcpu kill x 2>&1"));
	EXPECT_NE(NULL, strstr(output, "x: Invalid argument"));
	ASSERT_NE(0, proc_wait(proc_spawn(kill_as_stranger, self->owner), WAIT_MS,
			       &status));
	EXPECT_EQ(1, self->owner->kill);
	EXPECT_TRUE(counter_moves(&self->owner->counter));
}

/* The next line that @pipe prints about our task begins with @event. */
static bool next_event(FILE *pipe, const char *event, unsigned long long id)
{
	unsigned long long seen_id;
	char line[512], seen[32];
	double time;

	while (fgets(line, sizeof(line), pipe)) {
		if (sscanf(line, "%lf %31s id=%llu", &time, seen, &seen_id) == 3 &&
		    seen_id == id)
			return !strcmp(seen, event);
	}
	return false;
}

static void bind_again(void *arg)
{
	struct owner *owner = arg;

	owner->error = counter_start(&owner->counter, STORES, PAUSE_US, false, "");
	owner->id = find_id(getpid());
	owner->ready = 2;
	proc_wait_flag(&owner->ready, 3, WAIT_MS);
}

/* Its output goes to the pipe whose writing end is *@arg. */
static void be_tracer(void *arg)
{
	dup2(*(int *)arg, STDOUT_FILENO);
	execlp("offcpu", "offcpu", "trace", NULL);
}

static bool instance_exists(pid_t tracer)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/tracing/instances/offcpu-%d",
		 tracer);
	return !access(path, F_OK);
}

/* It follows once its instance records the events. */
static bool follows(pid_t tracer)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	char path[128], text[8] = "";

	snprintf(path, sizeof(path),
		 "/sys/kernel/tracing/instances/offcpu-%d/events/offcpu/enable",
		 tracer);
	while (proc_read_file(path, text, sizeof(text)) || strcmp(text, "1")) {
		if (proc_now() > deadline)
			return false;
		proc_nap();
	}
	return true;
}

TEST_F_TIMEOUT(tool, trace_follows_a_task, TEST_SECONDS)
{
	static const char * const events[] = {
		"bind", "kill", "drained", "dead", "free"
	};
	struct owner *owner = proc_shared(sizeof(*owner));
	int ends[2], status;
	pid_t tracer, pid;
	FILE *lines;

	ASSERT_EQ(0, pipe(ends));
	tracer = proc_spawn(be_tracer, &ends[1]);
	close(ends[1]);
	lines = fdopen(ends[0], "r");
	ASSERT_NE(NULL, lines);
	ASSERT_TRUE(follows(tracer));

	pid = proc_spawn(bind_again, owner);
	ASSERT_TRUE(proc_wait_flag(&owner->ready, 2, WAIT_MS));
	ASSERT_EQ(0, owner->error);
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		EXPECT_TRUE(next_event(lines, events[i], owner->id))
			TH_LOG("%s", events[i]);
		/* Each line comes when it happens: the process is alive still. */
		if (!i)
			owner->ready = 3;
	}
	ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));

	kill(tracer, SIGINT);
	ASSERT_NE(0, proc_wait(tracer, WAIT_MS, &status));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
	EXPECT_FALSE(instance_exists(tracer));
	fclose(lines);
}

TEST_HARNESS_MAIN
