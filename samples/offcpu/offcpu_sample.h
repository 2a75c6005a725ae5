/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What user space writes to /dev/offcpu-sample.
 */
#ifndef _OFFCPU_SAMPLE_H
#define _OFFCPU_SAMPLE_H

#include <linux/types.h>

#define OFFCPU_SAMPLE_PAUSE_MAX	100000

/**
 * struct offcpu_sample_job - have an engine count in the caller's memory
 * @addr: a 64-bit word, aligned; the engine stores 1, 2, 3 and so on there
 * @stores: how often; 0: until it is told to stop
 * @pause_us: between two stores, OFFCPU_SAMPLE_PAUSE_MAX at most
 * @deaf: 1: the engine obeys neither drain nor abort; else 0
 * @device: name of a PCI device that has shared virtual addressing enabled, to
 *	work under the PASID that it knows the caller by; "": no IOMMU is involved
 */
struct offcpu_sample_job {
	__u64 addr;
	__u64 stores;
	__u32 pause_us;
	__u32 deaf;
	char device[32];
};

#endif
