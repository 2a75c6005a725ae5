// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's init: puts a tmpfs over the host's read-only file system, runs
 * one command there as root with the virtio console as its terminal, says in
 * the kernel log how it ended and powers off.
 *
 * Its own arguments, from the kernel command line behind "--":
 *	MODULES		host directory that is to appear as /lib/modules/RELEASE
 *	SCRIPT		host path of the shell script to run, or "shell"
 * In front of these the kernel passes on what it has not taken itself, such as nokaslr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int fd, len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, line, len) != len)
		fputs(line, stderr);
	if (fd >= 0)
		close(fd);
}

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void give_up(const char *what)
{
	say("offcpu-guest: %s: %s\n", what, strerror(errno));
	power_off();
}

static void must_mount(const char *source, const char *target,
		       const char *type, unsigned long flags, const char *data)
{
	mkdir(target, 0755);
	if (mount(source, target, type, flags, data))
		give_up(target);
}

/* The host's root, read-only, with a tmpfs over it that takes all writes. */
static void mount_root(void)
{
	must_mount("host", "/host", "9p", MS_RDONLY,
		   "trans=virtio,version=9p2000.L,cache=loose,msize=512000");
	must_mount("tmpfs", "/over", "tmpfs", 0, NULL);
	mkdir("/over/upper", 0755);
	mkdir("/over/work", 0755);
	must_mount("overlay", "/root", "overlay", 0,
		   "lowerdir=/host,upperdir=/over/upper,workdir=/over/work");
	if (chdir("/root") || chroot("."))
		give_up("chroot");
}

static void mount_rest(void)
{
	must_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	must_mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	must_mount("tmpfs", "/run", "tmpfs", 0, NULL);
	must_mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	must_mount("devpts", "/dev/pts", "devpts", 0, NULL);
	must_mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	must_mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	symlink("/proc/self/fd", "/dev/fd");
}

/* modprobe looks for its files below the running kernel's release. */
static void offer_modules(const char *directory)
{
	char path[sizeof("/usr/lib/modules/") + sizeof(struct utsname)];
	struct utsname uts;

	uname(&uts);
	mkdir("/usr/lib/modules", 0755);
	snprintf(path, sizeof(path), "/usr/lib/modules/%s", uts.release);
	if (symlink(directory, path) && errno != EEXIST)
		give_up(path);
}

static void take_console(int interactive)
{
	struct termios termios;
	int fd, in;

	setsid();
	fd = open("/dev/hvc0", O_RDWR);
	if (fd < 0)
		give_up("/dev/hvc0");
	ioctl(fd, TIOCSCTTY, 1);
	if (!interactive) {
		/* The host wants the bytes that the command wrote. */
		tcgetattr(fd, &termios);
		cfmakeraw(&termios);
		tcsetattr(fd, TCSANOW, &termios);
	}
	in = interactive ? fd : open("/dev/null", O_RDONLY);
	dup2(in, 0);
	dup2(fd, 1);
	dup2(fd, 2);
}

static int run(const char *script)
{
	int interactive = !strcmp(script, "shell");
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (!pid) {
		take_console(interactive);
		setenv("HOME", "/root", 1);
		setenv("TERM", "linux", 1);
		setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
		if (interactive)
			execl("/bin/bash", "-bash", NULL);
		else
			execl("/bin/sh", "sh", script, NULL);
		_exit(127);
	}
	for (;;) {
		/* Orphans end up here: reap them as well. */
		pid_t dead = wait(&status);

		if (dead == pid)
			break;
		if (dead < 0 && errno != EINTR)
			give_up("wait");
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the host has not read yet would be lost with the power. */
static void flush_console(void)
{
	int fd = open("/dev/hvc0", O_RDWR | O_NOCTTY);

	if (fd >= 0)
		tcdrain(fd);
}

int main(int argc, char **argv)
{
	struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY };

	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	if (argc < 3)
		give_up("usage: init -- MODULES SCRIPT");
	argv += argc - 3;
	mount_root();
	mount_rest();
	offer_modules(argv[1]);
	setrlimit(RLIMIT_CORE, &core);
	say("offcpu-guest: exit status %d\n", run(argv[2]));
	flush_console();
	power_off();
}
