/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: administrative commands (3.15, 9.2.12).  One at a time: it takes
 * its latency, then starts, then waits for the descriptors that it concerns.
 */
#include "qemu/osdep.h"
#include "dsa.h"

#define DSA_CMDSTS_ACTIVE   BIT(31)
#define DSA_CMD_RESERVED    0x7e000000
#define DSA_CMD_IRQ         BIT(31)
#define DSA_CMD_RESET_DEV   5
#define DSA_INT_TABLE_IMS   BIT(16)

/* The descriptors that a command waits for, or abandons */
typedef struct DSAScope {
    uint64_t seq;
    uint32_t operand;
} DSAScope;

typedef enum DSACmdKind {
    DSA_CMD_PLAIN,
    DSA_CMD_DRAIN,
    DSA_CMD_ABORT,
} DSACmdKind;

typedef struct DSACmdOps {
    DSACmdKind kind;
    DSATaskMatch *match;        /* with a DSAScope; NULL: waits for none */
    uint8_t (*start)(DSADevice *dev, uint32_t operand);
    void (*finish)(DSADevice *dev, uint32_t operand);
} DSACmdOps;

static bool dsa_in_device(const DSATask *t, const void *arg)
{
    const DSAScope *scope = arg;

    return t->seq <= scope->seq;
}

static bool dsa_in_wqs(const DSATask *t, const void *arg)
{
    const DSAScope *scope = arg;

    return dsa_in_device(t, arg) && scope->operand & BIT(t->wq->index);
}

static bool dsa_in_pasid(const DSATask *t, const void *arg)
{
    const DSAScope *scope = arg;

    return dsa_in_device(t, arg) && scope->operand == t->pasid;
}

static uint8_t dsa_cmd_enable_device(DSADevice *dev, uint32_t operand)
{
    uint8_t err = dsa_config_check_device(dev);

    if (!err) {
        dev->state = DSA_STATE_ENABLED;
    }
    return err;
}

static uint8_t dsa_cmd_enable_wq(DSADevice *dev, uint32_t operand)
{
    DSAWQ *wq;
    uint8_t err;

    if (operand >= DSA_NUM_WQS) {
        return DSA_CMD_ERR_WQ_INDEX;
    }
    wq = &dev->wq[operand];
    err = dsa_config_check_wq(wq);
    if (!err) {
        wq->state = DSA_STATE_ENABLED;
        wq->credit = dsa_wq_priority(wq);
        dsa_wq_occupancy(wq);
    }
    return err;
}

/* Bits 19:16 of the operand are a group of 16 queues; we have half of one. */
static uint8_t dsa_cmd_wqs_valid(DSADevice *dev, uint32_t operand)
{
    return operand >> DSA_NUM_WQS ? DSA_CMD_ERR_WQ_INDEX : DSA_CMD_OK;
}

static uint8_t dsa_cmd_wqs_enabled(DSADevice *dev, uint32_t operand)
{
    unsigned i;

    if (dsa_cmd_wqs_valid(dev, operand)) {
        return DSA_CMD_ERR_WQ_INDEX;
    }
    for (i = 0; i < DSA_NUM_WQS; i++) {
        if (operand & BIT(i) && dev->wq[i].state != DSA_STATE_ENABLED) {
            return DSA_CMD_ERR_WQ_NOT_ENABLED;
        }
    }
    return DSA_CMD_OK;
}

static void dsa_cmd_stop_wqs(DSADevice *dev, uint32_t mask)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_WQS; i++) {
        if (mask & BIT(i) && dev->wq[i].state == DSA_STATE_ENABLED) {
            dev->wq[i].state = DSA_STATE_DRAINING;
        }
    }
}

static uint8_t dsa_cmd_disable_wq(DSADevice *dev, uint32_t operand)
{
    uint8_t err = dsa_cmd_wqs_enabled(dev, operand);

    if (!err) {
        dsa_cmd_stop_wqs(dev, operand);
    }
    return err;
}

