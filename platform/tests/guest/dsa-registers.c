// SPDX-License-Identifier: GPL-2.0
/*
 * Registers and commands of the emulated DSA device, as its specification has
 * them (341204: 5.1, 5.2, 5.8.3, 9.2).  Runs in the guest as root, with no
 * driver bound; argument: the device (default 0000:00:10.0).  Prints TAP.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	VERSION = 0x00, OFFSETS = 0x60, GENCTRL = 0x88, GENSTS = 0x90,
	INTCAUSE = 0x98, CMD = 0xa0, CMDSTS = 0xa8, SWERROR = 0xc0,
};

enum {
	ENABLE_DEV = 1, DISABLE_DEV, DRAIN_ALL, ABORT_ALL, RESET_DEV,
	ENABLE_WQ, DISABLE_WQ, DRAIN_WQ, ABORT_WQ, RESET_WQ, DRAIN_PASID,
	ABORT_PASID, REQUEST_HANDLE, RELEASE_HANDLE,
};

#define ACTIVE		(1u << 31)
#define REQUEST_IRQ	(1u << 31)
#define BUS_MASTER	4
#define MEMORY		2
#define DEDICATED	1u
#define BLOCK_ON_FAULT	2u
#define PRIORITY(p)	((uint32_t)(p) << 4)
#define RDBUFS(n)	((uint64_t)(n) << 20)

static volatile uint8_t *bar;
static int config;
static unsigned int grp, wqcfg, tests, failures;

static volatile uint32_t *r32(unsigned int offset)
{
	return (volatile uint32_t *)(bar + offset);
}

static volatile uint64_t *r64(unsigned int offset)
{
	return (volatile uint64_t *)(bar + offset);
}

static void is(uint64_t got, uint64_t want, const char *what)
{
	if (got != want)
		failures++;
	printf("%sok %u %s\n", got == want ? "" : "not ", ++tests, what);
	if (got != want)
		printf("# got %#llx, expected %#llx\n",
		       (unsigned long long)got, (unsigned long long)want);
}

static void config_write(unsigned int offset, uint16_t value)
{
	if (pwrite(config, &value, sizeof(value), offset) != sizeof(value))
		perror("# configuration space");
}

static uint16_t config_read(unsigned int offset)
{
	uint16_t value = 0;

	if (pread(config, &value, sizeof(value), offset) != sizeof(value))
		perror("# configuration space");
	return value;
}

/* Offset of an extended capability, 0 if there is none */
static unsigned int extended_cap(uint16_t id)
{
	unsigned int at = 0x100;

	while (at && config_read(at) != id)
		at = config_read(at + 2) >> 4;
	return at;
}

static uint32_t command(unsigned int code, uint32_t operand)
{
	*r32(CMD) = code << 20 | operand;
	while (*r32(CMDSTS) & ACTIVE)
		;
	return *r32(CMDSTS);
}

static void group_wqs(unsigned int group, uint64_t wqs)
{
	*r64(grp + group * 64) = wqs;
}

static void group_engines(unsigned int group, uint64_t engines)
{
	*r64(grp + group * 64 + 32) = engines;
}

static void wq_mode(uint32_t value)
{
	*r32(wqcfg + 8) = value;
}

static void test_device_checks(void)
{
	unsigned int pri = extended_cap(0x13);

	config_write(4, MEMORY);
	is(command(ENABLE_DEV, 0), 0x12, "enable without bus master");
	config_write(4, MEMORY | BUS_MASTER);
	is(command(0, 0), 0x01, "command 0");
	is(command(15, 0), 0x01, "command 15");
	is(command(DISABLE_DEV, 0), 0x31, "disable what is disabled");
	*r32(wqcfg) = 200;
	is(command(ENABLE_DEV, 0), 0x14, "queues larger than the storage");
	*r32(wqcfg) = 16;
	is(command(ENABLE_DEV, 0), 0x16, "queue in no group");
	group_wqs(0, 1);
	is(command(ENABLE_DEV, 0), 0x15, "group without engine");
	group_engines(0, 0x10);
	is(command(ENABLE_DEV, 0), 0x17, "engine that does not exist");
	group_engines(0, 1);
	group_wqs(1, 1);
	group_engines(1, 2);
	is(command(ENABLE_DEV, 0), 0x16, "queue in two groups");
	group_wqs(1, 2);
	is(command(ENABLE_DEV, 0), 0x16, "queue of size 0 in a group");
	group_wqs(1, 0);
	group_engines(1, 0);
	*r64(grp + 40) = RDBUFS(96) | 97 << 8;
	is(command(ENABLE_DEV, 0), 0x18, "more read buffers than there are");
	*r64(grp + 40) = RDBUFS(3);
	is(command(ENABLE_DEV, 0), 0x18, "too few read buffers");
	*r64(grp + 40) = RDBUFS(96);
	is(command(ENABLE_WQ, 0), 0x20, "enable queue of a disabled device");
	config_write(pri + 4, 1);
	is(command(ENABLE_DEV, 0), 0x13, "no page request allowed");
	config_write(pri + 4, 0);
	is(command(ENABLE_DEV, 0), 0, "enable");
	is(*r32(GENSTS), 1, "device state is enabled");
	is(command(ENABLE_DEV, 0), 0x10, "enable twice");
}

