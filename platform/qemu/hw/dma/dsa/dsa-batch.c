/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: Batch descriptors (3.8, 8.3.2).  Reads the descriptor list piece
 * by piece, hands its descriptors to the engines, keeps the order that the
 * Fence flag asks for, and completes the Batch descriptor after the last one.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "dsa.h"

uint8_t dsa_batch_check(DSATask *t)
{
    uint32_t allowed = DSA_FLAG_CRAV | DSA_FLAG_RCR | DSA_FLAG_RCI |
                       DSA_FLAG_CR_TCS | DSA_FLAG_ADDR1_TCS;
    uint32_t count = dsa_desc_u32(t, 32);

    t->invalid_flags = t->flags & ~allowed;
    if (t->invalid_flags) {
        return DSA_ST_INVALID_FLAGS;
    }
    if (!buffer_is_zero(t->desc + 24, 8) ||
        !buffer_is_zero(t->desc + 38, 26)) {
        return DSA_ST_NONZERO_RESERVED;
    }
    if (count < 2 || count > 1u << dsa_wq_batch_shift(t->wq)) {
        return DSA_ST_DESC_COUNT_RANGE;
    }
    if (dsa_desc_u64(t, 16) % DSA_DESC_SIZE) {
        return DSA_ST_DESC_LIST_ALIGN;
    }
    return 0;
}

void dsa_batch_begin(DSATask *t)
{
    DSABatch *b = g_new0(DSABatch, 1);

    b->parent = t;
    b->count = dsa_desc_u32(t, 32);
    t->children = b;
    t->phase = DSA_PHASE_LIST;
    QTAILQ_INSERT_TAIL(&dsa_wq_group(t->wq)->batches, b, link);
}

void dsa_batch_free(DSABatch *b)
{
    QTAILQ_REMOVE(&dsa_wq_group(b->parent->wq)->batches, b, link);
    b->parent->children = NULL;
    g_free(b);
}

/* Complete the Batch descriptor if nothing of the batch is left. */
static void dsa_batch_settle(DSABatch *b)
{
    DSATask *t = b->parent;
    uint8_t status = b->failed ? DSA_ST_BATCH_FAIL : DSA_ST_SUCCESS;

    if (t->wait != DSA_WAIT_CHILDREN || b->done != b->next ||
        (b->next != b->count && !b->list_fault)) {
        return;
    }
    if (b->list_fault) {
        status = t->fault_status == DSA_ST_PAGE_FAULT ||
                 t->fault_status == DSA_ST_PAGE_FAULT_IR ?
                 DSA_ST_BATCH_PAGE_FAULT : t->fault_status;
    }
    t->bytes_completed = b->done;
    dsa_batch_free(b);
    dsa_task_finish(t, status);
    dsa_task_ready(t);
}

void dsa_batch_list_fault(DSATask *t)
{
    t->children->list_fault = true;
    t->wait = DSA_WAIT_CHILDREN;
    dsa_batch_settle(t->children);
}

DSAMemResult dsa_batch_read(DSATask *t, size_t *used)
{
    DSABatch *b = t->children;
    size_t len = MIN(b->count - b->read, DSA_BATCH_FETCH) * DSA_DESC_SIZE;
    uint64_t va = dsa_desc_u64(t, 16) + (uint64_t)b->read * DSA_DESC_SIZE;
    DSAMemResult ret = dsa_mem_read(t, va, b->desc, len, used);

    /* What lies before a fault can begin; the fault comes up again. */
    if (*used / DSA_DESC_SIZE) {
        b->base = b->read;
        b->read += *used / DSA_DESC_SIZE;
        t->wait = DSA_WAIT_CHILDREN;
        dsa_group_kick(dsa_wq_group(t->wq));
        return DSA_MEM_OK;
    }
    return ret;
}

static DSATask *dsa_batch_child(DSABatch *b)
{
    DSATask *parent = b->parent;
    DSATask *t = g_new0(DSATask, 1);

    t->dev = parent->dev;
    t->wq = parent->wq;
    t->batch = b;
    t->batch_index = b->next;
    t->pasid = parent->pasid;
    t->priv = parent->priv;
    t->seq = parent->seq;
    t->charge = 1;
    memcpy(t->desc, b->desc[b->next - b->base], DSA_DESC_SIZE);
    t->opcode = dsa_desc_u8(t, 7);
    t->flags = extract32(dsa_desc_u32(t, 4), 0, 24);
    t->cr_addr = dsa_desc_u64(t, 8);
    QTAILQ_INSERT_TAIL(&t->dev->inflight, t, inflight);
    return t;
}

DSATask *dsa_batch_next(DSABatch *b)
{
    DSATask *t;

    if (b->parent->wait != DSA_WAIT_CHILDREN || b->next == b->read) {
        return NULL;
    }
    if (b->desc[b->next - b->base][4] & DSA_FLAG_FENCE) {
        if (b->done != b->next) {
            return NULL;
        }
        if (b->failed) {
            b->count = b->next;     /* the rest is abandoned */
            dsa_batch_settle(b);
            return NULL;
        }
    }
    t = dsa_batch_child(b);
    b->next++;
    if (b->next == b->read && b->read < b->count) {
        b->parent->charge = 1;
        dsa_task_ready(b->parent);
    }
    return t;
}

void dsa_batch_child_done(DSABatch *b, uint8_t status)
{
    b->done++;
    if (status != DSA_ST_SUCCESS) {
        b->failed = true;
    }
    dsa_batch_settle(b);
}
