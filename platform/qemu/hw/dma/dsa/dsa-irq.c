/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: interrupts, interrupt handles, the software error register and
 * the halt state.  Touches MSI-X, INTCAUSE, SWERROR, MSIXPERM.
 */
#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "dsa.h"

/* Handles differ from table indexes, so that mixing them up is noticed */
#define DSA_HANDLE_BASE     0x100

#define DSA_MSIXPERM_IGNORE     BIT(2)
#define DSA_MSIXPERM_PASID_EN   BIT(3)

void dsa_irq_vector(DSADevice *dev, unsigned vector, uint32_t cause)
{
    if (vector == 0) {
        dev->intcause |= cause;
    }
    msix_notify(&dev->parent_obj, vector);
}

void dsa_irq_cause(DSADevice *dev, uint32_t cause)
{
    dsa_irq_vector(dev, 0, cause);
}

uint16_t dsa_irq_handle(unsigned vector)
{
    return DSA_HANDLE_BASE + vector;
}

int dsa_irq_handle_vector(const DSADevice *dev, uint16_t handle)
{
    unsigned vector = handle - DSA_HANDLE_BASE;

    if (handle < DSA_HANDLE_BASE || vector >= DSA_NUM_VECTORS ||
        !dev->handle_given[vector]) {
        return -1;
    }
    return vector;
}

bool dsa_irq_allowed(const DSATask *t)
{
    int vector = dsa_irq_handle_vector(t->dev, dsa_desc_u16(t, 36));
    uint32_t perm;

    if (vector < 0) {
        return false;
    }
    perm = t->dev->msixperm[vector];
    if (!!(perm & DSA_MSIXPERM_PASID_EN) != dsa_wq_pasid_on(t->wq)) {
        return false;
    }
    return !(perm & DSA_MSIXPERM_PASID_EN) || perm >> 12 == t->pasid;
}

void dsa_irq_complete(const DSATask *t)
{
    int vector = dsa_irq_handle_vector(t->dev, dsa_desc_u16(t, 36));

    if (vector >= 0 && !(t->dev->msixperm[vector] & DSA_MSIXPERM_IGNORE)) {
        msix_notify(&t->dev->parent_obj, vector);
    }
}

static void dsa_swerr_record(DSADevice *dev, const uint64_t err[3])
{
    if (dev->swerr[0] & 1) {
        dev->swerr[0] |= 2;     /* overflow: the first error stays */
        return;
    }
    dev->swerr[0] = (dev->swerr[0] & 2) | err[0] | 1;
    dev->swerr[1] = err[1];
    dev->swerr[2] = err[2];
    if (dev->genctrl & DSA_GENCTRL_SWERR) {
        dsa_irq_cause(dev, DSA_CAUSE_SWERR);
    }
}

void dsa_swerr(DSADevice *dev, uint8_t error, const DSAWQ *wq)
{
    uint64_t err[3] = { (uint64_t)error << 8 };

    if (wq) {
        err[0] |= BIT(3) | (uint64_t)wq->index << 16;
    }
    dsa_swerr_record(dev, err);
}

void dsa_swerr_task(const DSATask *t, uint8_t error)
{
    uint32_t pasid = t->pasid == DSA_NO_PASID ? 0 : t->pasid;
    uint64_t err[3] = { 0 };

    err[0] = BIT(2) | BIT(3) | (t->batch ? BIT(4) : 0) |
             (t->fault_write ? BIT(5) : 0) | (t->priv ? BIT(6) : 0) |
             (uint64_t)error << 8 | (uint64_t)t->wq->index << 16 |
             (uint64_t)t->opcode << 32 | (uint64_t)pasid << 40;
    err[1] = t->batch_index;
    if (error == DSA_ST_INVALID_FLAGS) {
        err[1] |= (uint64_t)t->invalid_flags << 32;
    }
    err[2] = t->fault_va;
    dsa_swerr_record(t->dev, err);
}

void dsa_halt(DSADevice *dev)
{
    dev->state = DSA_STATE_HALT;
    dsa_swerr(dev, DSA_SWERR_PCI_CONFIG, NULL);
    if (dev->genctrl & DSA_GENCTRL_HALT) {
        dsa_irq_cause(dev, DSA_CAUSE_HALT);
    }
}
