/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a device is made of: the function itself, its work queues, groups and
 * engines, and the objects that stand for them on the bus "dsa".
 *
 * Locks, outermost first:
 *   idxd_device.lock, or idxd_wq.open_lock, never both
 *			configuration and state of the device, its queues,
 *			groups and engines; opens of one queue
 *   idxd_wq.lock	state of one queue and the list of its users
 * then user.h's and command.h's, the only two that the kill path may take.
 */
#ifndef _IDXD_DEVICE_H_
#define _IDXD_DEVICE_H_

#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/idxd.h>

#include "command.h"
#include "regs.h"

#define IDXD_NAME_SIZE		1024
#define IDXD_DRIVER_NAME_SIZE	128
#define IDXD_OPCAP_BITS		256

#define IDXD_ENQCMDS_RETRIES_DEFAULT	32
#define IDXD_ENQCMDS_RETRIES_MAX	64

enum idxd_device_state {
	IDXD_DEV_DISABLED,
	IDXD_DEV_ENABLED,
	IDXD_DEV_HALTED,	/* enabled, but being reset, or broken */
	IDXD_DEV_DISABLING,	/* enabled, but for no further queue */
};

enum idxd_wq_state {
	IDXD_WQ_DISABLED,
	IDXD_WQ_ENABLED,
	IDXD_WQ_STOPPED,	/* enabled, but its device is being reset */
};

enum idxd_wq_type {
	IDXD_WQT_NONE,
	IDXD_WQT_KERNEL,
	IDXD_WQT_USER,
};

/**
 * struct idxd_model - what differs between the device types
 * @name: prefix of the device's and its character devices' names ("dsa")
 * @compl_align: alignment of completion records, bytes
 * @user_submission_safe: an unprivileged process may have a portal; false on
 *	parts with the erratum of CVE-2024-21823
 */
struct idxd_model {
	const char *name;
	unsigned int compl_align;
	bool user_submission_safe;
};

/**
 * struct idxd_caps - what the device can do, read once at probe
 * @version: VERSION
 * @gencap: GENCAP, verbatim (as the sysfs attribute gen_cap shows it)
 * @cmdcap: bit n: command n is supported
 * @opcap: bit n: opcode n is supported
 * @max_xfer_bytes: largest transfer
 * @max_batch_size: most descriptors in a batch
 * @max_wq_size: entries that all queues share
 * @num_wqs: work queues
 * @num_groups: groups
 * @num_engines: engines
 * @max_rdbufs: read buffers
 * @wqcfg_size: bytes from one queue's WQCFG to the next
 * @wqcfg_off: offset of WQCFG in BAR 0
 * @grpcfg_off: offset of GRPCFG in BAR 0
 */
struct idxd_caps {
	u32 version;
	u64 gencap;
	u32 cmdcap;
	DECLARE_BITMAP(opcap, IDXD_OPCAP_BITS);
	u64 max_xfer_bytes;
	u32 max_batch_size;
	u32 max_wq_size;
	u32 num_wqs;
	u32 num_groups;
	u32 num_engines;
	u32 max_rdbufs;
	u32 wqcfg_size;
	u32 wqcfg_off;
	u32 grpcfg_off;
	bool configurable;
	bool block_on_fault;
	bool shared_mode;
	bool dedicated_mode;
	bool wq_ats_disable;	/* ATS can be switched off per queue */
	bool wq_prs_disable;	/* page requests can be switched off per queue */
	bool wq_priority;
	bool wq_occupancy;
	bool wq_opcfg;		/* opcodes can be switched off per queue */
	bool rdbuf_ctrl;
	bool rdbuf_limit;
	bool progress_limit;
};

/**
 * struct idxd_group - queues and the engines that serve them
 *
 * Configuration, guarded by idxd_device.lock, written to the device when that
 * is enabled.  Membership is in the queues and engines.
 */
struct idxd_group {
	struct device conf_dev;
	struct idxd_device *idxd;
	unsigned int id;
	unsigned int num_wqs;
	unsigned int num_engines;
	int tc_a;		/* -1: the default, by the version */
	int tc_b;
	u8 rdbufs_allowed;
	u8 rdbufs_reserved;
	bool use_rdbuf_limit;
	u8 desc_progress_limit;
	u8 batch_progress_limit;
};

