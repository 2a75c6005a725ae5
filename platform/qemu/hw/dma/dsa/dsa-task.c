/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: the life of one descriptor.  It is checked (5.4), worked on,
 * blocked on page faults, and ends with its completion record and interrupt
 * (3.6), or is abandoned.  Drain descriptors, which are nothing but waiting,
 * are here too.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "dsa.h"

/* Page requests for one page that have no effect before we give up (0x04) */
#define DSA_MAX_RETRIES     100
#define DSA_RETRY_SHIFT_MAX 10

#define DSA_DRAIN_SUPPRESS_READBACK (BIT(18) | BIT(19))

static bool dsa_status_success(uint8_t status)
{
    return status == DSA_ST_SUCCESS || status == DSA_ST_SUCCESS_PRED ||
           status == DSA_ST_BATCH_FAIL;
}

static bool dsa_status_page_fault(uint8_t status)
{
    return status == DSA_ST_PAGE_FAULT || status == DSA_ST_PAGE_FAULT_IR ||
           status == DSA_ST_BATCH_PAGE_FAULT ||
           status == DSA_ST_READBACK_PAGE_FAULT;
}

/* Errors that leave nowhere to write a record to */
static bool dsa_status_no_record(uint8_t status)
{
    return status == DSA_ST_CR_PAGE_FAULT || status == DSA_ST_CR_ALIGN ||
           status == DSA_ST_PRIV;
}

uint64_t dsa_task_max_transfer(const DSATask *t)
{
    return 1ull << dsa_wq_xfer_shift(t->wq);
}

bool dsa_task_may_block(const DSATask *t)
{
    return dsa_wq_bof(t->wq);
}

/* Flags whose meaning does not depend on the opcode; returns the wrong ones */
static uint32_t dsa_task_bad_flags(const DSATask *t)
{
    uint32_t bad = 0;

    if (!t->batch) {
        bad |= DSA_FLAG_FENCE;
    }
    if (!(t->flags & DSA_FLAG_CRAV)) {
        bad |= DSA_FLAG_RCR | DSA_FLAG_CR_TCS;
    }
    if (!(t->dev->gencfg & DSA_GENCFG_USER_INT) && dsa_wq_pasid_on(t->wq) &&
        !t->priv) {
        bad |= DSA_FLAG_RCI;
    }
    return t->flags & bad;
}

static uint8_t dsa_drain_check(DSATask *t)
{
    uint32_t allowed = DSA_FLAG_CRAV | DSA_FLAG_RCR | DSA_FLAG_RCI |
                       DSA_FLAG_CR_TCS | DSA_DRAIN_SUPPRESS_READBACK;

    t->invalid_flags = t->flags & ~allowed;
    if (!(t->flags & (DSA_FLAG_RCR | DSA_FLAG_RCI))) {
        t->invalid_flags |= DSA_FLAG_RCR | DSA_FLAG_RCI;
    }
    if (t->invalid_flags) {
        return DSA_ST_INVALID_FLAGS;
    }
    /* Readback addresses (16 to 31) mean nothing without their valid flags */
    if (dsa_desc_u32(t, 32) || !buffer_is_zero(t->desc + 38, 26)) {
        return DSA_ST_NONZERO_RESERVED;
    }
    return 0;
}

static uint8_t dsa_task_check_operation(DSATask *t)
{
    switch (t->opcode) {
    case DSA_OP_BATCH:
        return t->batch ? DSA_ST_BAD_OPCODE : dsa_batch_check(t);
    case DSA_OP_DRAIN:
        return t->batch ? DSA_ST_BAD_OPCODE : dsa_drain_check(t);
    default:
        return dsa_op_check(t->dev, t);
    }
}

/* Bytes 0 to 3 are the submitter's only in a shared queue. */
static bool dsa_task_trusted_reserved(const DSATask *t)
{
    return !t->batch && !dsa_wq_dedicated(t->wq) &&
           extract32(dsa_desc_u32(t, 0), 20, 11);
}

static uint8_t dsa_task_check(DSATask *t)
{
    if (!t->batch && !dsa_wq_dedicated(t->wq) && t->priv &&
        !dsa_priv_on(t->dev)) {
        return DSA_ST_PRIV;
    }
    if (t->opcode >= 64 || !(DSA_OPCAP & BIT_ULL(t->opcode))) {
        return DSA_ST_BAD_OPCODE;
    }
    t->invalid_flags = dsa_task_bad_flags(t);
    if (t->invalid_flags) {
        return DSA_ST_INVALID_FLAGS;
    }
    if (dsa_task_trusted_reserved(t) ||
        (!(t->flags & DSA_FLAG_CRAV) && t->cr_addr) ||
        (!(t->flags & DSA_FLAG_RCI) && dsa_desc_u16(t, 36))) {
        return DSA_ST_NONZERO_RESERVED;
    }
    if (t->flags & DSA_FLAG_RCI && !dsa_irq_allowed(t)) {
        return DSA_ST_INT_HANDLE;
    }
    return dsa_task_check_operation(t);
}

