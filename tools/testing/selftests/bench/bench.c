// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's program: init of a guest without root file system.  Mounts what
 * it needs, runs the row that the kernel's command line names ("bench=NAME", which
 * the kernel hands on as environment), prints results to the second serial
 * port and powers off.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

static const struct {
	const char *name;
	void (*run)(void);
} rows[] = {
	{ "process", bench_process },
	{ "bind", bench_sva },
	{ "many", bench_many },
	{ "memory", bench_memory },
	{ "open", bench_open },
	{ "munmap", bench_munmap },
	{ "fault", bench_fault },
	{ "kill", bench_kill },
	{ "kva", bench_kva },
};

/* CPUID leaf of the emulator: instructions executed, in EDX and EAX. */
#define LEAF_EXECUTED	0x40000002

static noreturn void power_off(int status)
{
	char line[64];
	int fd;

	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	snprintf(line, sizeof(line), "offcpu-guest: exit status %d\n", status);
	fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		puts(line);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

void bench_fail(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	/* A child's parent hears of it. */
	if (getpid() != 1)
		_exit(1);
	power_off(1);
}

uint64_t bench_clock(void)
{
	uint32_t a, b, c, d;

	__cpuid(LEAF_EXECUTED, a, b, c, d);
	return (uint64_t)d << 32 | a;
}

uint64_t bench_time(void)
{
	unsigned int cpu;

	return __rdtscp(&cpu);
}

void bench_result(const char *row, const char *method, unsigned int processes,
		  unsigned int operations, const char *unit, int64_t total)
{
	printf("{\"row\": \"%s\", \"method\": \"%s\", \"processes\": %u, ",
	       row, method, processes);
	printf("\"operations\": %u, \"unit\": \"%s\", \"total\": %lld}\n",
	       operations, unit, (long long)total);
	fflush(stdout);
}

void bench_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bench_fail(path);
	close(fd);
}

void bench_write_number(const char *path, unsigned int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	bench_write(path, text);
}

void bench_load_module(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		bench_fail(path);
	close(fd);
}

void *bench_pages(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || madvise(mem, size, MADV_NOHUGEPAGE))
		bench_fail("mmap");
	return mem;
}

static void mount_on(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		bench_fail(where);
}

static void take_console(void)
{
	struct termios termios;
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY);

	if (fd < 0)
		bench_fail("/dev/ttyS1");
	tcgetattr(fd, &termios);
	cfmakeraw(&termios);
	tcsetattr(fd, TCSANOW, &termios);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

int main(int argc, char **argv)
{
	const char *name = getenv("bench");
	unsigned int i;

	if (!strcmp(argv[0], BENCH_EXEC))
		return 0;
	mount_on("devtmpfs", "/dev");
	take_console();
	mount_on("proc", "/proc");
	mount_on("sysfs", "/sys");
	mount_on("debugfs", "/sys/kernel/debug");
	if (!bench_clock()) {
		errno = ENODEV;
		bench_fail("no counter of instructions");
	}
	for (i = 0; name && i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].name, name))
			continue;
		rows[i].run();
		power_off(0);
	}
	errno = ENOENT;
	bench_fail(name ? name : "bench=");
}
