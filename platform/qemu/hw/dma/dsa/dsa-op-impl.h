/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the operations (dsa-op*.c) share among themselves; nobody
 * else includes this.  It knows the layout of descriptors and how one chunk of
 * work is done, and reaches memory by dsa_mem_read() and dsa_mem_write() only.
 */
#ifndef HW_DMA_DSA_OP_IMPL_H
#define HW_DMA_DSA_OP_IMPL_H

#include "dsa-op.h"

/* Bytes that an operation handles at a time */
#define DSA_CHUNK               4096
/* The smallest page that translation can know */
#define DSA_PAGE                4096

/* Descriptor fields, by byte offset; those of one operation are in its file */
#define DSA_D_SRC               16
#define DSA_D_DST               24
#define DSA_D_SIZE              32
#define DSA_D_RESULT            40  /* expected result of a comparison */
#define DSA_D_DST2              40
#define DSA_D_CRC_SEED          40
#define DSA_D_CRC_SEED_ADDR     48

/* Flags of single operations (bits 23:16) */
#define DSA_FLAG_DST2_STS       0x010000    /* Dualcast: 2nd steering tag */
#define DSA_FLAG_CRC_READ_SEED  0x010000
#define DSA_FLAG_CRC_RAW        0x020000    /* no inversion, no reflection */
#define DSA_FLAG_CRC_RAW_DATA   0x040000    /* no reflection of the data */

/*
 * Do the next piece of @t, at most about @max bytes of it, and add what was
 * moved to @moved.  DSA_STEP_MORE implies progress.  Before DSA_STEP_FAULT
 * @t->op_pos is brought to what is complete, which is also what the completion
 * record will say; DSA_STEP_DONE sets the status and any result.
 */
typedef DSAStep DSAStepFn(DSATask *t, size_t max, size_t *moved);

/* Check what the tables in dsa-op.c cannot express; 0 or a DSA_ST_* code */
typedef uint8_t DSACheckFn(const DSATask *t);

/* dsa-op-move.c */
DSAStepFn dsa_step_memmove, dsa_step_fill, dsa_step_dualcast, dsa_step_cflush;
DSACheckFn dsa_check_dualcast;

/* dsa-op-compare.c */
DSAStepFn dsa_step_compare, dsa_step_compval;

/* dsa-op-delta.c */
DSAStepFn dsa_step_create_delta, dsa_step_apply_delta;
DSACheckFn dsa_check_create_delta, dsa_check_apply_delta;

/* dsa-op-crc.c */
DSAStepFn dsa_step_crcgen, dsa_step_copy_crc;
DSACheckFn dsa_check_crcgen, dsa_check_copy_crc;

/* dsa-op-dif.c */
DSAStepFn dsa_step_dif;
DSACheckFn dsa_check_dif;

/*
 * As dsa_mem_read() and dsa_mem_write(), but what lies before a page at fault
 * counts as success: returns the number of bytes accessed, and 0 only when
 * the fault of the very first one has been recorded in @t.
 */
static inline size_t dsa_op_read(DSATask *t, uint64_t va, void *buf, size_t len)
{
    size_t done = 0;

    dsa_mem_read(t, va, buf, len, &done);
    return done;
}

static inline size_t dsa_op_write(DSATask *t, uint64_t va, const void *buf,
                                  size_t len)
{
    size_t done = 0;

    dsa_mem_write(t, va, buf, len, &done);
    return done;
}

/* Bytes that are left of the transfer, @max at most */
static inline size_t dsa_op_left(const DSATask *t, size_t max)
{
    return MIN(max, dsa_desc_u32(t, DSA_D_SIZE) - t->op_pos);
}

static inline DSAStep dsa_op_done(DSATask *t, uint8_t status)
{
    t->status = status;
    return DSA_STEP_DONE;
}

/* Count @n bytes of the transfer as complete */
static inline DSAStep dsa_op_advance(DSATask *t, size_t n, size_t *moved)
{
    t->op_pos += n;
    *moved += n;
    return t->op_pos < dsa_desc_u32(t, DSA_D_SIZE) ?
           DSA_STEP_MORE : dsa_op_done(t, DSA_ST_SUCCESS);
}

/* Whether two ranges share a byte; addresses may wrap around */
static inline bool dsa_overlap(uint64_t a, uint64_t a_len,
                               uint64_t b, uint64_t b_len)
{
    return b - a < a_len || a - b < b_len;
}

#endif
