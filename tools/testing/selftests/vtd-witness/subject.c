// SPDX-License-Identifier: GPL-2.0
/* An address space bound to a device: see subject.h. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "subject.h"
#include "tables.h"
#include "witness.h"

#define INV_DEVICE	0x8ULL				/* by PASID */
#define INV_DEVICE_ALL	0x7ffffffffffff800ULL

static uint16_t sid_of(const struct queue *queue)
{
	unsigned int bus, slot, function;
	char name[32];

	if (queue_pci_name(queue->device, name, sizeof(name)) ||
	    sscanf(name, "%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return 0;
	return bus << 8 | slot << 3 | function;
}

bool subject_copy(struct subject *s, void *dst, const void *src)
{
	desc_memmove(s->desc, dst, src, SUBJECT_PAGE);
	return portal_submit(&s->portal, &s->desc->hw) >= 0 &&
	       desc_wait(&s->desc->record, SUBJECT_WAIT_MS) == DSA_COMP_SUCCESS;
}

void subject_flush_device(struct subject *s)
{
	witness_descriptor(INV_DEVICE | (uint64_t)s->sid << 16 |
			   (uint64_t)s->pasid << 32, INV_DEVICE_ALL);
}

void subject_flush(struct subject *s)
{
	witness_descriptor(INV_CONTEXTS, 0);
	witness_descriptor(INV_PASIDS, 0);
	witness_descriptor(INV_IOTLB, 0);
	subject_flush_device(s);
}

static bool find_tables(struct subject *s)
{
	s->sid = sid_of(&s->queue);
	s->pasid = tables_find_pasid(s->sid, s->mem);
	s->entry = tables_pasid(s->sid, s->pasid);
	s->root = tables_read(s->entry + 16) & TABLES_ADDRESS;
	snprintf(s->who, sizeof(s->who), "PASID %u ", s->pasid);
	return s->pasid;
}

bool subject_bind(struct subject *s)
{
	if (!queue_device_exists() || !tables_open() ||
	    queue_find(&s->queue, false) || portal_open(&s->portal, &s->queue))
		return false;
	s->desc = proc_shared(sizeof(*s->desc));
	s->mem = pages_untouched(SUBJECT_PAGES * SUBJECT_PAGE);
	if (!s->mem)
		return false;
	memset(s->mem, 1, 2 * SUBJECT_PAGE);
	return subject_copy(s, subject_page(s, 1), s->mem) && find_tables(s);
}

bool subject_open(struct subject *s)
{
	if (!subject_bind(s))
		return false;
	witness_forget();
	witness_bound(SUBJECT_BOUND_MS);
	return true;
}

void subject_close(struct subject *s)
{
	subject_flush(s);
	witness_bound(0);
	witness_forget();
	portal_close(&s->portal);
}

uint64_t subject_copy_table(uint64_t addr)
{
	uint64_t *copy = pages_untouched(SUBJECT_PAGE);

	if (!copy)
		return 0;
	addr &= TABLES_ADDRESS;
	for (unsigned int i = 0; i < SUBJECT_PAGE / sizeof(*copy); i++)
		copy[i] = tables_read(addr + i * sizeof(*copy));
	return pages_pfn(copy) * SUBJECT_PAGE;
}
