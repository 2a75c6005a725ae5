/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract between the engine, which schedules descriptors and writes
 * their completion records, and the operations, which do what one descriptor
 * says.  Operations see nothing of the device but what is in this file.
 *
 * Everything here runs with the big lock held and never sleeps.
 */
#ifndef HW_DMA_DSA_OP_H
#define HW_DMA_DSA_OP_H

#include "qemu/bswap.h"
#include "qemu/queue.h"

typedef struct DSADevice DSADevice;
typedef struct DSAWQ DSAWQ;
typedef struct DSABatch DSABatch;
typedef struct DSATask DSATask;

#define DSA_DESC_SIZE   64
#define DSA_NO_PASID    UINT32_MAX

/* Descriptor: opcodes (byte 7) */
enum {
    DSA_OP_NOOP         = 0x00,
    DSA_OP_BATCH        = 0x01,
    DSA_OP_DRAIN        = 0x02,
    DSA_OP_MEMMOVE      = 0x03,
    DSA_OP_FILL         = 0x04,
    DSA_OP_COMPARE      = 0x05,
    DSA_OP_COMPVAL      = 0x06,
    DSA_OP_CR_DELTA     = 0x07,
    DSA_OP_AP_DELTA     = 0x08,
    DSA_OP_DUALCAST     = 0x09,
    DSA_OP_CRCGEN       = 0x10,
    DSA_OP_COPY_CRC     = 0x11,
    DSA_OP_DIF_CHECK    = 0x12,
    DSA_OP_DIF_INSERT   = 0x13,
    DSA_OP_DIF_STRIP    = 0x14,
    DSA_OP_DIF_UPDATE   = 0x15,
    DSA_OP_CFLUSH       = 0x20,
};

/* OPCAP of the device: one bit an opcode, the list above */
#define DSA_OPCAP       0x1003f03ffull

/* Descriptor: flags (bytes 4 to 6) */
#define DSA_FLAG_FENCE          0x0001
#define DSA_FLAG_BOF            0x0002  /* block on fault */
#define DSA_FLAG_CRAV           0x0004  /* completion record address valid */
#define DSA_FLAG_RCR            0x0008  /* request completion record */
#define DSA_FLAG_RCI            0x0010  /* request completion interrupt */
#define DSA_FLAG_CRSTS          0x0020
#define DSA_FLAG_CR             0x0080  /* check result */
#define DSA_FLAG_CC             0x0100  /* cache control */
#define DSA_FLAG_ADDR1_TCS      0x0200
#define DSA_FLAG_ADDR2_TCS      0x0400
#define DSA_FLAG_ADDR3_TCS      0x0800
#define DSA_FLAG_CR_TCS         0x1000
#define DSA_FLAG_STORD          0x2000
#define DSA_FLAG_DRDBK          0x4000  /* destination readback */
#define DSA_FLAG_DSTS           0x8000

/* Completion record: status */
enum {
    DSA_ST_NONE                 = 0x00,
    DSA_ST_SUCCESS              = 0x01,
    DSA_ST_SUCCESS_PRED         = 0x02, /* success, false predicate */
    DSA_ST_PAGE_FAULT           = 0x03, /* partial, no block on fault */
    DSA_ST_PAGE_FAULT_IR        = 0x04, /* page response was not success */
    DSA_ST_BATCH_FAIL           = 0x05,
    DSA_ST_BATCH_PAGE_FAULT     = 0x06,
    DSA_ST_DELTA_OFFSET_NOINC   = 0x07,
    DSA_ST_DELTA_OFFSET_RANGE   = 0x08,
    DSA_ST_DIF_ERROR            = 0x09,
    DSA_ST_BAD_OPCODE           = 0x10,
    DSA_ST_INVALID_FLAGS        = 0x11,
    DSA_ST_NONZERO_RESERVED     = 0x12,
    DSA_ST_XFER_RANGE           = 0x13,
    DSA_ST_DESC_COUNT_RANGE     = 0x14,
    DSA_ST_DELTA_SIZE_RANGE     = 0x15,
    DSA_ST_OVERLAP              = 0x16,
    DSA_ST_DUALCAST_ALIGN       = 0x17,
    DSA_ST_DESC_LIST_ALIGN      = 0x18,
    DSA_ST_INT_HANDLE           = 0x19,
    DSA_ST_CR_PAGE_FAULT        = 0x1a,
    DSA_ST_CR_ALIGN             = 0x1b,
    DSA_ST_ADDR_ALIGN           = 0x1c,
    DSA_ST_PRIV                 = 0x1d,
    DSA_ST_TRAFFIC_CLASS        = 0x1e,
    DSA_ST_READBACK_PAGE_FAULT  = 0x1f,
    DSA_ST_HW_ERROR             = 0x20,
    DSA_ST_HW_ERROR_READBACK    = 0x21,
    DSA_ST_TRANSLATION_FAIL     = 0x22,
};
#define DSA_ST_FAULT_WRITE      0x80    /* or'ed in: the fault was a write */

/*
 * One descriptor in execution.  The first part is set before the operation
 * sees it.
 */