static void dsa_cmd_wqs_disabled(DSADevice *dev, uint32_t operand)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_WQS; i++) {
        if (operand & BIT(i)) {
            dev->wq[i].state = DSA_STATE_DISABLED;
        }
    }
}

static uint8_t dsa_cmd_reset_wq(DSADevice *dev, uint32_t operand)
{
    uint8_t err = dsa_cmd_wqs_valid(dev, operand);

    if (!err) {
        dsa_cmd_stop_wqs(dev, operand);
    }
    return err;
}

static void dsa_cmd_wqs_reset(DSADevice *dev, uint32_t operand)
{
    unsigned i;

    for (i = 0; i < DSA_NUM_WQS; i++) {
        if (operand & BIT(i)) {
            dsa_wq_reset(&dev->wq[i], true);
        }
    }
}

static uint8_t dsa_cmd_disable_device(DSADevice *dev, uint32_t operand)
{
    if (dev->state != DSA_STATE_ENABLED) {
        return DSA_CMD_ERR_DEV_DISABLED;
    }
    dev->state = DSA_STATE_DRAINING;
    dsa_cmd_stop_wqs(dev, UINT32_MAX);
    return DSA_CMD_OK;
}

static void dsa_cmd_device_disabled(DSADevice *dev, uint32_t operand)
{
    dsa_cmd_wqs_disabled(dev, UINT32_MAX);
    dev->state = DSA_STATE_DISABLED;
}

static uint8_t dsa_cmd_reset_device(DSADevice *dev, uint32_t operand)
{
    if (dev->state == DSA_STATE_ENABLED) {
        dev->state = DSA_STATE_DRAINING;
    }
    dsa_cmd_stop_wqs(dev, UINT32_MAX);
    return DSA_CMD_OK;
}

static void dsa_cmd_device_reset(DSADevice *dev, uint32_t operand)
{
    dsa_regs_reset(dev);
}

static uint8_t dsa_cmd_request_handle(DSADevice *dev, uint32_t operand)
{
    if (operand & DSA_INT_TABLE_IMS || operand >= DSA_NUM_VECTORS) {
        return DSA_CMD_ERR_INT_INDEX;
    }
    dev->handle_given[operand] = true;
    dev->cmdsts |= (uint32_t)dsa_irq_handle(operand) << 8;
    return DSA_CMD_OK;
}

/* Revision 1.1 wants the handle as operand, later ones the table index. */
static uint8_t dsa_cmd_release_handle(DSADevice *dev, uint32_t operand)
{
    int vector = dsa_irq_handle_vector(dev, operand);

    if (operand < DSA_NUM_VECTORS && dev->handle_given[operand]) {
        vector = operand;
    }
    if (operand & DSA_INT_TABLE_IMS || vector < 0) {
        return DSA_CMD_ERR_INT_INDEX;
    }
    dev->handle_given[vector] = false;
    return DSA_CMD_OK;
}

/* By command code (table 9-5) */
static const DSACmdOps dsa_cmds[] = {
    [1] = { .start = dsa_cmd_enable_device },
    [2] = { DSA_CMD_DRAIN, dsa_in_device, dsa_cmd_disable_device,
            dsa_cmd_device_disabled },
    [3] = { DSA_CMD_DRAIN, dsa_in_device },
    [4] = { DSA_CMD_ABORT, dsa_in_device },
    [DSA_CMD_RESET_DEV] = { DSA_CMD_ABORT, dsa_in_device,
                            dsa_cmd_reset_device, dsa_cmd_device_reset },
    [6] = { .start = dsa_cmd_enable_wq },
    [7] = { DSA_CMD_DRAIN, dsa_in_wqs, dsa_cmd_disable_wq,
            dsa_cmd_wqs_disabled },
    [8] = { DSA_CMD_DRAIN, dsa_in_wqs, dsa_cmd_wqs_enabled },
    [9] = { DSA_CMD_ABORT, dsa_in_wqs, dsa_cmd_wqs_enabled },
    [10] = { DSA_CMD_ABORT, dsa_in_wqs, dsa_cmd_reset_wq, dsa_cmd_wqs_reset },
    [11] = { DSA_CMD_DRAIN, dsa_in_pasid },
    [12] = { DSA_CMD_ABORT, dsa_in_pasid },
    [13] = { .start = dsa_cmd_request_handle },
    [14] = { .start = dsa_cmd_release_handle },
};

