/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors and completion records: fill one in, wait for the other.  Layouts
 * are those of <linux/idxd.h> and of the DSA architecture specification.
 */
#ifndef SELFTESTS_IDXD_DESC_H
#define SELFTESTS_IDXD_DESC_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/idxd.h>

#define DESC_WANT_RECORD	(IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR)
#define DESC_FAULT_WRITE	0x80	/* of a record's status: a write faulted */

/* A descriptor with the record that it asks for, aligned as both must be. */
struct desc {
	alignas(64) struct dsa_hw_desc hw;
	alignas(64) struct dsa_completion_record record;
};

/**
 * desc_init() - an empty descriptor of @opcode that asks for a record
 * @desc: overwritten, the record too
 * @opcode: enum dsa_opcode
 */
void desc_init(struct desc *desc, unsigned int opcode);

/** desc_init_silent() - a no-op that asks for no record */
void desc_init_silent(struct desc *desc);

/** desc_memmove() - copy @size bytes */
void desc_memmove(struct desc *desc, void *dst, const void *src, uint32_t size);

/** desc_memfill() - fill @size bytes with an 8-byte pattern */
void desc_memfill(struct desc *desc, void *dst, uint64_t pattern, uint32_t size);

/** desc_batch() - run @count descriptors (64 bytes each, 64-byte aligned) */
void desc_batch(struct desc *desc, const struct dsa_hw_desc *list, uint32_t count);

/**
 * desc_wait() - wait for a completion record
 * @record: its status was 0 when the descriptor was submitted
 * @timeout_ms: at most that long
 *
 * Return: the status (not 0), or -ETIMEDOUT.
 */
int desc_wait(const struct dsa_completion_record *record, unsigned int timeout_ms);

#endif
