// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dispatch of the operations, and the check of a descriptor before it runs:
 * which flags and which fields an operation has (chapter 8 of the
 * specification).  Touches the task that it is given and nothing else.
 */
#include "qemu/osdep.h"
#include "dsa-op-impl.h"

/* Flags that every operation has, and those of one that uses memory */
#define FLAGS_ALL   (DSA_FLAG_FENCE | DSA_FLAG_CRAV | DSA_FLAG_RCR | \
                     DSA_FLAG_RCI | DSA_FLAG_CRSTS | DSA_FLAG_CR_TCS)
#define FLAGS_MEM   (FLAGS_ALL | DSA_FLAG_BOF)
/* ... that writes to the destination address */
#define FLAGS_WRITE (FLAGS_MEM | DSA_FLAG_CC | DSA_FLAG_ADDR2_TCS | \
                     DSA_FLAG_STORD | DSA_FLAG_DRDBK | DSA_FLAG_DSTS)
#define FLAGS_COPY  (FLAGS_WRITE | DSA_FLAG_ADDR1_TCS)
#define FLAGS_CRC   (DSA_FLAG_CRC_READ_SEED | DSA_FLAG_CRC_RAW | \
                     DSA_FLAG_CRC_RAW_DATA)
/* Flags without which the result would be lost */
#define FLAGS_NEED  (DSA_FLAG_CRAV | DSA_FLAG_RCR)

/* Sets of descriptor bytes, one bit a byte */
#define BYTES(off, len) (((1ull << (len)) - 1) << (off))
#define F_NONE      (BYTES(0, 16) | BYTES(36, 2))
#define F_SIZE      (F_NONE | BYTES(32, 4))
#define F_SRC       (F_SIZE | BYTES(16, 8))
#define F_DST       (F_SIZE | BYTES(24, 8))
#define F_BOTH      (F_SRC | F_DST)
#define F_DIF_SRC   (BYTES(40, 1) | BYTES(42, 1) | BYTES(48, 8))
#define F_DIF_DST   (BYTES(41, 1) | BYTES(42, 1) | BYTES(56, 8))

typedef struct DSAOp {
    DSAStepFn *step;
    DSACheckFn *check;      /* or NULL */
    uint32_t flags;         /* that may be set */
    uint32_t need;          /* that must be set */
    uint64_t fields;        /* bytes that may be other than zero */
} DSAOp;

static DSAStep dsa_step_noop(DSATask *t, size_t max, size_t *moved)
{
    return dsa_op_done(t, DSA_ST_SUCCESS);
}

static const DSAOp dsa_ops[] = {
    [DSA_OP_NOOP] = {
        .step = dsa_step_noop, .flags = FLAGS_ALL, .fields = F_NONE,
    },
    [DSA_OP_MEMMOVE] = {
        .step = dsa_step_memmove, .flags = FLAGS_COPY, .fields = F_BOTH,
    },
    [DSA_OP_FILL] = {
        .step = dsa_step_fill, .flags = FLAGS_WRITE, .fields = F_BOTH,
    },
    [DSA_OP_COMPARE] = {
        .step = dsa_step_compare,
        .flags = FLAGS_MEM | DSA_FLAG_CR | DSA_FLAG_ADDR1_TCS |
                 DSA_FLAG_ADDR2_TCS,
        .need = FLAGS_NEED,
        .fields = F_BOTH | BYTES(DSA_D_RESULT, 1),
    },
    [DSA_OP_COMPVAL] = {
        .step = dsa_step_compval,
        .flags = FLAGS_MEM | DSA_FLAG_CR | DSA_FLAG_ADDR1_TCS,
        .need = FLAGS_NEED,
        .fields = F_BOTH | BYTES(DSA_D_RESULT, 1),
    },
    [DSA_OP_CR_DELTA] = {
        .step = dsa_step_create_delta, .check = dsa_check_create_delta,
        .flags = FLAGS_COPY | DSA_FLAG_CR | DSA_FLAG_ADDR3_TCS,
        .need = FLAGS_NEED,
        .fields = F_BOTH | BYTES(40, 12) | BYTES(56, 1),
    },
    [DSA_OP_AP_DELTA] = {
        .step = dsa_step_apply_delta, .check = dsa_check_apply_delta,
        .flags = FLAGS_COPY, .fields = F_BOTH | BYTES(40, 4),
    },
    [DSA_OP_DUALCAST] = {
        .step = dsa_step_dualcast, .check = dsa_check_dualcast,
        .flags = FLAGS_COPY | DSA_FLAG_ADDR3_TCS | DSA_FLAG_DST2_STS,
        .fields = F_BOTH | BYTES(DSA_D_DST2, 8),
    },
    [DSA_OP_CRCGEN] = {
        .step = dsa_step_crcgen, .check = dsa_check_crcgen,
        .flags = FLAGS_MEM | DSA_FLAG_ADDR1_TCS | DSA_FLAG_ADDR3_TCS |
                 FLAGS_CRC,
        .need = FLAGS_NEED,
        .fields = F_SRC | BYTES(DSA_D_CRC_SEED, 4) |
                  BYTES(DSA_D_CRC_SEED_ADDR, 8),
    },
    [DSA_OP_COPY_CRC] = {
        .step = dsa_step_copy_crc, .check = dsa_check_copy_crc,
        .flags = FLAGS_COPY | DSA_FLAG_ADDR3_TCS | FLAGS_CRC,
        .need = FLAGS_NEED,
        .fields = F_BOTH | BYTES(DSA_D_CRC_SEED, 4) |
                  BYTES(DSA_D_CRC_SEED_ADDR, 8),
    },
    [DSA_OP_DIF_CHECK] = {
        .step = dsa_step_dif, .check = dsa_check_dif,
        .flags = FLAGS_MEM | DSA_FLAG_ADDR1_TCS, .fields = F_SRC | F_DIF_SRC,
    },
    [DSA_OP_DIF_INSERT] = {
        .step = dsa_step_dif, .check = dsa_check_dif,
        .flags = FLAGS_COPY, .fields = F_BOTH | F_DIF_DST,
    },
    [DSA_OP_DIF_STRIP] = {
        .step = dsa_step_dif, .check = dsa_check_dif,
        .flags = FLAGS_COPY, .fields = F_BOTH | F_DIF_SRC,
    },
    [DSA_OP_DIF_UPDATE] = {
        .step = dsa_step_dif, .check = dsa_check_dif,
        .flags = FLAGS_COPY, .fields = F_BOTH | F_DIF_SRC | F_DIF_DST,
    },
    /* GENCAP does not offer cache control for this one */
    [DSA_OP_CFLUSH] = {
        .step = dsa_step_cflush,
        .flags = FLAGS_MEM | DSA_FLAG_ADDR2_TCS, .fields = F_DST,
    },
};

