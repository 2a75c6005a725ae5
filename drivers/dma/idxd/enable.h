/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enabling, disabling and resetting the device as a whole.
 */
#ifndef _IDXD_ENABLE_H_
#define _IDXD_ENABLE_H_

struct idxd_device;

/**
 * idxd_device_reset() - bring the device into its initial state
 * @idxd: the device, its command queue open
 *
 * Its interrupts for errors are switched on.
 *
 * Context: may sleep.
 * Return: 0 or as idxd_cmd_exec().
 */
int idxd_device_reset(struct idxd_device *idxd);

/**
 * idxd_device_start() - write the settings to the device and enable it
 * @idxd: the device, in hardware disabled
 *
 * Context: under idxd_device.lock.
 * Return: 0, or an error with cmd_status set.
 */
int idxd_device_start(struct idxd_device *idxd);

/**
 * idxd_device_enable() - what binding the driver "idxd" means
 * @idxd: the device
 *
 * Context: may sleep; takes idxd_device.lock.
 * Return: 0, or an error with cmd_status set.
 */
int idxd_device_enable(struct idxd_device *idxd);

/**
 * idxd_device_disable_begin() - kill all users, and let no queue be enabled
 * @idxd: the device; idxd_device_disable() is to follow
 *
 * Context: may sleep; takes idxd_device.lock.
 */
void idxd_device_disable_begin(struct idxd_device *idxd);

/**
 * idxd_device_disable() - disable the device and forget its configuration
 * @idxd: the device; its queues are disabled first, and their users killed
 *
 * Context: may sleep; takes idxd_device.lock.
 */
void idxd_device_disable(struct idxd_device *idxd);

#endif
