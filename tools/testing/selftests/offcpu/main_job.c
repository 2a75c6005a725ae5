// SPDX-License-Identifier: GPL-2.0
/*
 * The main job, narrated: a process offloads copies to an accelerator through
 * ENQCMD, a second one is killed at it, and what becomes of its off-CPU task is
 * read off the trace events.  Configures queues, needs root.
 *
 * Exit status 0 only if every step held.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../idxd/insn.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../kselftest.h"
#include "victim.h"

#define MIB		(1024 * 1024)
#define COPY_BYTES	(64 * MIB)
#define COPY_PIECE	(64 * 1024)
#define COPY_SLOTS	64
#define VICTIM_MS	20	/* device time for each of its descriptors */
#define VICTIM_DESCS	8

static unsigned int failures;

/* One line for each thing that has to hold. */
static bool __printf(2, 3) step(bool held, const char *format, ...)
{
	va_list args;

	printf("  [%s] ", held ? "  ok  " : "FAILED");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	failures += !held;
	return held;
}

static void title(const char *text)
{
	printf("\n%s\n", text);
	fflush(stdout);
}

/* ---- configuration ---- */

static bool configure(struct queue *shared)
{
	struct queue dedicated;
	char path[4200];
	int ret;

	title("Configure");
	if (!step(queue_device_exists(), "there is a DSA device"))
		return false;
	ret = queue_config_path(path, sizeof(path));
	if (!step(!ret, "configuration file: %s", ret ? "not found" : path))
		return false;
	if (queue_attr("dsa0", "state", path, sizeof(path)) || strcmp(path, "enabled")) {
		ret = queue_load_config();
		step(!ret, "accel-config load-config -e: status %d", ret);
	} else {
		printf("  dsa0 is enabled already, left as it is\n");
	}
	ret = queue_find(shared, false);
	if (!step(!ret, "shared user queue: %s", ret ? strerror(-ret) : shared->path))
		return false;
	printf("           %u entries, %u through the portal, up to %llu KiB a transfer\n",
	       shared->size, shared->threshold,
	       (unsigned long long)shared->max_transfer / 1024);
	ret = queue_find(&dedicated, true);
	step(!ret, "dedicated user queue: %s", ret ? strerror(-ret) : dedicated.path);
	return true;
}

/* ---- offload ---- */

static void fill(uint64_t *words, size_t bytes)
{
	uint64_t x = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < bytes / sizeof(*words); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
}

/* Copy with up to COPY_SLOTS descriptors under way; retries, or -errno. */
static long copy(struct portal *portal, uint8_t *dst, const uint8_t *src)
{
	static struct desc slots[COPY_SLOTS];
	const unsigned int pieces = COPY_BYTES / COPY_PIECE;
	long retries = 0;

	for (unsigned int i = 0; i < pieces + COPY_SLOTS; i++) {
		struct desc *desc = &slots[i % COPY_SLOTS];
		long ret;

		if (i >= COPY_SLOTS &&
		    desc_wait(&desc->record, QUEUE_TIMEOUT_MS) != DSA_COMP_SUCCESS) {
			printf("           piece %u: status %#x\n", i - COPY_SLOTS,
			       desc->record.status);
			return -EIO;
		}
		if (i >= pieces)
			continue;
		desc_memmove(desc, dst + i * COPY_PIECE, src + i * COPY_PIECE,
			     COPY_PIECE);
		ret = portal_submit(portal, &desc->hw);
		if (ret < 0)
			return ret;
		retries += ret;
	}
	return retries;
}

static void offload(const struct queue *queue)
{
	uint8_t *src = aligned_alloc(4096, COPY_BYTES);
	uint8_t *dst = aligned_alloc(4096, COPY_BYTES);
	struct portal portal;
	uint64_t start, took;
	long retries;
	int ret;

	title("Offload: 64 MiB through ENQCMD");
	if (!step(insn_available(INSN_ENQCMD), "this CPU has ENQCMD"))
		return;
	ret = portal_open(&portal, queue);
	if (!step(!ret, "open %s, map its portal: %s", queue->path, strerror(-ret)))
		return;
	fill((uint64_t *)src, COPY_BYTES);
	memset(dst, 0, COPY_BYTES);
	start = proc_now();
	retries = copy(&portal, dst, src);
	took = proc_now() - start;
	step(retries >= 0, "%u descriptors of %u KiB done, %ld retries",
	     COPY_BYTES / COPY_PIECE, COPY_PIECE / 1024, retries);
	step(!memcmp(src, dst, COPY_BYTES), "every byte verified");
	printf("           %.1f ms, %.0f MB/s of this machine's own time\n",
	       took / 1e6, COPY_BYTES * 1e3 / took);
	portal_close(&portal);
	free(src);
	free(dst);
}

/* ---- the victim ---- */

static bool kill_victim(struct victim *victim)
{
	bool killed = victim_run(victim);

	step(!victim->error, "process %d: portal mapped, file closed: %s", victim->pid,
	     strerror(-victim->error));
	step(victim->work->submitted == VICTIM_DESCS, "it submitted %u long descriptors",
	     victim->work->submitted);
	step(killed, "SIGKILL came with %u of them in flight", victim->in_flight);
	return step(victim->waited, "wait() returned within %u s",
		    VICTIM_TIMEOUT_MS / 1000);
}