void dsa_task_finish(DSATask *t, uint8_t status)
{
    t->status = status;
    t->phase = DSA_PHASE_RECORD;
}

/* The fault recorded in @t is not going to be resolved. */
static DSARun dsa_task_fault_final(DSATask *t)
{
    uint8_t status = t->fault_status;

    switch (t->phase) {
    case DSA_PHASE_LIST:
        dsa_batch_list_fault(t);
        return DSA_RUN_AWAY;
    case DSA_PHASE_WORK:
        dsa_task_finish(t, status);
        return DSA_RUN_MORE;
    default:
        /* The completion record's own address */
        t->flags &= ~DSA_FLAG_CRAV;
        dsa_task_finish(t, dsa_status_page_fault(status) ?
                           DSA_ST_CR_PAGE_FAULT : status);
        return DSA_RUN_MORE;
    }
}

/* Only the operation's own addresses depend on the flag (table 8-3). */
static bool dsa_task_blocks(const DSATask *t)
{
    return dsa_prs_on(t->wq) &&
           (t->phase != DSA_PHASE_WORK || t->flags & DSA_FLAG_BOF);
}

static DSARun dsa_task_fault(DSATask *t)
{
    if (t->fault_status == DSA_ST_PAGE_FAULT && dsa_task_blocks(t)) {
        dsa_prs_request(t);
        return DSA_RUN_AWAY;
    }
    return dsa_task_fault_final(t);
}

void dsa_task_page_response(DSATask *t, unsigned code)
{
    if (t->retry_va != t->fault_va) {
        t->retry_va = t->fault_va;
        t->retries = 0;
    }
    t->retries++;
    t->charge = 1 << MIN(t->retries - 1, DSA_RETRY_SHIFT_MAX);
    if (code == VTD_PRG_FAILURE) {
        t->fault_denied = true;
        t->fault_status = DSA_ST_TRANSLATION_FAIL;
    } else if (code != VTD_PRG_SUCCESS || t->retries >= DSA_MAX_RETRIES) {
        t->fault_denied = true;
        t->fault_status = DSA_ST_PAGE_FAULT_IR;
    }
    dsa_task_ready(t);
}

/* What a Drain descriptor waits for (3.12) */
static bool dsa_before_drain(const DSATask *t, const void *arg)
{
    const DSATask *drain = arg;

    return t->wq == drain->wq && t->seq < drain->seq &&
           (dsa_wq_dedicated(t->wq) || t->pasid == drain->pasid);
}

static DSARun dsa_task_drain(DSATask *t)
{
    if (dsa_task_any(t->dev, dsa_before_drain, t)) {
        t->wait = DSA_WAIT_EARLIER;
        return DSA_RUN_AWAY;
    }
    dsa_task_finish(t, DSA_ST_SUCCESS);
    return DSA_RUN_MORE;
}

void dsa_task_poll_drains(DSADevice *dev)
{
    DSATask *t;

    QTAILQ_FOREACH(t, &dev->inflight, inflight) {
        if (t->wait == DSA_WAIT_EARLIER &&
            !dsa_task_any(dev, dsa_before_drain, t)) {
            dsa_task_finish(t, DSA_ST_SUCCESS);
            dsa_task_ready(t);
        }
    }
}

static DSARun dsa_task_start(DSATask *t)
{
    uint8_t status;

    if (t->flags & DSA_FLAG_CRAV) {
        if (t->cr_addr % DSA_CR_SIZE) {
            dsa_task_finish(t, DSA_ST_CR_ALIGN);
            return DSA_RUN_MORE;
        }
        if (dsa_mem_probe_write(t, t->cr_addr) != DSA_MEM_OK) {
            return dsa_task_fault(t);
        }
    }
    status = dsa_task_check(t);
    if (!status && dsa_inject_fail_next(t->dev)) {
        status = DSA_ST_HW_ERROR;
    }
    if (status) {
        dsa_task_finish(t, status);
        return DSA_RUN_MORE;
    }
    switch (t->opcode) {
    case DSA_OP_BATCH:
        dsa_batch_begin(t);
        return DSA_RUN_MORE;
    case DSA_OP_DRAIN:
        return dsa_task_drain(t);
    default:
        t->phase = DSA_PHASE_WORK;
        return DSA_RUN_MORE;
    }
}

static DSARun dsa_task_work(DSATask *t, size_t budget, size_t *used)
{
    switch (dsa_op_step(t, budget, used)) {
    case DSA_STEP_DONE:
        dsa_task_finish(t, t->status);
        return DSA_RUN_MORE;
    case DSA_STEP_FAULT:
        return dsa_task_fault(t);
    default:
        return DSA_RUN_MORE;
    }
}