/**
 * struct idxd_engine - one engine; @group is guarded by idxd_device.lock
 */
struct idxd_engine {
	struct device conf_dev;
	struct idxd_device *idxd;
	struct idxd_group *group;
	unsigned int id;
};

struct dsa_driver;
struct idxd_cdev;
struct idxd_user;

/**
 * struct idxd_wq_config - what the administrator sets; idxd_device.lock
 *
 * Changed only while the queue is disabled; @size, and @group of the queue,
 * only while the device is.
 */
struct idxd_wq_config {
	enum idxd_wq_type type;
	char name[IDXD_NAME_SIZE + 1];
	char driver_name[IDXD_DRIVER_NAME_SIZE + 1];
	u16 size;
	u16 threshold;
	u8 priority;
	bool dedicated;
	bool block_on_fault;
	bool ats_disable;
	bool prs_disable;
	u64 max_xfer_bytes;
	u32 max_batch_size;
	unsigned int enqcmds_retries;
	DECLARE_BITMAP(opcap, IDXD_OPCAP_BITS);
};

/**
 * struct idxd_wq - a work queue
 * @lock: guards @state, @users, @owner, @opener, @cdev and the hardware queue's
 *	state.  @state is written with idxd_device.lock held too: either is enough
 *	to read it.  Never taken in the kill path, nor held over mmap_lock: a
 *	process that exits takes it when its files are closed.
 * @open_lock: one open at a time.  It is held over a bind, which may last as
 *	long as the process that binds sees to it that its mmap_lock is taken
 * @users: the open files, struct idxd_user.node
 * @owner: the one user of a dedicated queue, until closed or followed by another
 * @opener: who has @open_lock to open it
 * @opened: an open has ended, with success or without
 * @portal: the limited portal in the kernel's own mapping; NULL when disabled
 * @events: poll() waits here for errors and for death
 * @drain: "Drain WQ", which can stand in for the drains of its dying users
 */
struct idxd_wq {
	struct device conf_dev;
	struct idxd_device *idxd;
	unsigned int id;
	struct idxd_group *group;
	struct idxd_wq_config cfg;

	struct mutex open_lock;	/* opens, never closes */
	struct mutex lock;	/* state, users, owner, opener, cdev */
	enum idxd_wq_state state;
	struct list_head users;
	struct idxd_user *owner;
	struct task_struct *opener;
	wait_queue_head_t opened;
	struct idxd_cdev *cdev;
	void __iomem *portal;
	wait_queue_head_t events;
	struct idxd_cmd_cover drain;
};

/**
 * struct idxd_device - one function
 * @lock: guards the configuration and @state, see above
 * @id: the number in its name; -1 once it has left the bus
 * @cmd_status: outcome of the last command or configuration step, the ABI's
 *	enum idxd_scmd_stat or the hardware's code; written with WRITE_ONCE()
 * @sw_err: the last error that the device reported, SWERR verbatim;
 *	@err_lock guards it
 * @recovery: resets an isolated or halted function
 * @isolated: queued when the IOMMU has isolated the function by itself
 * @resets: how many times in a row that did not help; written under @lock
 */
struct idxd_device {
	struct device conf_dev;
	struct pci_dev *pdev;
	const struct idxd_model *model;
	int id;
	void __iomem *regs;		/* BAR 0 */
	struct idxd_caps caps;
	bool sva;			/* PASIDs and page requests are on */

	struct mutex lock;	/* configuration and state */
	enum idxd_device_state state;
	u32 cmd_status;
	u32 rdbuf_limit;
	struct idxd_wq **wqs;
	struct idxd_group **groups;
	struct idxd_engine **engines;

	struct idxd_cmd_queue cmds;
	spinlock_t err_lock;	/* sw_err */
	u64 sw_err[4];
	struct delayed_work recovery;
	struct work_struct isolated;
	unsigned int resets;
};

#define confdev_to_idxd(d)	container_of(d, struct idxd_device, conf_dev)
#define confdev_to_wq(d)	container_of(d, struct idxd_wq, conf_dev)
#define confdev_to_group(d)	container_of(d, struct idxd_group, conf_dev)
#define confdev_to_engine(d)	container_of(d, struct idxd_engine, conf_dev)

