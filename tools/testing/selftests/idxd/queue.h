/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work queues of a data streaming accelerator: find one through sysfs, have one
 * configured if there is none, open it, map its portal, submit to it.
 */
#ifndef SELFTESTS_IDXD_QUEUE_H
#define SELFTESTS_IDXD_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/idxd.h>

#define QUEUE_PORTAL_SIZE	4096
#define QUEUE_CONFIG_FILE	"one-shared-one-dedicated.conf"
#define QUEUE_TIMEOUT_MS	10000

/* What sysfs says of an enabled user queue. */
struct queue {
	char name[32];		/* wq0.1 */
	char device[32];	/* dsa0 */
	char path[64];		/* /dev/dsa/wq0.1 */
	unsigned int index;	/* the 1 of wq0.1 */
	bool dedicated;
	bool block_on_fault;
	unsigned int size;
	unsigned int threshold;	/* shared: what its limited portal lets in */
	unsigned int max_batch;
	uint64_t max_transfer;
};

/* One open file on a queue, and the portal mapped through it. */
struct portal {
	int fd;
	uint8_t *reg;	/* NULL: not mapped */
	const struct queue *queue;
	unsigned int next;	/* where in the page the next store goes */
};

/**
 * queue_device_exists() - is there a DSA device at all?
 *
 * Loads the driver if that has not been done.  Without a device there is nothing
 * that these tests could say.
 */
bool queue_device_exists(void);

/**
 * queue_find() - find an enabled and idle user queue, or have one configured
 * @queue: filled in
 * @dedicated: of that mode
 *
 * Runs accel-config with QUEUE_CONFIG_FILE (beside the program, or in ../idxd)
 * if no queue is enabled.  Return: 0, or a negative error number.
 */
int queue_find(struct queue *queue, bool dedicated);

/**
 * queue_find_on() - the same on one device
 * @queue: filled in
 * @device: the 1 of dsa1
 * @dedicated: of that mode
 *
 * Others may find it from then on: queue_release_device() when done.  Return: as
 * queue_find().
 */
int queue_find_on(struct queue *queue, unsigned int device, bool dedicated);

/** queue_release_device() - disable a device that a test has configured */
int queue_release_device(unsigned int device);

/**
 * queue_attr() - read an attribute of a queue or a device
 * @name: wq0.1 or dsa0
 * @attr: the attribute's file name
 * @buf: where to; without the newline
 * @len: bytes in @buf
 *
 * Return: 0 or a negative error number.
 */
int queue_attr(const char *name, const char *attr, char *buf, int len);

/** queue_attr_u64() - the same for a number in any base; 0 if there is none */
uint64_t queue_attr_u64(const char *name, const char *attr);

/** queue_pci_name() - name of dsa0's PCI function in sysfs; 0 or -errno */
int queue_pci_name(const char *device, char *buf, int len);

/**
 * queue_bind_driver() - give a PCI function its driver, or take it away
 * @function: from queue_pci_name()
 * @bind: which of them
 *
 * What the driver gets is not configured.  Return: 0 or -errno.
 */
int queue_bind_driver(const char *function, bool bind);

/** queue_enable() - enable or disable a configured queue; 0 or -errno */
int queue_enable(const struct queue *queue, bool enable);

/**
 * queue_load_config() - run "accel-config load-config -c QUEUE_CONFIG_FILE -e"
 *
 * Return: its exit status, or a negative error number.
 */
int queue_load_config(void);

/** queue_config_path() - where the configuration is installed; 0 or -ENOENT */
int queue_config_path(char *buf, int len);

/** portal_open() - open @queue and map a portal; 0 or -errno, nothing left open */
int portal_open(struct portal *portal, const struct queue *queue);

/** portal_close() - unmap, and close the file if that is still open */
void portal_close(struct portal *portal);

/**
 * portal_submit_once() - offer a descriptor to the queue, once
 * @portal: mapped
 * @desc: 64 bytes, 64-byte aligned
 *
 * Return: true if it was taken.  A dedicated queue can't refuse: who submits
 * has to count.
 */
bool portal_submit_once(struct portal *portal, const struct dsa_hw_desc *desc);

/**
 * portal_submit() - submit, retry while the queue is full
 * @portal: mapped
 * @desc: 64 bytes, 64-byte aligned
 *
 * Return: how often it had to retry, or -ETIMEDOUT after QUEUE_TIMEOUT_MS.
 */
long portal_submit(struct portal *portal, const struct dsa_hw_desc *desc);

#endif
