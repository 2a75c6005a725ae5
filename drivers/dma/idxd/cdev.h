/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The character device of a user queue, /dev/dsa/wq0.0.
 */
#ifndef _IDXD_CDEV_H_
#define _IDXD_CDEV_H_

struct idxd_wq;

/**
 * idxd_cdev_add() - make the queue's character device
 * @wq: the queue, enabled
 *
 * Context: may sleep; takes idxd_wq.lock.
 * Return: 0 or an error.
 */
int idxd_cdev_add(struct idxd_wq *wq);

/**
 * idxd_cdev_del() - remove the queue's character device
 * @wq: the queue
 *
 * Files that are open stay so.
 *
 * Context: may sleep; takes idxd_wq.lock.
 */
void idxd_cdev_del(struct idxd_wq *wq);

/**
 * idxd_cdev_init() - reserve device numbers
 *
 * Return: 0 or an error.
 */
int idxd_cdev_init(void);

/**
 * idxd_cdev_exit() - undo idxd_cdev_init()
 */
void idxd_cdev_exit(void);

#endif
