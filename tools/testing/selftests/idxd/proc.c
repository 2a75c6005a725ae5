// SPDX-License-Identifier: GPL-2.0
/*
 * Processes, clocks and small files, each wait with a bound.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"

uint64_t proc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

void proc_nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

int proc_read_file(const char *path, char *buf, int len)
{
	FILE *file = fopen(path, "r");
	int ret = 0;

	if (!file)
		return -errno;
	if (!fgets(buf, len, file))
		ret = -EIO;
	else
		buf[strcspn(buf, "\n")] = '\0';
	fclose(file);
	return ret;
}

static int write_file(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int proc_write_file(const char *path, const char *text)
{
	return write_file(path, 0, text);
}

int proc_append_file(const char *path, const char *text)
{
	return write_file(path, O_APPEND, text);
}

int proc_run(char *const argv[])
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is TAP's */
		execvp(argv[0], argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

uint64_t proc_meminfo(const char *field)
{
	FILE *file = fopen("/proc/meminfo", "r");
	size_t len = strlen(field);
	uint64_t value = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, len) && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

void *proc_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED) {
		perror("shared memory");
		exit(1);
	}
	return mem;
}

pid_t proc_spawn(void (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		fn(arg);
	_exit(0);
}

uint64_t proc_wait(pid_t pid, unsigned int timeout_ms, int *status)
{
	struct pollfd event = { .events = POLLIN };
	uint64_t when = 0;

	*status = 0;
	event.fd = syscall(SYS_pidfd_open, pid, 0);
	if (event.fd < 0)
		return 0;
	if (poll(&event, 1, timeout_ms) == 1 && waitpid(pid, status, 0) == pid)
		when = proc_now();
	close(event.fd);
	return when;
}

char proc_state(pid_t pid)
{
	char path[32], stat[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (proc_read_file(path, stat, sizeof(stat)))
		return 0;
	state = strrchr(stat, ')');
	return state && state[1] ? state[2] : 0;
}

bool proc_wait_flag(const atomic_int *flag, int value, unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;

	while (*flag < value) {
		if (proc_now() > deadline)
			return false;
		proc_nap();
	}
	return true;
}

void proc_visit_cpus(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

int proc_tmpfs(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", PROC_TMPFS, "tmpfs", 0, "size=64m"))
		return -errno;
	return 0;
}

uint64_t proc_tmpfs_free(void)
{
	struct statfs st;

	return statfs(PROC_TMPFS, &st) ? 0 : st.f_bfree;
}

static sigjmp_buf escape;

static void caught(int sig)
{
	siglongjmp(escape, sig);
}

int proc_signal_of(void (*fn)(void *arg), void *arg)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL };
	struct sigaction old[3], action = { .sa_handler = caught };
	int sig;

	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &action, &old[i]);
	sig = sigsetjmp(escape, 1);
	if (!sig)
		fn(arg);
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	return sig;
}
