/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that is broken: taking its access to memory away at once, and
 * giving it back after a reset, later.
 */
#ifndef _IDXD_RECOVERY_H_
#define _IDXD_RECOVERY_H_

#include <linux/offcpu_task.h>

struct idxd_device;

/**
 * idxd_isolate() - let the function reach no memory
 * @idxd: the device
 * @why: cause, for the log
 *
 * Takes effect before it returns, without the device's help if there is an IOMMU
 * that can do it.  Commands end with -ENODEV, the tasks of the device are killed
 * and the function is reset from a work item.
 *
 * Context: may sleep; takes no lock of the driver's but idxd_cmd_queue.lock.
 */
void idxd_isolate(struct idxd_device *idxd, const char *why);

/**
 * idxd_device_works() - does the device take work?
 * @idxd: the device
 *
 * One that has halted can't say so if it lost bus mastership, because interrupts
 * are writes to memory.  It is isolated, and so reset.
 *
 * Context: may sleep; takes no lock of the driver's but idxd_cmd_queue.lock.
 * Return: true if it does.
 */
bool idxd_device_works(struct idxd_device *idxd);

/**
 * idxd_was_reset() - does the device look like one that was reset just now?
 * @idxd: the device
 *
 * Disabled and without a command, which none is that had to be isolated, and
 * present.  A reset may have been tried and come to nothing.
 *
 * Context: any.
 * Return: true if it does.
 */
bool idxd_was_reset(struct idxd_device *idxd);

/**
 * idxd_recovery_init() - prepare the work item
 * @idxd: the device
 */
void idxd_recovery_init(struct idxd_device *idxd);

/**
 * idxd_recovery_stop() - no recovery runs, or will until it is allowed again
 * @idxd: the device
 *
 * Context: may sleep; under device_lock() of the function.
 */
void idxd_recovery_stop(struct idxd_device *idxd);

/**
 * idxd_recovery_allow() - undo idxd_recovery_stop()
 * @idxd: the device, which idxd_reset_done() is due for: a recovery that was
 *	called off does not come back
 *
 * Context: may sleep; under device_lock() of the function.
 */
void idxd_recovery_allow(struct idxd_device *idxd);

/**
 * idxd_reset_prepare() - the function is about to be reset, or to lose power
 * @idxd: the device
 * @cause: why
 *
 * Kills the tasks; what is enabled is remembered.
 *
 * Context: may sleep; under device_lock() of the function.
 */
void idxd_reset_prepare(struct idxd_device *idxd, enum offcpu_cause cause);

/**
 * idxd_reset_done() - the function was reset: give it its configuration
 * @idxd: the device
 *
 * One that was isolated, and that the reset has not helped, stays so.
 *
 * Context: may sleep; under device_lock() of the function.
 */
void idxd_reset_done(struct idxd_device *idxd);

#endif
