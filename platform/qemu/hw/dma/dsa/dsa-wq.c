/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: work queues and groups.  Their configuration registers (9.2.23,
 * 9.2.24) with the rules for when a field can be written, the queues' storage
 * and the occupancy interrupt.
 */
#include "qemu/osdep.h"
#include "dsa.h"

#define DSA_GRPFLAGS_MASK   0x0ff0ffbfull   /* what this version defines */
#define DSA_GRPFLAGS_ALLOWED_SHIFT 20

#define DSA_OCCUPANCY_ENABLE    BIT(16)
#define DSA_OCCUPANCY_RAISED    BIT(16)

void dsa_wq_init(DSADevice *dev)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_WQS; i++) {
        dev->wq[i].dev = dev;
        dev->wq[i].index = i;
        QTAILQ_INIT(&dev->wq[i].queue);
    }
    QTAILQ_INIT(&dev->inflight);
}

void dsa_wq_reset(DSAWQ *wq, bool keep_size)
{
    uint32_t size = keep_size ? wq->cfg[0] : 0;

    memset(wq->cfg, 0, sizeof(wq->cfg));
    wq->cfg[0] = size;
    wq->state = DSA_STATE_DISABLED;
    wq->occupancy_raised = false;
    wq->credit = 0;
}

void dsa_group_reset(DSAGroup *g)
{
    memset(g->wqs, 0, sizeof(g->wqs));
    g->engines = 0;
    g->flags = (uint64_t)DSA_READ_BUFFERS << DSA_GRPFLAGS_ALLOWED_SHIFT;
    g->turn = 0;
    g->batch_turn = false;
}

uint32_t dsa_wqcfg_read(const DSADevice *dev, unsigned offset)
{
    const DSAWQ *wq = &dev->wq[offset / (DSA_WQCFG_WORDS * 4)];
    unsigned word = offset / 4 % DSA_WQCFG_WORDS;

    if (word == 6) {
        return wq->occupancy |
               (wq->occupancy_raised ? DSA_OCCUPANCY_RAISED : 0) |
               (uint32_t)wq->state << 30;
    }
    return wq->cfg[word];
}

/* Which bits of a word can be written now (table 9-7) */
static uint32_t dsa_wqcfg_writable(const DSAWQ *wq, unsigned word)
{
    bool disabled = wq->state == DSA_STATE_DISABLED;

    switch (word) {
    case 0:
        return wq->dev->state == DSA_STATE_DISABLED ? 0xffff : 0;
    case 1:
        return 0xffff;
    case 2:
        return disabled ? 0x3ffffff7 : 0;
    case 3:
        return disabled ? 0x1ff : 0;
    case 4:
        return disabled ? 0x1ffff : 0;
    case 5:
        return wq->cfg[5] & DSA_OCCUPANCY_ENABLE ? DSA_OCCUPANCY_ENABLE :
                                                   0x1ffff;
    default:
        return 0;
    }
}

void dsa_wqcfg_write(DSADevice *dev, unsigned offset, uint32_t val,
                     uint32_t mask)
{
    DSAWQ *wq = &dev->wq[offset / (DSA_WQCFG_WORDS * 4)];
    unsigned word = offset / 4 % DSA_WQCFG_WORDS;

    if (word == 6) {
        if (val & mask & DSA_OCCUPANCY_RAISED) {
            wq->occupancy_raised = false;
        }
    } else {
        mask &= dsa_wqcfg_writable(wq, word);
        wq->cfg[word] = (wq->cfg[word] & ~mask) | (val & mask);
    }
    dsa_wq_occupancy(wq);
}

static uint64_t *dsa_grpcfg_qword(DSAGroup *g, unsigned index)
{
    switch (index) {
    case 0 ... 3:
        return &g->wqs[index];
    case 4:
        return &g->engines;
    case 5:
        return &g->flags;
    default:
        return NULL;
    }
}

