/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What offcpu_task.c tells offcpu_task_proc.c about tasks of other processes.
 */
#ifndef _KERNEL_OFFCPU_TASK_H
#define _KERNEL_OFFCPU_TASK_H

#include <linux/offcpu_task.h>

/**
 * struct offcpu_task_info - one task, as it was when somebody looked
 * @id: its ID
 * @state: enum offcpu_state
 * @dev: the device, referenced
 * @tgid: thread group that bound it, referenced
 * @pasid: or 0
 * @bound: when it was bound, in nanoseconds since boot
 * @faults: page faults served for it
 */
struct offcpu_task_info {
	u64 id;
	int state;
	struct device *dev;
	struct pid *tgid;
	u32 pasid;
	u64 bound;
	unsigned long faults;
};

bool offcpu_task_info_get(struct offcpu_task_info *info, u64 from);
bool offcpu_task_info_get_mm(struct offcpu_task_info *info,
			     struct mm_struct *mm, u64 from);
void offcpu_task_info_put(struct offcpu_task_info *info);

struct offcpu_task *offcpu_task_get(u64 id);
void offcpu_task_put(struct offcpu_task *task);

#endif
