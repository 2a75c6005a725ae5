// SPDX-License-Identifier: GPL-2.0
/*
 * Make an emulated device misbehave, through its PCI configuration space; and
 * see it work again afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/proc.h"
#include "inject.h"

#define USABLE_MS	10000
#define NOOP_MS		500

#define EXT_CAP_START	0x100
#define EXT_CAP_VENDOR	0x0b
#define VSEC_ID		0x0ff0
#define VSEC_CONTROL	0x08
#define VSEC_SLOWDOWN	0x0c
#define VSEC_GROUP	0x14

/* Offset of the capability (PCIe 7.9.5), or 0. */
static unsigned int find(int fd)
{
	unsigned int at = EXT_CAP_START;
	uint32_t head, vendor;

	/* No list is longer than the space that it lies in. */
	for (int i = 0; i < 1024 && at >= EXT_CAP_START; i++) {
		if (pread(fd, &head, 4, at) != 4 || pread(fd, &vendor, 4, at + 4) != 4)
			return 0;
		if ((head & 0xffff) == EXT_CAP_VENDOR && (vendor & 0xffff) == VSEC_ID)
			return at;
		at = head >> 20;
	}
	return 0;
}

/* The configuration space, or -errno. */
static int open_config(const char *device)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/dsa/devices/%s/../config", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int store(const char *device, unsigned int reg, uint32_t value)
{
	int fd = open_config(device), ret = 0;
	unsigned int at;
	uint32_t stored;

	if (fd < 0)
		return fd;
	at = find(fd);
	if (!at)
		ret = -ENODEV;
	else if (pwrite(fd, &value, 4, at + reg) != 4 ||
		 pread(fd, &stored, 4, at + reg) != 4)
		ret = -EIO;
	else if (stored != value)
		ret = -ENODEV;
	close(fd);
	return ret;
}

static int change_command(const char *device, uint16_t bits, bool set)
{
	int fd = open_config(device), ret = -EIO;
	uint16_t command;

	if (fd < 0)
		return fd;
	if (pread(fd, &command, 2, PCI_COMMAND) == 2) {
		command = set ? command | bits : command & ~bits;
		if (pwrite(fd, &command, 2, PCI_COMMAND) == 2)
			ret = 0;
	}
	close(fd);
	return ret;
}

int inject_no_master(const char *device)
{
	return change_command(device, PCI_COMMAND_MASTER, false);
}

int inject_no_memory(const char *device, bool on)
{
	return change_command(device, PCI_COMMAND_MEMORY, !on);
}

int inject_set(const char *device, uint32_t bits)
{
	return store(device, VSEC_CONTROL, bits);
}

int inject_slow(const char *device, uint32_t times)
{
	return store(device, VSEC_SLOWDOWN, times);
}

int inject_group_pages(const char *device, uint32_t pages)
{
	return store(device, VSEC_GROUP, pages);
}

bool inject_wait_usable(struct queue *queue, bool dedicated)
{
	uint64_t deadline = proc_now() + USABLE_MS * NSEC_PER_MSEC;
	struct desc *desc = proc_shared(sizeof(*desc));
	struct portal portal;
	bool usable = false;

	while (!usable && proc_now() < deadline) {
		proc_nap();
		if (queue_find(queue, dedicated) || portal_open(&portal, queue))
			continue;
		desc_init(desc, DSA_OPCODE_NOOP);
		usable = portal_submit(&portal, &desc->hw) >= 0 &&
			 desc_wait(&desc->record, NOOP_MS) == DSA_COMP_SUCCESS;
		portal_close(&portal);
	}
	return usable;
}
