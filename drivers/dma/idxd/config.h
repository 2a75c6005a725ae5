/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration: from what the administrator set to the device's tables
 * GENCFG, GRPCFG and WQCFG.
 */
#ifndef _IDXD_CONFIG_H_
#define _IDXD_CONFIG_H_

#include <linux/types.h>

struct idxd_device;
struct idxd_wq;

/* A dedicated queue that has no user works for no PASID. */
#define IDXD_NO_PASID	0

/**
 * idxd_config_reset() - forget what the administrator set
 * @idxd: the device
 *
 * A device that is not configurable says itself what the settings are.
 *
 * Context: under idxd_device.lock, device disabled.
 */
void idxd_config_reset(struct idxd_device *idxd);

/**
 * idxd_config_check() - can the device be enabled with these settings?
 * @idxd: the device
 *
 * Context: under idxd_device.lock.
 * Return: 0, or -ENXIO with cmd_status set.
 */
int idxd_config_check(struct idxd_device *idxd);

/**
 * idxd_config_write() - write the settings to a disabled device
 * @idxd: the device
 *
 * Context: under idxd_device.lock.
 */
void idxd_config_write(struct idxd_device *idxd);

/**
 * idxd_config_write_wq() - write one queue's settings
 * @wq: the queue, disabled in hardware
 * @pasid: for a dedicated queue, whose work it takes; or IDXD_NO_PASID
 *
 * A shared queue takes the PASID from each descriptor.
 *
 * Context: under idxd_wq.lock, or idxd_device.lock with the device disabled.
 */
void idxd_config_write_wq(struct idxd_wq *wq, u32 pasid);

#endif