static DSARun dsa_task_list(DSATask *t, size_t *used)
{
    return dsa_batch_read(t, used) == DSA_MEM_OK ? DSA_RUN_AWAY :
                                                   dsa_task_fault(t);
}

static void dsa_task_fill_record(const DSATask *t, uint8_t rec[DSA_CR_SIZE])
{
    memset(rec, 0, DSA_CR_SIZE);
    rec[0] = t->status;
    rec[1] = t->result;
    stl_le_p(rec + 4, t->bytes_completed);
    memcpy(rec + 16, t->op_result, sizeof(t->op_result));
    if (dsa_status_page_fault(t->status)) {
        rec[0] |= t->fault_write ? DSA_ST_FAULT_WRITE : 0;
        stq_le_p(rec + 8, t->fault_va);
    } else if (t->status == DSA_ST_INVALID_FLAGS) {
        stl_le_p(rec + 16, t->invalid_flags);
    }
}

static bool dsa_task_wants_record(const DSATask *t)
{
    return t->flags & DSA_FLAG_CRAV && !dsa_status_no_record(t->status) &&
           (t->flags & DSA_FLAG_RCR || !dsa_status_success(t->status));
}

static bool dsa_task_wants_swerr(const DSATask *t)
{
    return dsa_status_no_record(t->status) ||
           t->status == DSA_ST_INT_HANDLE ||
           t->status == DSA_ST_TRANSLATION_FAIL ||
           (!(t->flags & DSA_FLAG_CRAV) && !dsa_status_success(t->status));
}

/* @t leaves the device. */
static void dsa_task_free(DSATask *t)
{
    dsa_engine_forget(t);
    if (t->wait == DSA_WAIT_PAGE) {
        dsa_prs_forget(t);
    }
    if (t->children) {
        dsa_batch_free(t->children);
    }
    QTAILQ_REMOVE(&t->dev->inflight, t, inflight);
    g_free(t);
}

static DSARun dsa_task_record(DSATask *t)
{
    DSADevice *dev = t->dev;
    DSAGroup *g = dsa_wq_group(t->wq);
    DSABatch *b = t->batch;
    uint8_t status = t->status;
    uint8_t rec[DSA_CR_SIZE];

    if (dsa_task_wants_record(t)) {
        dsa_task_fill_record(t, rec);
        if (dsa_mem_write_record(t, t->cr_addr, rec) != DSA_MEM_OK) {
            return dsa_task_fault(t);
        }
    }
    if (dsa_task_wants_swerr(t)) {
        dsa_swerr_task(t, status);
    }
    if (t->flags & DSA_FLAG_RCI && status != DSA_ST_INT_HANDLE &&
        !dsa_status_no_record(status)) {
        dsa_irq_complete(t);
    }
    dsa_task_free(t);
    if (b) {
        dsa_batch_child_done(b, status);
    }
    dsa_task_poll_drains(dev);
    dsa_cmd_poll(dev);
    dsa_group_kick(g);
    return DSA_RUN_AWAY;
}

DSARun dsa_task_run(DSATask *t, size_t budget, size_t *used)
{
    if (t->fault_denied) {
        t->fault_denied = false;
        return dsa_task_fault_final(t);
    }
    switch (t->phase) {
    case DSA_PHASE_CHECK:
        return dsa_task_start(t);
    case DSA_PHASE_LIST:
        return dsa_task_list(t, used);
    case DSA_PHASE_WORK:
        return dsa_task_work(t, budget, used);
    default:
        return dsa_task_record(t);
    }
}

bool dsa_task_any(DSADevice *dev, DSATaskMatch *match, const void *arg)
{
    DSATask *t;
    unsigned i;

    QTAILQ_FOREACH(t, &dev->inflight, inflight) {
        if (match(t, arg)) {
            return true;
        }
    }
    for (i = 0; i < DSA_NUM_WQS; i++) {
        QTAILQ_FOREACH(t, &dev->wq[i].queue, queue) {
            if (match(t, arg)) {
                return true;
            }
        }
    }
    return false;
}

void dsa_task_abort(DSADevice *dev, DSATaskMatch *match, const void *arg)
{
    DSATask *t, *next;
    unsigned i;

    for (i = 0; i < DSA_NUM_WQS; i++) {
        QTAILQ_FOREACH_SAFE(t, &dev->wq[i].queue, queue, next) {
            if (match(t, arg)) {
                dsa_wq_remove(&dev->wq[i], t);
                g_free(t);
            }
        }
    }
    /* A batch and its descriptors match together: nobody is left behind. */
    QTAILQ_FOREACH_SAFE(t, &dev->inflight, inflight, next) {
        if (match(t, arg)) {
            dsa_task_free(t);
        }
    }
    dsa_task_poll_drains(dev);
    dsa_kick_all(dev);
}