/* ---- what became of it ---- */

static void moment(const struct victim *victim, uint64_t when, const char *what,
		   const char *detail)
{
	printf("  %+12.3f ms  %-10s %s\n",
	       ((double)when - (double)victim->killed) / 1e6, what, detail);
}

static void event(const struct victim *victim, const struct trace *trace, int at,
		  const char *what)
{
	if (at >= 0)
		moment(victim, trace->events[at].time, what, trace->events[at].fields);
	else
		printf("  %12s     %-10s never seen\n", "", what);
}

static void tell_life(const struct victim *victim, struct trace *trace)
{
	struct trace_life life;
	char cause[24] = "?", rung[24] = "?";

	if (!step(trace_one_life(trace, victim->pid, &life, 2000),
		  "it had one off-CPU task, and that is dead"))
		return;
	event(victim, trace, life.bind, "LIVE");
	moment(victim, victim->killed, "SIGKILL", "");
	event(victim, trace, life.kill, "DYING");
	event(victim, trace, life.drained, "drained");
	event(victim, trace, life.dead, "DEAD");
	moment(victim, victim->waited, "wait()", "returned to the parent");
	if (!step(trace_in_order(trace, &life),
		  "LIVE, DYING, drained, DEAD: in this order"))
		return;
	trace_field(&trace->events[life.kill], "cause", cause, sizeof(cause));
	trace_field(&trace->events[life.drained], "rung", rung, sizeof(rung));
	step(!strcmp(cause, "exit") && !strcmp(rung, "drain"),
	     "killed by %s, quiet after %s: it took %.3f ms", cause, rung,
	     (trace->events[life.drained].time - trace->events[life.kill].time) / 1e6);
	/* Trace events round to microseconds. */
	step(trace->events[life.dead].time <= victim->waited + 1000,
	     "wait() returned only after DEAD");
}

static void tell_memory(const struct victim *victim, struct trace *trace,
			uint64_t free_before)
{
	uint64_t deadline = proc_now() + 2 * NSEC_PER_SEC;
	int at;

	while (proc_tmpfs_free() < free_before && proc_now() < deadline)
		proc_nap();
	step(proc_tmpfs_free() >= free_before,
	     "the file that only it had mapped is gone");
	at = trace_mm_freed(trace, victim->pid, 2000);
	if (step(at >= 0, "its mm was freed, not merely the process"))
		moment(victim, trace->events[at].time, "mm freed", "");
}

/* ---- the kernel's log ---- */

static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static void tell_log(int fd)
{
	static const char * const bad[] = {
		"DMAR: ", "WARNING: ", "BUG: ", "Oops", "fault", "leak", "idxd ",
	};
	unsigned int count = 0;
	char line[8192];
	ssize_t got;

	while ((got = read(fd, line, sizeof(line) - 1)) > 0 || (got < 0 && errno == EPIPE)) {
		bool found = false;

		line[got > 0 ? got : 0] = '\0';
		for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			found |= !!strstr(line, bad[i]);
		if (found && strchr(line, ';'))
			printf("           log: %.100s\n", strtok(strchr(line, ';') + 1, "\n"));
		count += found;
	}
	step(fd >= 0 && !count,
	     "the kernel logged no fault and no warning since the offload began");
}

/* ---- all of it ---- */

static void exit_story(const struct queue *queue, struct trace *trace, bool events)
{
	struct victim *victim = victim_alloc(queue);
	uint64_t free_before;

	title("Kill a process while the device works for it");
	if (!step(!proc_tmpfs(), "a tmpfs of its own"))
		return;
	free_before = proc_tmpfs_free();
	victim->count = VICTIM_DESCS;
	victim->each_ms = VICTIM_MS;
	victim->close_file = true;
	victim->map_tmpfile = true;
	if (!kill_victim(victim))
		return;
	title("Its off-CPU task (time 0 is the SIGKILL)");
	if (step(events, "this kernel knows off-CPU tasks"))
		tell_life(victim, trace);
	step(!victim->unfinished && !work_failed(victim->work) &&
	     work_complete(victim->work),
	     "drained: at wait() %u descriptors without a record, %u failed",
	     victim->unfinished, work_failed(victim->work));
	step(work_stays_quiet(victim->work), "not one byte was written after wait()");
	tell_memory(victim, trace, free_before);
}

int main(void)
{
	static struct trace trace;
	struct utsname name;
	struct queue queue;
	bool events;
	int log;

	uname(&name);
	printf("Main job on Linux %s\n", name.release);
	if (configure(&queue)) {
		log = log_open();
		events = !trace_start(&trace);
		offload(&queue);
		exit_story(&queue, &trace, events);
		title("The kernel's log");
		tell_log(log);
		trace_stop(&trace);
	}
	if (failures)
		printf("\nmain job: FAILED: %u steps did not hold\n", failures);
	else
		printf("\nmain job: every step held\n");
	return failures != 0;
}
