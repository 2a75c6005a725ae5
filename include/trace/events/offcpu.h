/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of off-CPU tasks: their life in five lines.  The times of a kill
 * are the differences between these: kill to drained is the device's part,
 * drained to dead the IOMMU's.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM offcpu

#if !defined(_TRACE_OFFCPU_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_OFFCPU_H

#include <linux/device.h>
#include <linux/offcpu_task.h>
#include <linux/pid.h>
#include <linux/tracepoint.h>

TRACE_DEFINE_ENUM(OFFCPU_UNBIND);
TRACE_DEFINE_ENUM(OFFCPU_EXIT);
TRACE_DEFINE_ENUM(OFFCPU_EXEC);
TRACE_DEFINE_ENUM(OFFCPU_COREDUMP);
TRACE_DEFINE_ENUM(OFFCPU_DEVICE);
TRACE_DEFINE_ENUM(OFFCPU_ADMIN);
TRACE_DEFINE_ENUM(OFFCPU_SUSPEND);
TRACE_DEFINE_ENUM(OFFCPU_SHUTDOWN);
TRACE_DEFINE_ENUM(OFFCPU_SIBLING);
TRACE_DEFINE_ENUM(OFFCPU_DRAIN);
TRACE_DEFINE_ENUM(OFFCPU_ABORT);
TRACE_DEFINE_ENUM(OFFCPU_ISOLATE);

#define show_offcpu_cause(cause)			\
	__print_symbolic(cause,				\
			 { OFFCPU_UNBIND, "unbind" },	\
			 { OFFCPU_EXIT, "exit" },	\
			 { OFFCPU_EXEC, "exec" },	\
			 { OFFCPU_COREDUMP, "coredump" }, \
			 { OFFCPU_DEVICE, "device" },	\
			 { OFFCPU_ADMIN, "admin" },	\
			 { OFFCPU_SUSPEND, "suspend" }, \
			 { OFFCPU_SHUTDOWN, "shutdown" }, \
			 { OFFCPU_SIBLING, "sibling" })

#define show_offcpu_rung(rung)				\
	__print_symbolic(rung,				\
			 { OFFCPU_DRAIN, "drain" },	\
			 { OFFCPU_ABORT, "abort" },	\
			 { OFFCPU_ISOLATE, "isolate" })

DECLARE_EVENT_CLASS(offcpu_task,

	TP_PROTO(const struct offcpu_task *task),

	TP_ARGS(task),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(const void *, mm)
		__field(pid_t, pid)
		__field(u32, pasid)
		__string(dev, dev_name(task->dev))
	),

	TP_fast_assign(
		__entry->id = task->id;
		__entry->mm = task->mm;
		__entry->pid = pid_nr(task->tgid);
		__entry->pasid = task->pasid;
		__assign_str(dev);
	),

	TP_printk("id=%llu mm=%p pid=%d dev=%s pasid=%u", __entry->id,
		  __entry->mm, __entry->pid, __get_str(dev), __entry->pasid)
);

DEFINE_EVENT(offcpu_task, offcpu_task_bind,
	TP_PROTO(const struct offcpu_task *task), TP_ARGS(task));

DEFINE_EVENT(offcpu_task, offcpu_task_free,
	TP_PROTO(const struct offcpu_task *task), TP_ARGS(task));

TRACE_EVENT(offcpu_task_kill,

	TP_PROTO(const struct offcpu_task *task),

	TP_ARGS(task),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(const void *, mm)
		__field(pid_t, pid)
		__field(u32, pasid)
		__field(int, cause)
		__string(dev, dev_name(task->dev))
	),

	TP_fast_assign(
		__entry->id = task->id;
		__entry->mm = task->mm;
		__entry->pid = pid_nr(task->tgid);
		__entry->pasid = task->pasid;
		__entry->cause = task->cause;
		__assign_str(dev);
	),

	TP_printk("id=%llu mm=%p pid=%d dev=%s pasid=%u cause=%s", __entry->id,
		  __entry->mm, __entry->pid, __get_str(dev), __entry->pasid,
		  show_offcpu_cause(__entry->cause))
);

TRACE_EVENT(offcpu_task_drained,

	TP_PROTO(const struct offcpu_task *task, int rung),

	TP_ARGS(task, rung),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(const void *, mm)
		__field(pid_t, pid)
		__field(u32, pasid)
		__field(int, rung)
		__string(dev, dev_name(task->dev))
	),

	TP_fast_assign(
		__entry->id = task->id;
		__entry->mm = task->mm;
		__entry->pid = pid_nr(task->tgid);
		__entry->pasid = task->pasid;
		__entry->rung = rung;
		__assign_str(dev);
	),

	TP_printk("id=%llu mm=%p pid=%d dev=%s pasid=%u rung=%s", __entry->id,
		  __entry->mm, __entry->pid, __get_str(dev), __entry->pasid,
		  show_offcpu_rung(__entry->rung))
);

TRACE_EVENT(offcpu_task_dead,

	TP_PROTO(const struct offcpu_task *task, unsigned long faults),

	TP_ARGS(task, faults),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(const void *, mm)
		__field(pid_t, pid)
		__field(u32, pasid)
		__field(unsigned long, faults)
		__string(dev, dev_name(task->dev))
	),

	TP_fast_assign(
		__entry->id = task->id;
		__entry->mm = task->mm;
		__entry->pid = pid_nr(task->tgid);
		__entry->pasid = task->pasid;
		__entry->faults = faults;
		__assign_str(dev);
	),

	TP_printk("id=%llu mm=%p pid=%d dev=%s pasid=%u faults=%lu",
		  __entry->id, __entry->mm, __entry->pid, __get_str(dev),
		  __entry->pasid, __entry->faults)
);

#endif /* _TRACE_OFFCPU_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
