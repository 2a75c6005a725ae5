/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of the command register of Intel's DSA: what the device was told,
 * and how it took that.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM idxd

#if !defined(_TRACE_IDXD_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_IDXD_H

#include <linux/tracepoint.h>

/* By code: chapter 9 of the architecture specification, CMD. */
#define show_idxd_command(code)						\
	__print_symbolic(code,						\
			 { 1, "enable-device" },				\
			 { 2, "disable-device" },				\
			 { 3, "drain-all" },				\
			 { 4, "abort-all" },				\
			 { 5, "reset-device" },				\
			 { 6, "enable-wq" },				\
			 { 7, "disable-wq" },				\
			 { 8, "drain-wq" },				\
			 { 9, "abort-wq" },				\
			 { 10, "reset-wq" },				\
			 { 11, "drain-pasid" },				\
			 { 12, "abort-pasid" })

/* Written to the register; for: how many asked for it, or for less. */
TRACE_EVENT(idxd_command,
	TP_PROTO(const char *dev, u32 code, u32 operand,
		 unsigned int askers),
	TP_ARGS(dev, code, operand, askers),
	TP_STRUCT__entry(
		__string(dev, dev)
		__field(u32, code)
		__field(u32, operand)
		__field(unsigned int, askers)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->code = code;
		__entry->operand = operand;
		__entry->askers = askers;
	),
	TP_printk("dev=%s code=%s operand=%#x for=%u", __get_str(dev),
		  show_idxd_command(__entry->code), __entry->operand,
		  __entry->askers)
);

/* Finished, or given up (status -ENODEV) because the device was isolated. */
TRACE_EVENT(idxd_command_done,
	TP_PROTO(const char *dev, int status, u32 error),
	TP_ARGS(dev, status, error),
	TP_STRUCT__entry(
		__string(dev, dev)
		__field(int, status)
		__field(u32, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->status = status;
		__entry->error = error;
	),
	TP_printk("dev=%s status=%d error=%#x", __get_str(dev), __entry->status,
		  __entry->error)
);

#endif

#include <trace/define_trace.h>
