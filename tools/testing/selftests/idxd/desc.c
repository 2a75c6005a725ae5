// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors and completion records: fill one in, wait for the other.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <x86intrin.h>

#include "desc.h"
#include "insn.h"
#include "proc.h"

#define UMWAIT_CYCLES	100000
#define SPINS		1000	/* before other threads get the CPU */

void desc_init(struct desc *desc, unsigned int opcode)
{
	memset(desc, 0, sizeof(*desc));
	desc->hw.opcode = opcode;
	desc->hw.flags = DESC_WANT_RECORD;
	desc->hw.completion_addr = (uintptr_t)&desc->record;
}

void desc_init_silent(struct desc *desc)
{
	memset(desc, 0, sizeof(*desc));
	desc->hw.opcode = DSA_OPCODE_NOOP;
}

void desc_memmove(struct desc *desc, void *dst, const void *src, uint32_t size)
{
	desc_init(desc, DSA_OPCODE_MEMMOVE);
	desc->hw.src_addr = (uintptr_t)src;
	desc->hw.dst_addr = (uintptr_t)dst;
	desc->hw.xfer_size = size;
}

void desc_memfill(struct desc *desc, void *dst, uint64_t pattern, uint32_t size)
{
	desc_init(desc, DSA_OPCODE_MEMFILL);
	desc->hw.pattern = pattern;
	desc->hw.dst_addr = (uintptr_t)dst;
	desc->hw.xfer_size = size;
}

void desc_batch(struct desc *desc, const struct dsa_hw_desc *list, uint32_t count)
{
	desc_init(desc, DSA_OPCODE_BATCH);
	desc->hw.desc_list_addr = (uintptr_t)list;
	desc->hw.desc_count = count;
}

static void relax(const struct dsa_completion_record *record, bool umwait,
		  unsigned int spin)
{
	if (umwait) {
		insn_umonitor(record);
		if (!record->status)
			insn_umwait(__rdtsc() + UMWAIT_CYCLES);
	} else {
		_mm_pause();
	}
	if (spin % SPINS == SPINS - 1)
		sched_yield();
}

int desc_wait(const struct dsa_completion_record *record, unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;
	bool umwait = insn_available(INSN_WAITPKG);

	for (unsigned int spin = 0; !record->status; spin++) {
		if (proc_now() > deadline)
			return -ETIMEDOUT;
		relax(record, umwait, spin);
	}
	/* What the device wrote before the status is visible from here on. */
	_mm_lfence();
	return record->status;
}