uint32_t dsa_grpcfg_read(const DSADevice *dev, unsigned offset)
{
    DSAGroup *g = (DSAGroup *)&dev->group[offset / 64];
    uint64_t *reg = dsa_grpcfg_qword(g, offset % 64 / 8);

    return reg ? *reg >> (offset % 8 * 8) : 0;
}

void dsa_grpcfg_write(DSADevice *dev, unsigned offset, uint32_t val,
                      uint32_t mask)
{
    DSAGroup *g = &dev->group[offset / 64];
    uint64_t *reg = dsa_grpcfg_qword(g, offset % 64 / 8);
    uint64_t mask64 = (uint64_t)mask << (offset % 8 * 8);
    uint64_t val64 = (uint64_t)val << (offset % 8 * 8);

    if (!reg || dev->state != DSA_STATE_DISABLED) {
        return;
    }
    if (reg == &g->flags) {
        mask64 &= DSA_GRPFLAGS_MASK;
    }
    *reg = (*reg & ~mask64) | (val64 & mask64);
}

DSAGroup *dsa_wq_group(const DSAWQ *wq)
{
    DSADevice *dev = wq->dev;
    unsigned i;

    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        if (dev->group[i].wqs[0] & BIT_ULL(wq->index)) {
            return &dev->group[i];
        }
    }
    return NULL;
}

DSAGroup *dsa_engine_group(const DSAEngine *e)
{
    DSADevice *dev = e->dev;
    unsigned i;

    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        if (dev->group[i].engines & BIT_ULL(e - dev->engine)) {
            return &dev->group[i];
        }
    }
    return NULL;
}

/* Who a descriptor belongs to: the queue's word or, in a shared one, its own */
static void dsa_task_identify(DSATask *t)
{
    DSAWQ *wq = t->wq;

    if (!dsa_wq_pasid_on(wq)) {
        t->pasid = DSA_NO_PASID;
    } else if (dsa_wq_dedicated(wq)) {
        t->pasid = dsa_wq_pasid(wq);
        t->priv = dsa_wq_priv(wq);
    } else {
        t->pasid = extract32(dsa_desc_u32(t, 0), 0, 20);
        t->priv = extract32(dsa_desc_u32(t, 0), 31, 1);
    }
}

void dsa_wq_push(DSAWQ *wq, const void *desc)
{
    DSATask *t = g_new0(DSATask, 1);

    t->dev = wq->dev;
    t->wq = wq;
    memcpy(t->desc, desc, DSA_DESC_SIZE);
    t->opcode = dsa_desc_u8(t, 7);
    t->flags = extract32(dsa_desc_u32(t, 4), 0, 24);
    t->cr_addr = dsa_desc_u64(t, 8);
    t->seq = ++wq->dev->seq;
    t->charge = 1;
    dsa_task_identify(t);

    QTAILQ_INSERT_TAIL(&wq->queue, t, queue);
    wq->occupancy++;
    dsa_group_kick(dsa_wq_group(wq));
}

void dsa_wq_remove(DSAWQ *wq, DSATask *t)
{
    QTAILQ_REMOVE(&wq->queue, t, queue);
    wq->occupancy--;
    dsa_wq_occupancy(wq);
}

DSATask *dsa_wq_pop(DSAWQ *wq)
{
    DSATask *t = QTAILQ_FIRST(&wq->queue);

    dsa_wq_remove(wq, t);
    QTAILQ_INSERT_TAIL(&wq->dev->inflight, t, inflight);
    return t;
}

void dsa_wq_occupancy(DSAWQ *wq)
{
    int vector;

    if (wq->state != DSA_STATE_ENABLED || wq->occupancy_raised ||
        !(wq->cfg[5] & DSA_OCCUPANCY_ENABLE) ||
        wq->occupancy > extract32(wq->cfg[5], 0, 16)) {
        return;
    }
    vector = dsa_irq_handle_vector(wq->dev, extract32(wq->cfg[4], 0, 16));
    if (vector < 0) {
        return;
    }
    wq->occupancy_raised = true;
    dsa_irq_vector(wq->dev, vector, DSA_CAUSE_OCCUPANCY);
}
