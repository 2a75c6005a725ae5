/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the test of DSA's data operations share. */
#ifndef DSA_OP_TEST_H
#define DSA_OP_TEST_H

#include "qemu/osdep.h"
#include "dsa-op.h"
#include "dsa-op-ref.h"

#define PAGE        4096
#define MAX_SIZE    0x200000u       /* of a transfer */
#define BASE_FLAGS  (DSA_FLAG_CRAV | DSA_FLAG_RCR)

/* Where the buffers of a descriptor begin, more or less */
#define SRC         (ARENA_VA + 4 * PAGE)
#define DST         (ARENA_VA + 24 * PAGE)
#define THIRD       (ARENA_VA + 44 * PAGE)

/* TAP: one test, and why it failed */
void ok(bool pass, const char *name, const char *why);

/* What dsa_task_may_block() says */
void set_may_block(bool may);

void desc_init(uint8_t *desc, uint8_t opcode, uint64_t src, uint64_t dst,
               uint32_t size);
void task_init(DSATask *t, const uint8_t *desc);

/* dsa-op-test-check.c: descriptors that are refused, and that are not */
void test_check(void);

#endif
