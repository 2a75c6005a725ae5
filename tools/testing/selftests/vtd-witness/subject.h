/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the witness is to speak of: the caller's address space, bound to a device
 * that has copied a page of it, so that the caches hold what leads there.
 */
#ifndef SELFTESTS_VTD_SUBJECT_H
#define SELFTESTS_VTD_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "../idxd/desc.h"
#include "../idxd/queue.h"

#define SUBJECT_WAIT_MS		30000
#define SUBJECT_BOUND_MS	50	/* of an entry that differs from memory */
#define SUBJECT_PAGE		4096UL
#define SUBJECT_PAGES		4

/* Descriptors (VT-d 6.5.2) */
#define INV_CONTEXTS	0x11ULL		/* global */
#define INV_IOTLB	0x12ULL		/* global */
#define INV_PASIDS	0x37ULL		/* global */

struct subject {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *mem;		/* source, destination, and two untouched pages */
	uint16_t sid;
	uint32_t pasid;
	uint64_t entry;		/* where the PASID entry is */
	uint64_t root;		/* topmost table */
	char who[32];		/* as reports name the PASID */
};

/**
 * subject_bind() - bind, and have the device copy the first page to the second
 * @s: filled in
 *
 * Return: false if any of it did not work.
 */
bool subject_bind(struct subject *s);

/**
 * subject_open() - the same, and have the witness listen
 * @s: filled in
 *
 * What the witness said before is forgotten, and an entry may differ for
 * SUBJECT_BOUND_MS from now on.  Return: false if any of it did not work.
 */
bool subject_open(struct subject *s);

/** subject_close() - undo it, with all caches flushed and reports forgotten */
void subject_close(struct subject *s);

/** subject_page() - an address in the subject's memory */
static inline uint8_t *subject_page(const struct subject *s, unsigned int i)
{
	return s->mem + i * SUBJECT_PAGE;
}

/** subject_copy() - have the device copy one page; did it? */
bool subject_copy(struct subject *s, void *dst, const void *src);

/** subject_flush() - have all caches of the IOMMU and of the device forget */
void subject_flush(struct subject *s);

/** subject_flush_device() - have the device's cache alone forget */
void subject_flush_device(struct subject *s);

/**
 * subject_copy_table() - another table of the same entries
 * @addr: where one of them is
 *
 * In memory of the caller's, who must not exit while it is in use.  Return: its
 * physical address, 0 if there is no memory.
 */
uint64_t subject_copy_table(uint64_t addr);

#endif
