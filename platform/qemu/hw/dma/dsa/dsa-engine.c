/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: groups and engines (3.4, 4.1).  Decides which descriptor an
 * engine works on next, and how much virtual time that takes.
 *
 * An engine is a timer.  When it fires, the engine does one chunk of work at
 * once and is busy for the time that the chunk takes; the completion record
 * is a step of its own, so it appears when that time has passed.  A descriptor
 * that must wait for something lets go of its engine.
 */
#include "qemu/osdep.h"
#include "dsa.h"

#define DSA_CHUNK_MAX   (64 * 1024)
#define DSA_CHUNK_MIN   256
#define DSA_CHUNK_NS    20000       /* about as long as one chunk takes */

/* Drain descriptors that wait at a time, in a group */
#define DSA_GROUP_DRAINS    64

static unsigned dsa_group_in_flight(DSAGroup *g, uint8_t opcode)
{
    unsigned n = 0;
    DSATask *t;

    QTAILQ_FOREACH(t, &g->dev->inflight, inflight) {
        n += t->opcode == opcode && dsa_wq_group(t->wq) == g;
    }
    return n;
}

static unsigned dsa_group_blocked(DSAGroup *g)
{
    unsigned n = 0;
    DSATask *t;

    QTAILQ_FOREACH(t, &g->dev->inflight, inflight) {
        n += (t->wait == DSA_WAIT_PAGE || t->wait == DSA_WAIT_SLOT) &&
             dsa_wq_group(t->wq) == g;
    }
    return n;
}

/* Whether the first descriptor of @wq may leave its queue */
static bool dsa_wq_dispatchable(DSAGroup *g, DSAWQ *wq)
{
    DSATask *t = QTAILQ_FIRST(&wq->queue);

    if (!t) {
        return false;
    }
    switch (t->opcode) {
    case DSA_OP_BATCH:
        return dsa_group_in_flight(g, DSA_OP_BATCH) <
               ctpop64(g->engines) * DSA_ENGINE_BATCHES;
    case DSA_OP_DRAIN:
        return dsa_group_in_flight(g, DSA_OP_DRAIN) < DSA_GROUP_DRAINS;
    default:
        return true;
    }
}

/* One turn around the queues of @g, among those that have credit left */
static DSATask *dsa_group_scan(DSAGroup *g)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_WQS; i++) {
        DSAWQ *wq = &g->dev->wq[(g->turn + i) % DSA_NUM_WQS];

        if (dsa_wq_group(wq) == g && wq->credit &&
            dsa_wq_dispatchable(g, wq)) {
            wq->credit--;
            g->turn = wq->index + 1;
            return dsa_wq_pop(wq);
        }
    }
    return NULL;
}

static DSATask *dsa_group_next_queued(DSAGroup *g)
{
    DSATask *t = dsa_group_scan(g);
    unsigned i;

    if (t) {
        return t;
    }
    for (i = 0; i < DSA_NUM_WQS; i++) {
        if (dsa_wq_group(&g->dev->wq[i]) == g) {
            g->dev->wq[i].credit = dsa_wq_priority(&g->dev->wq[i]);
        }
    }
    return dsa_group_scan(g);
}

/* Batches take turns. */
static DSATask *dsa_group_next_child(DSAGroup *g)
{
    DSABatch *b, *next;

    QTAILQ_FOREACH_SAFE(b, &g->batches, link, next) {
        DSATask *t = dsa_batch_next(b);

        if (t) {
            QTAILQ_REMOVE(&g->batches, b, link);
            QTAILQ_INSERT_TAIL(&g->batches, b, link);
            return t;
        }
    }
    return NULL;
}

static DSATask *dsa_group_next(DSAGroup *g)
{
    DSATask *t = QTAILQ_FIRST(&g->ready);

    if (t) {
        QTAILQ_REMOVE(&g->ready, t, queue);
        t->wait = DSA_WAIT_NONE;
        return t;
    }
    if (dsa_group_blocked(g) >= ctpop64(g->engines) * DSA_ENGINE_BLOCKED) {
        return NULL;
    }
    g->batch_turn = !g->batch_turn;
    t = g->batch_turn ? dsa_group_next_child(g) : dsa_group_next_queued(g);
    if (!t) {
        t = g->batch_turn ? dsa_group_next_queued(g) : dsa_group_next_child(g);
    }
    return t;
}

/* Bytes that one step may move, so that it takes about DSA_CHUNK_NS */
static size_t dsa_engine_budget(const DSADevice *dev, uint64_t bandwidth)
{
    uint64_t bytes = bandwidth / (NANOSECONDS_PER_SECOND / DSA_CHUNK_NS);

    return MIN(MAX(bytes, DSA_CHUNK_MIN), DSA_CHUNK_MAX);
}

/* Do one step; returns the nanoseconds that it takes. */
static int64_t dsa_engine_step(DSAEngine *e)
{
    DSADevice *dev = e->dev;
    uint32_t slowdown = dsa_inject_slowdown(dev);
    uint64_t bandwidth = MAX(1, dev->bandwidth / slowdown);
    int64_t cost = e->cur->charge * dev->latency_ns * slowdown;
    size_t used = 0;

    e->cur->charge = 0;
    if (dsa_task_run(e->cur, dsa_engine_budget(dev, bandwidth),
                     &used) == DSA_RUN_AWAY) {
        e->cur = NULL;
    }
    return cost + used * NANOSECONDS_PER_SECOND / bandwidth;
}

static void dsa_engine_tick(void *opaque)
{
    DSAEngine *e = opaque;
    DSAGroup *g = dsa_engine_group(e);

    while (g && e->dev->state != DSA_STATE_HALT &&
           !dsa_inject_hang_engines(e->dev)) {
        int64_t cost;

        if (!e->cur) {
            e->cur = dsa_group_next(g);
        }
        if (!e->cur) {
            return;
        }
        cost = dsa_engine_step(e);
        if (cost) {
            timer_mod(e->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + cost);
            return;
        }
    }
}

void dsa_group_kick(DSAGroup *g)
{
    unsigned i;

    for (i = 0; g && i < DSA_NUM_ENGINES; i++) {
        DSAEngine *e = &g->dev->engine[i];

        if (g->engines & BIT_ULL(i) && !timer_pending(e->timer)) {
            timer_mod(e->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
        }
    }
}

void dsa_kick_all(DSADevice *dev)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        dsa_group_kick(&dev->group[i]);
    }
}

void dsa_task_ready(DSATask *t)
{
    DSAGroup *g = dsa_wq_group(t->wq);

    t->wait = DSA_WAIT_ENGINE;
    QTAILQ_INSERT_TAIL(&g->ready, t, queue);
    dsa_group_kick(g);
}

void dsa_engine_forget(DSATask *t)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_ENGINES; i++) {
        if (t->dev->engine[i].cur == t) {
            t->dev->engine[i].cur = NULL;
        }
    }
    if (t->wait == DSA_WAIT_ENGINE) {
        QTAILQ_REMOVE(&dsa_wq_group(t->wq)->ready, t, queue);
        t->wait = DSA_WAIT_NONE;
    }
}

void dsa_engine_init(DSADevice *dev)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_ENGINES; i++) {
        dev->engine[i].dev = dev;
        dev->engine[i].timer = timer_new_ns(QEMU_CLOCK_VIRTUAL,
                                            dsa_engine_tick, &dev->engine[i]);
    }
    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        dev->group[i].dev = dev;
        QTAILQ_INIT(&dev->group[i].ready);
        QTAILQ_INIT(&dev->group[i].batches);
    }
}