extern const struct device_type idxd_device_type;
extern const struct device_type idxd_wq_type;
extern const struct device_type idxd_group_type;
extern const struct device_type idxd_engine_type;

static inline bool is_idxd_device(const struct device *dev)
{
	return dev->type == &idxd_device_type;
}

static inline bool is_idxd_wq(const struct device *dev)
{
	return dev->type == &idxd_wq_type;
}

/* sysfs-*.c */
extern const struct attribute_group *idxd_device_groups[];
extern const struct attribute_group *idxd_wq_groups[];
extern const struct attribute_group *idxd_group_groups[];
extern const struct attribute_group *idxd_engine_groups[];

/* drivers.c */
extern struct dsa_driver idxd_device_driver;
extern struct dsa_driver idxd_user_driver;

/**
 * idxd_device_answers() - does the function answer at all?
 * @idxd: the device
 *
 * Not when it has been pulled out or its memory space is switched off: then
 * all registers read as ones, GENSTS with its reserved bits as well.
 *
 * Context: any.
 */
static inline bool idxd_device_answers(const struct idxd_device *idxd)
{
	return !PCI_POSSIBLE_ERROR(ioread32(idxd->regs + IDXD_GENSTS));
}

/**
 * idxd_device_alloc() - the software side of a function
 * @pdev: the function
 * @model: its type
 *
 * Context: may sleep.
 * Return: the device, holding one reference of its conf_dev's; or an ERR_PTR.
 */
struct idxd_device *idxd_device_alloc(struct pci_dev *pdev,
				      const struct idxd_model *model);

/**
 * idxd_device_alloc_parts() - queues, groups and engines
 * @idxd: the device, its capabilities read
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.  What was made goes in idxd_device_put().
 */
int idxd_device_alloc_parts(struct idxd_device *idxd);

/**
 * idxd_device_put() - let go of a device and its parts
 * @idxd: the device, not on the bus (any more); freed with its last open file
 *
 * Context: may sleep.
 */
void idxd_device_put(struct idxd_device *idxd);

/**
 * idxd_device_add() - show the device and its parts on the bus
 * @idxd: the device
 *
 * Context: may sleep.
 * Return: 0 or the driver core's error, with nothing left on the bus.
 */
int idxd_device_add(struct idxd_device *idxd);

/**
 * idxd_device_del() - take the device and its parts off the bus
 * @idxd: the device
 *
 * Unbinds, and so disables, all of them.
 *
 * Context: may sleep; without locks.
 */
void idxd_device_del(struct idxd_device *idxd);

/**
 * idxd_cdev_major() - the major number of the character devices
 *
 * Context: any.  (cdev.c)
 * Return: the number.
 */
int idxd_cdev_major(void);

/**
 * idxd_wq_cdev_minor() - the minor number of a queue's character device
 * @wq: the queue
 *
 * Context: may sleep; takes idxd_wq.lock.  (cdev.c)
 * Return: the number, or -ENXIO when the queue has none.
 */
int idxd_wq_cdev_minor(struct idxd_wq *wq);

/**
 * idxd_wq_num_users() - open files of a queue
 * @wq: the queue
 *
 * Context: may sleep; takes idxd_wq.lock.  (wq.c)
 */
unsigned int idxd_wq_num_users(struct idxd_wq *wq);

/**
 * idxd_wq_occupancy() - entries in use
 * @wq: the queue
 *
 * Context: any, while the device is on the bus.  (wq.c)
 */
u32 idxd_wq_occupancy(struct idxd_wq *wq);

/**
 * idxd_wq_default_config() - forget what the administrator set
 * @wq: the queue; leaves its group, too
 *
 * Context: under idxd_device.lock.  (config.c)
 */
void idxd_wq_default_config(struct idxd_wq *wq);

/**
 * idxd_wq_set_group() - move a queue to a group
 * @wq: the queue
 * @group: the group, or NULL for none
 *
 * Context: under idxd_device.lock, device disabled.  (config.c)
 */
void idxd_wq_set_group(struct idxd_wq *wq, struct idxd_group *group);

/**
 * idxd_engine_set_group() - move an engine to a group
 * @engine: the engine
 * @group: the group, or NULL for none
 *
 * Context: under idxd_device.lock, device disabled.  (config.c)
 */
void idxd_engine_set_group(struct idxd_engine *engine,
			   struct idxd_group *group);

#endif