static void test_queue_checks(void)
{
	is(command(ENABLE_WQ, 8), 0x02, "queue that does not exist");
	is(command(ENABLE_WQ, 1), 0x22, "queue of size 0");
	is(command(ENABLE_WQ, 0), 0x23, "priority 0");
	wq_mode(PRIORITY(1));
	is(command(ENABLE_WQ, 0), 0x26, "shared queue without PASID");
	wq_mode(PRIORITY(1) | DEDICATED | BLOCK_ON_FAULT);
	is(command(ENABLE_WQ, 0), 0x25, "block on fault without page requests");
	wq_mode(PRIORITY(1) | DEDICATED);
	is(command(ENABLE_WQ, 0), 0x27, "batch size 1");
	*r32(wqcfg + 12) = 31 | 11 << 5;
	is(command(ENABLE_WQ, 0), 0x27, "batch size too large");
	*r32(wqcfg + 12) = 31 | 10 << 5;
	*r32(wqcfg + 16) = 0x10000;
	is(command(ENABLE_WQ, 0), 0x2b, "interrupt message storage");
	*r32(wqcfg + 16) = 0;
	is(command(DRAIN_WQ, 1), 0x32, "drain a disabled queue");
	is(command(ABORT_WQ, 0x100), 0x02, "abort a queue beyond the last");
	is(command(ENABLE_WQ, 0), 0, "enable queue");
	is(command(ENABLE_WQ, 0), 0x21, "enable queue twice");
	is(*r32(wqcfg + 24) >> 30, 1, "queue state is enabled");
}

static void test_locks(void)
{
	*r32(wqcfg) = 99;
	is(*r32(wqcfg), 16, "size is locked");
	wq_mode(0);
	is(*r32(wqcfg + 8), PRIORITY(1) | DEDICATED, "mode is locked");
	*r32(wqcfg + 4) = 5;
	is(*r32(wqcfg + 4), 5, "threshold is not");
	*(volatile uint16_t *)(bar + wqcfg + 4) = 7;
	is(*(volatile uint16_t *)(bar + wqcfg + 4), 7, "access of two bytes");
	group_wqs(0, 3);
	is(*r64(grp), 1, "group is locked");
}

/* A drain that hangs, by the device's own switch, and is let go again */
static void test_active_command(void)
{
	unsigned int inject = extended_cap(0x0b);

	config_write(inject + 8, 2);
	*r32(CMD) = DRAIN_ALL << 20 | REQUEST_IRQ;
	usleep(1000);
	is(*r32(CMDSTS) & ACTIVE, ACTIVE, "drain hangs");
	*r32(CMD) = DRAIN_ALL << 20;
	is(*r64(SWERROR) & 0xff01, 0x5201, "command while one is active");
	is(*r32(INTCAUSE), 0, "no interrupt yet");
	config_write(inject + 8, 0);
	while (*r32(CMDSTS) & ACTIVE)
		;
	is(*r32(INTCAUSE), 2, "interrupt cause of a command");
	*r32(INTCAUSE) = 2;
	is(*r32(INTCAUSE), 0, "interrupt cause is cleared by writing 1");
	*r64(SWERROR) = 3;
	is(*r64(SWERROR) & 3, 0, "software error is cleared by writing 1");
}

static void test_handles(void)
{
	uint32_t handle;

	handle = command(REQUEST_HANDLE, 3);
	is(handle & 0xff, 0, "request handle");
	handle = handle >> 8 & 0xffff;
	is(command(REQUEST_HANDLE, 0x10003), 0x41, "handle of storage");
	is(command(REQUEST_HANDLE, 9), 0x41, "handle beyond the table");
	is(command(RELEASE_HANDLE, handle), 0, "release handle");
	is(command(RELEASE_HANDLE, handle), 0x41, "release it twice");
}

static void test_commands(void)
{
	is(command(DRAIN_WQ, 1), 0, "drain queue");
	is(command(DRAIN_PASID, 7), 0, "drain PASID");
	is(command(ABORT_PASID, 7), 0, "abort PASID");
	is(command(DRAIN_ALL, 0), 0, "drain all");
	is(command(ABORT_ALL, 0), 0, "abort all");
	is(command(DISABLE_WQ, 1), 0, "disable queue");
	is(command(RESET_WQ, 1), 0, "reset queue");
	is(*r32(wqcfg), 16, "its size stays");
	is(*r32(wqcfg + 8), 0, "its mode does not");
}

static void test_halt(void)
{
	*r32(GENCTRL) = 2;
	config_write(4, MEMORY);
	is(*r32(GENSTS) & 3, 3, "bus master off: halt");
	is(*r64(SWERROR) & 0xff01, 0x5101, "halt: software error");
	is(*r32(INTCAUSE), 0x10, "halt: interrupt cause");
	config_write(4, MEMORY | BUS_MASTER);
	is(command(DRAIN_ALL, 0), 0x05, "halt: drain is refused");
	is(command(RESET_DEV, 0), 0, "halt: reset is not");
	is(*r32(GENSTS), 0, "reset: device is disabled");
	is(*r32(wqcfg), 0, "reset: size is 0");
	is(*r64(grp + 40), RDBUFS(96), "reset: read buffers are back");
	is(*r64(SWERROR) & 1, 1, "reset: software error stays");
	*r64(SWERROR) = 3;
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : "0000:00:10.0";
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", device);
	config = open(path, O_RDWR);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", device);
	fd = open(path, O_RDWR);
	if (config < 0 || fd < 0) {
		perror(path);
		return EXIT_FAILURE;
	}
	config_write(4, MEMORY | BUS_MASTER);
	bar = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED) {
		perror("mmap");
		return EXIT_FAILURE;
	}
	grp = (*r64(OFFSETS) & 0xffff) * 0x100;
	wqcfg = (*r64(OFFSETS) >> 16 & 0xffff) * 0x100;

	is(*r32(VERSION), 0x100, "version");
	test_device_checks();
	test_queue_checks();
	test_locks();
	test_handles();
	test_active_command();
	test_commands();
	test_halt();
	printf("1..%u\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