struct DSATask {
    DSADevice *dev;
    DSAWQ *wq;
    DSABatch *batch;            /* that it is part of, or NULL */
    uint8_t desc[DSA_DESC_SIZE];
    uint8_t opcode;
    uint32_t flags;
    uint32_t pasid;             /* or DSA_NO_PASID */
    bool priv;

    /*
     * The operation's own.  All zero when the first dsa_op_step() is called,
     * kept from step to step, not looked at by anyone else.
     */
    uint64_t op_pos;
    uint64_t op_state[32];

    /*
     * What the operation says for the completion record.  To be valid
     * whenever dsa_op_step() returns anything but DSA_STEP_MORE: without
     * block on fault the record is written after DSA_STEP_FAULT.
     */
    uint8_t status;             /* DSA_ST_*, for DSA_STEP_DONE */
    uint8_t result;             /* byte 1: result, DIF status */
    uint32_t bytes_completed;   /* bytes 4 to 7 */
    uint32_t invalid_flags;     /* bytes 16 to 19, for DSA_ST_INVALID_FLAGS */
    uint8_t op_result[16];      /* bytes 16 to 31: CRC, delta size, DIF tags */

    /* Set by dsa_mem_read(), dsa_mem_write(); for the engine */
    uint64_t fault_va;
    bool fault_write;
    bool fault_priv;
    uint8_t fault_status;       /* DSA_ST_PAGE_FAULT or an error */

    /* The engine's own; see dsa.h */
    uint64_t cr_addr;
    uint64_t seq;               /* order of acceptance, over the device */
    uint8_t phase;              /* DSAPhase */
    uint8_t wait;               /* DSAWait */
    uint32_t charge;            /* latencies that the next step costs */
    bool fault_denied;          /* the page response was not success */
    uint8_t retries;            /* page requests for @retry_va so far */
    uint64_t retry_va;
    uint16_t batch_index;       /* within @batch */
    DSABatch *children;         /* of a Batch descriptor */
    QTAILQ_ENTRY(DSATask) queue;    /* work queue, or ready to go on */
    QTAILQ_ENTRY(DSATask) inflight; /* all that left their work queue */
};

typedef enum DSAMemResult {
    DSA_MEM_OK,
    DSA_MEM_FAULT,      /* page not present: return DSA_STEP_FAULT */
    DSA_MEM_ERROR,      /* as above; the engine will not retry it */
} DSAMemResult;

typedef enum DSAStep {
    DSA_STEP_MORE,      /* call again */
    DSA_STEP_DONE,      /* @status and the results are final */
    DSA_STEP_FAULT,     /* dsa_mem_*() did not return DSA_MEM_OK */
} DSAStep;

/* Little endian fields of the descriptor by their byte offset */
static inline uint8_t dsa_desc_u8(const DSATask *t, unsigned off)
{
    return t->desc[off];
}

static inline uint16_t dsa_desc_u16(const DSATask *t, unsigned off)
{
    return lduw_le_p(t->desc + off);
}

static inline uint32_t dsa_desc_u32(const DSATask *t, unsigned off)
{
    return (uint32_t)ldl_le_p(t->desc + off);
}

static inline uint64_t dsa_desc_u64(const DSATask *t, unsigned off)
{
    return ldq_le_p(t->desc + off);
}

/* Supplied by the engine */

/*
 * Access @len bytes at @va in the address space of @t, page by page.  @done
 * gets the number of bytes that were accessed: @len for DSA_MEM_OK, else all
 * that lie before the page at fault.
 */
DSAMemResult dsa_mem_read(DSATask *t, uint64_t va, void *buf, size_t len,
                          size_t *done);
DSAMemResult dsa_mem_write(DSATask *t, uint64_t va, const void *buf,
                           size_t len, size_t *done);

/* The largest transfer size, in bytes, that the work queue of @t allows */
uint64_t dsa_task_max_transfer(const DSATask *t);

/* Whether the work queue of @t allows the block-on-fault flag */
bool dsa_task_may_block(const DSATask *t);

/* Supplied by the operations */

/*
 * Check opcode, flags, reserved fields, sizes, alignments and overlap of @t.
 * Not called for Batch and Drain.  The engine has already looked at what is
 * common to all: bytes 0 to 3, the completion record's address, the interrupt
 * handle (bytes 36 and 37), whether OPCAP has the opcode at all, and the flags
 * FENCE, CRAV, RCR, RCI, CR_TCS as far as they do not depend on the opcode.
 * Returns 0 or a DSA_ST_* code; for DSA_ST_INVALID_FLAGS the offending bits are
 * in @t->invalid_flags.
 */
uint8_t dsa_op_check(DSADevice *dev, DSATask *t);

/*
 * Advance @t by about @budget bytes at most; @used gets what was moved (of the
 * larger of source and destination), which is what the time is counted from.
 * After DSA_STEP_FAULT it may be called again once the page is present, and
 * goes on exactly where it stopped.
 */
DSAStep dsa_op_step(DSATask *t, size_t budget, size_t *used);

/*
 * After DSA_STEP_FAULT: the bytes, from the one at fault on, that @t is going to
 * access in the same way.  0 if the operation does not go straight ahead.
 */
uint64_t dsa_op_ahead(const DSATask *t);

#endif
