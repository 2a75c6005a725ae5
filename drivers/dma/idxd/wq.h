/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work queues: enabling and disabling, and whom a dedicated queue works for.
 */
#ifndef _IDXD_WQ_H_
#define _IDXD_WQ_H_

#include <linux/offcpu_task.h>
#include <linux/types.h>

struct idxd_wq;

/**
 * idxd_wq_enable_user() - what binding the driver "user" means
 * @wq: the queue
 *
 * Context: may sleep; takes idxd_device.lock.
 * Return: 0, or an error with cmd_status set.
 */
int idxd_wq_enable_user(struct idxd_wq *wq);

/**
 * idxd_wq_disable() - kill the users and disable the queue
 * @wq: the queue; nothing happens if it is not enabled
 *
 * Context: under idxd_device.lock.
 */
void idxd_wq_disable(struct idxd_wq *wq);

/**
 * idxd_wq_stop() - kill the users; the queue can be started again
 * @wq: the queue; nothing happens if it is not enabled
 * @cause: why
 *
 * Context: under idxd_device.lock.
 */
void idxd_wq_stop(struct idxd_wq *wq, enum offcpu_cause cause);

/**
 * idxd_wq_start() - enable a stopped queue in a device that was reset
 * @wq: the queue; nothing happens if it is not stopped
 *
 * Context: under idxd_device.lock.
 */
void idxd_wq_start(struct idxd_wq *wq);

/**
 * idxd_wq_set_pasid() - say whom a dedicated queue works for
 * @wq: the queue, enabled and with nothing in it
 * @pasid: whose work it takes from now on; or IDXD_NO_PASID
 *
 * WQCFG may be written in a disabled queue only: it is disabled and enabled.
 *
 * Context: under idxd_wq.lock.
 * Return: 0 or as idxd_cmd_exec().
 */
int idxd_wq_set_pasid(struct idxd_wq *wq, u32 pasid);

/**
 * idxd_wq_portal_phys() - where users' portal is
 * @wq: the queue
 *
 * The limited one: a shared queue takes no more than its threshold there.
 *
 * Context: any.
 * Return: the physical address of the page.
 */
phys_addr_t idxd_wq_portal_phys(struct idxd_wq *wq);

#endif
