/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One open file of a queue's character device: an off-CPU task of the process
 * that opened it, and all that this process has of the queue.
 */
#ifndef _IDXD_USER_H_
#define _IDXD_USER_H_

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/offcpu_task.h>
#include <linux/types.h>

struct address_space;
struct file;
struct idxd_cmd;
struct idxd_device;
struct idxd_wq;
struct iommu_sva;
struct iommu_sva_ops;
struct mm_struct;
struct vm_area_struct;

/**
 * struct idxd_user - one open file
 * @wq: the queue; the file holds the character device, and that the queue
 * @node: in idxd_wq.users, until closed or the queue is disabled; guarded by
 *	idxd_wq.lock
 * @sva: the binding; set before the file can be used
 * @mm: to compare with, while not @dead; not a reference
 * @mapping: where the portal's VMAs are found; lives as long as the file
 * @pgoff: tells this file's portal from others' in @mapping
 * @lock: guards @dead and @gone, and is held over each submission and each
 *	fault of the portal: none of them comes after @dead is set.  The kill
 *	path takes it, so no holder may wait for the device, for mmap_lock or
 *	for another process.
 * @dead: the task is dying or dead
 * @gone: the device or queue has gone, rather than the mm
 * @drain: makes the device finish what it has of this task; once that is
 *	begun, the command that was given for it
 * @abort: the same, for giving up
 */
struct idxd_user {
	struct idxd_wq *wq;
	struct list_head node;
	struct iommu_sva *sva;
	struct mm_struct *mm;
	struct address_space *mapping;
	pgoff_t pgoff;
	struct mutex lock;	/* dead, gone; no submission without it */
	bool dead;
	bool gone;
	struct idxd_cmd *drain;
	struct idxd_cmd *abort;
};

/**
 * idxd_user_open() - make the calling process a user of the queue
 * @wq: the queue
 * @file: the file that is being opened
 *
 * Context: process; may sleep; takes idxd_wq.open_lock and idxd_wq.lock.
 * Return: the user, or an ERR_PTR: -ENODEV no such queue any more, -EBUSY
 * dedicated and taken, -ESRCH the process is dying, -ERESTARTSYS a signal
 * came while another opened it, or as iommu_sva_bind_device() and
 * idxd_wq_set_pasid().
 */
struct idxd_user *idxd_user_open(struct idxd_wq *wq, struct file *file);

/**
 * idxd_user_close() - the last reference to the file has gone
 * @user: the user; freed
 *
 * Context: process; may sleep; takes idxd_wq.lock.
 */
void idxd_user_close(struct idxd_user *user);

/**
 * idxd_users_wait_opens() - wait for those who are in the midst of opening
 * @wq: the queue, disabled: they find that out, and let go of the device
 *
 * Who takes longer than some seconds is killed.
 *
 * Context: may sleep; without locks.
 */
void idxd_users_wait_opens(struct idxd_wq *wq);

/**
 * idxd_users_kill() - take the queue away from its users
 * @wq: the queue
 * @cause: why
 *
 * Context: under idxd_wq.lock; returns when all tasks are DEAD, which are
 * drained in parallel.
 */
void idxd_users_kill(struct idxd_wq *wq, enum offcpu_cause cause);

/**
 * idxd_users_kill_all() - the same for all queues of a device at once
 * @idxd: the device
 * @cause: why
 *
 * There may be others by the time that it returns: idxd_users_kill() is still
 * due for each queue, with its state changed.
 *
 * Context: under idxd_device.lock.
 */
void idxd_users_kill_all(struct idxd_device *idxd, enum offcpu_cause cause);

/**
 * idxd_user_check() - may the calling process use this file?
 * @user: the user
 *
 * Context: under idxd_user.lock.
 * Return: 0; -ENODEV the queue has gone; -EOWNERDEAD the mm is dead; -EPERM
 * it is another process's.
 */
int idxd_user_check(struct idxd_user *user);

/**
 * idxd_user_may_use() - the same, for who has not taken the lock
 * @user: the user
 *
 * It may be otherwise right after.
 *
 * Context: may sleep; takes idxd_user.lock.
 * Return: as idxd_user_check().
 */
int idxd_user_may_use(struct idxd_user *user);

/**
 * idxd_portal_mmap() - map the portal
 * @user: the user
 * @vma: one page, shared and writable, at offset 0
 *
 * Context: under mmap_lock.
 * Return: 0, -EINVAL, or -EPERM for want of CAP_SYS_RAWIO, or as
 * idxd_user_check().
 */
int idxd_portal_mmap(struct idxd_user *user, struct vm_area_struct *vma);

/**
 * idxd_portal_zap() - take the portal from whoever has it mapped
 * @user: the user, dead
 *
 * Touching it raises SIGBUS from now on.
 *
 * Context: may sleep.
 */
void idxd_portal_zap(struct idxd_user *user);

/**
 * idxd_submit_write() - submit descriptors for a process
 * @user: the user
 * @buf: descriptors
 * @len: a multiple of their size
 *
 * Context: process; may sleep; takes idxd_user.lock.
 * Return: bytes that were accepted, or an error if none were: -EINVAL not a
 * descriptor that can be let through, -EAGAIN the queue is full, -EFAULT, or
 * as idxd_user_check().
 */
ssize_t idxd_submit_write(struct idxd_user *user, const char __user *buf,
			  size_t len);

/* drain.c */
extern const struct iommu_sva_ops idxd_drain_ops;

/**
 * idxd_drain_alloc() - prepare the commands that a drain gives
 * @user: the user, its queue known
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int idxd_drain_alloc(struct idxd_user *user);

/**
 * idxd_drain_free() - undo idxd_drain_alloc()
 * @user: the user, its binding gone
 *
 * Context: any.
 */
void idxd_drain_free(struct idxd_user *user);

#endif
