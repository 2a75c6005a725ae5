/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Make an emulated device misbehave: registers of a vendor-specific extended
 * capability (ID 0x0ff0) that no real device has, reached through the PCI
 * configuration space in sysfs.
 */
#ifndef SELFTESTS_OFFCPU_INJECT_H
#define SELFTESTS_OFFCPU_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "../idxd/queue.h"

/* Control bits */
#define INJECT_HANG_ENGINES	0x01	/* engines stop where they are */
#define INJECT_HANG_DRAIN	0x02	/* drain and disable never end */
#define INJECT_HANG_ABORT	0x04	/* abort and reset never end */
#define INJECT_MUTE		0x08	/* device-TLB invalidations: no answer */
#define INJECT_IGNORE_FLR	0x20	/* a function-level reset does nothing */

/**
 * inject_set() - set the control bits of a device, clear all others
 * @device: dsa0
 * @bits: INJECT_*
 *
 * Return: 0; -ENODEV if the device has no such capability, or not all of @bits;
 * -errno.
 */
int inject_set(const char *device, uint32_t bits);

/** inject_slow() - have work take so many @times longer; 0: normal; as above */
int inject_slow(const char *device, uint32_t times);

/**
 * inject_group_pages() - have a page request group ask for so many pages
 * @device: such as "dsa0"
 * @pages: at most, that a Memory Fill or Move misses; 0: one.  The device asks for
 *	up to 16
 *
 * Return: as inject_set().
 */
int inject_group_pages(const char *device, uint32_t pages);

/**
 * inject_no_master() - take away a device's bus mastership behind its driver's back
 * @device: such as "dsa0"
 *
 * Return: 0 or a negative errno.
 */
int inject_no_master(const char *device);

/**
 * inject_no_memory() - have a device's registers answer no more, or again
 * @device: such as "dsa0"
 * @on: answer no more.  It goes on with its work, and all ones are read, as when
 *	it has been pulled out
 *
 * Return: 0 or a negative errno.
 */
int inject_no_memory(const char *device, bool on);

/**
 * inject_wait_usable() - wait for a device that was isolated to work again
 * @queue: filled in: an idle user queue
 * @dedicated: of that mode
 *
 * It is reset behind our back.  Return: false if none works in time.
 */
bool inject_wait_usable(struct queue *queue, bool dedicated);

#endif