static void dsa_cmd_complete(DSADevice *dev, uint8_t err)
{
    dev->cmdsts = (dev->cmdsts & ~DSA_CMDSTS_ACTIVE) | err;
    if (dev->cmd.reg & DSA_CMD_IRQ) {
        dsa_irq_cause(dev, DSA_CAUSE_CMD);
    }
}

static uint8_t dsa_cmd_start(DSADevice *dev, uint8_t code, uint32_t operand)
{
    if (code == 0 || code >= ARRAY_SIZE(dsa_cmds)) {
        return DSA_CMD_ERR_CODE;
    }
    if (dev->cmd.reg & DSA_CMD_RESERVED) {
        return DSA_CMD_ERR_RESERVED;
    }
    if (dev->state == DSA_STATE_HALT && code != DSA_CMD_RESET_DEV) {
        return DSA_CMD_ERR_HALTED;
    }
    dev->cmd.started = true;
    dev->cmd.seq = dev->seq;
    return dsa_cmds[code].start ? dsa_cmds[code].start(dev, operand) : 0;
}

static bool dsa_cmd_hangs(const DSADevice *dev, const DSACmdOps *ops)
{
    return (ops->kind == DSA_CMD_DRAIN && dsa_inject_hang_drain(dev)) ||
           (ops->kind == DSA_CMD_ABORT && dsa_inject_hang_abort(dev));
}

static void dsa_cmd_tick(void *opaque)
{
    DSADevice *dev = opaque;
    uint8_t code = extract32(dev->cmd.reg, 20, 5);
    DSAScope scope = { .operand = extract32(dev->cmd.reg, 0, 20) };
    const DSACmdOps *ops = &dsa_cmds[code];
    uint8_t err;

    if (!dev->cmd.started) {
        err = dsa_cmd_start(dev, code, scope.operand);
        if (err) {
            dsa_cmd_complete(dev, err);
            return;
        }
    }
    if (dsa_cmd_hangs(dev, ops)) {
        return;
    }
    scope.seq = dev->cmd.seq;
    if (ops->kind == DSA_CMD_ABORT) {
        dsa_task_abort(dev, ops->match, &scope);
    }
    if (ops->match && dsa_task_any(dev, ops->match, &scope)) {
        return;
    }
    if (ops->finish) {
        ops->finish(dev, scope.operand);
    }
    dsa_cmd_complete(dev, DSA_CMD_OK);
}

void dsa_cmd_write(DSADevice *dev, uint32_t val)
{
    if (dev->cmdsts & DSA_CMDSTS_ACTIVE) {
        dsa_swerr(dev, DSA_SWERR_CMD_ACTIVE, NULL);
        return;
    }
    dev->cmd.reg = val;
    dev->cmd.started = false;
    dev->cmdsts = DSA_CMDSTS_ACTIVE;
    timer_mod(dev->cmd.timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                              dev->command_ns);
}

void dsa_cmd_poll(DSADevice *dev)
{
    if (dev->cmdsts & DSA_CMDSTS_ACTIVE && dev->cmd.started) {
        timer_mod(dev->cmd.timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

void dsa_cmd_cancel(DSADevice *dev)
{
    timer_del(dev->cmd.timer);
    dev->cmd.started = false;
    dev->cmdsts = 0;
}

void dsa_cmd_init(DSADevice *dev)
{
    dev->cmd.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, dsa_cmd_tick, dev);
}