static uint32_t dsa_op_bad_flags(const DSATask *t, const DSAOp *op)
{
    uint32_t allowed = op->flags;

    if (!t->batch) {
        allowed &= ~DSA_FLAG_FENCE;
    }
    if (!dsa_task_may_block(t)) {
        allowed &= ~DSA_FLAG_BOF;
    }
    if (!(t->flags & DSA_FLAG_CRAV)) {
        allowed &= ~DSA_FLAG_RCR;
    }
    if (t->opcode == DSA_OP_CRCGEN || t->opcode == DSA_OP_COPY_CRC) {
        if (!(t->flags & DSA_FLAG_CRC_READ_SEED)) {
            allowed &= ~DSA_FLAG_ADDR3_TCS;
        }
    }
    return (t->flags & ~allowed) | (op->need & ~t->flags);
}

static bool dsa_op_reserved_set(const DSATask *t, const DSAOp *op)
{
    for (unsigned i = 0; i < DSA_DESC_SIZE; i++) {
        if (t->desc[i] && !(op->fields >> i & 1)) {
            return true;
        }
    }
    return false;
}

uint8_t dsa_op_check(DSADevice *dev, DSATask *t)
{
    uint32_t size = dsa_desc_u32(t, DSA_D_SIZE);
    const DSAOp *op;

    if (t->opcode >= ARRAY_SIZE(dsa_ops) || !dsa_ops[t->opcode].step) {
        return DSA_ST_BAD_OPCODE;
    }
    op = &dsa_ops[t->opcode];
    t->invalid_flags = dsa_op_bad_flags(t, op);
    if (t->invalid_flags) {
        return DSA_ST_INVALID_FLAGS;
    }
    if (dsa_op_reserved_set(t, op)) {
        return DSA_ST_NONZERO_RESERVED;
    }
    if (t->opcode != DSA_OP_NOOP &&
        (!size || size > dsa_task_max_transfer(t))) {
        return DSA_ST_XFER_RANGE;
    }
    return op->check ? op->check(t) : 0;
}

DSAStep dsa_op_step(DSATask *t, size_t budget, size_t *used)
{
    const DSAOp *op = &dsa_ops[t->opcode];
    size_t moved = 0;
    DSAStep ret;

    t->result = 0;
    t->bytes_completed = 0;
    do {
        /* not so little that a delta or its eight bytes would not fit */
        ret = op->step(t, MIN(MAX(budget - moved, 64), DSA_CHUNK), &moved);
    } while (ret == DSA_STEP_MORE && moved < budget);
    if (ret == DSA_STEP_FAULT) {
        t->bytes_completed = t->op_pos;
    }
    *used = moved;
    return ret;
}
