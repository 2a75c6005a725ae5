// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's program: init of a guest without root file system.  Mounts what
 * it needs, runs the row that the kernel's command line names ("bench=NAME", which
 * the kernel hands on as environment), prints results to the virtio console and
 * powers off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

static const struct {
	const char *name;
	void (*run)(void);
} rows[] = {
	{ "kva", bench_kva },
};

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
	power_off(1);
}

uint64_t bench_clock(void)
{
	unsigned int cpu;

	return __rdtscp(&cpu);
}

void bench_result(const char *row, const char *method, unsigned int processes,
		  unsigned int operations, uint64_t instructions)
{
	printf("{\"row\": \"%s\", \"method\": \"%s\", \"processes\": %u, ",
	       row, method, processes);
	printf("\"operations\": %u, \"instructions\": %llu}\n",
	       operations, (unsigned long long)instructions);
}

void bench_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bench_fail(path);
	close(fd);
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
	int fd = open("/dev/hvc0", O_RDWR | O_NOCTTY);

	if (fd < 0)
		bench_fail("/dev/hvc0");
	tcgetattr(fd, &termios);
	cfmakeraw(&termios);
	tcsetattr(fd, TCSANOW, &termios);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

int main(void)
{
	const char *name = getenv("bench");
	unsigned int i;

	mount_on("devtmpfs", "/dev");
	take_console();
	mount_on("proc", "/proc");
	mount_on("sysfs", "/sys");
	mount_on("debugfs", "/sys/kernel/debug");
	for (i = 0; name && i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].name, name))
			continue;
		rows[i].run();
		power_off(0);
	}
	errno = ENOENT;
	bench_fail(name ? name : "bench=");
}
