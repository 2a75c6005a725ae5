/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the device says that it can do.
 */
#ifndef _IDXD_CAPS_H_
#define _IDXD_CAPS_H_

struct idxd_device;

/**
 * idxd_read_caps() - read the capability registers
 * @idxd: the device, BAR 0 mapped
 *
 * Context: any.
 * Return: 0, or -ENODEV for a device that this driver cannot run: it lacks a
 * command that a drain needs, or contradicts itself.
 */
int idxd_read_caps(struct idxd_device *idxd);

#endif
