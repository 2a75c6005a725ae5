// SPDX-License-Identifier: GPL-2.0
/*
 * The device's own interrupt.  Touches INTCAUSE, SWERR and GENSTS.
 */
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>

#include "device.h"
#include "irq.h"
#include "recovery.h"
#include "regs.h"

/* Those that no completion record tells: the record itself was at fault. */
static const char *idxd_sw_err_name(u64 code)
{
	switch (code) {
	case DSA_COMP_BAD_OPCODE:
		return "opcode";
	case DSA_COMP_INVALID_FLAGS:
		return "flags";
	case DSA_COMP_NOZERO_RESERVE:
		return "reserved field";
	case DSA_COMP_CRA_XLAT:
		return "completion record not writable";
	case DSA_COMP_CRA_ALIGN:
		return "completion record misaligned";
	case DSA_COMP_PRIV_BAD:
		return "privilege";
	case DSA_COMP_HW_ERR1:
	case DSA_COMP_HW_ERR_DRB:
		return "hardware";
	case DSA_COMP_TRANSLATION_FAIL:
		return "translation";
	default:
		return "other";
	}
}

static void idxd_log_sw_err(struct idxd_device *idxd, const u64 *err)
{
	u64 code = FIELD_GET(SWERR_ERROR, err[0]);

	dev_warn_ratelimited(&idxd->conf_dev,
			     "error %#llx (%s): queue %lld, opcode %#llx, PASID %lld, fault address %#llx%s%s\n",
			     code, idxd_sw_err_name(code),
			     err[0] & SWERR_WQ_VALID ?
			     (s64)FIELD_GET(SWERR_WQ, err[0]) : -1,
			     FIELD_GET(SWERR_OPCODE, err[0]),
			     err[0] & SWERR_DESC_VALID ?
			     (s64)FIELD_GET(SWERR_PASID, err[0]) : -1,
			     err[2],
			     err[0] & SWERR_BATCH ? ", in a batch" : "",
			     err[0] & SWERR_OVERFLOW ? ", more were lost" : "");
}

/* Whom the error is about is told; whom it may be about, otherwise. */
static void idxd_wake_users(struct idxd_device *idxd, u64 err)
{
	unsigned int i;

	for (i = 0; i < idxd->caps.num_wqs; i++)
		if (!(err & SWERR_WQ_VALID) || FIELD_GET(SWERR_WQ, err) == i)
			wake_up_interruptible(&idxd->wqs[i]->events);
}

static void idxd_sw_err(struct idxd_device *idxd)
{
	u64 err[SWERR_WORDS];
	int i;

	for (i = 0; i < SWERR_WORDS; i++)
		err[i] = ioread64(idxd->regs + IDXD_SWERR + i * sizeof(u64));
	if (!(err[0] & SWERR_VALID))
		return;
	iowrite64(err[0] & (SWERR_VALID | SWERR_OVERFLOW),
		  idxd->regs + IDXD_SWERR);

	spin_lock(&idxd->err_lock);
	memcpy(idxd->sw_err, err, sizeof(err));
	spin_unlock(&idxd->err_lock);

	idxd_log_sw_err(idxd, err);
	idxd_wake_users(idxd, err[0]);
}

void idxd_clear_sw_err(struct idxd_device *idxd)
{
	spin_lock_irq(&idxd->err_lock);
	memset(idxd->sw_err, 0, sizeof(idxd->sw_err));
	spin_unlock_irq(&idxd->err_lock);
}

static irqreturn_t idxd_irq(int irq, void *data)
{
	struct idxd_device *idxd = data;
	u32 cause = ioread32(idxd->regs + IDXD_INTCAUSE);

	/* All ones: no device said that. */
	if (PCI_POSSIBLE_ERROR(cause))
		return IRQ_WAKE_THREAD;

	/* Cleared first: what comes from now on raises the next one. */
	iowrite32(cause, idxd->regs + IDXD_INTCAUSE);
	if (cause & INTCAUSE_CMD)
		idxd_cmd_irq(idxd);
	if (cause & INTCAUSE_SWERR)
		idxd_sw_err(idxd);
	return cause & INTCAUSE_HALT ? IRQ_WAKE_THREAD : IRQ_HANDLED;
}

/* A halted device does nothing until it is reset, one that has gone nothing. */
static irqreturn_t idxd_irq_halt(int irq, void *data)
{
	struct idxd_device *idxd = data;
	u32 sts = ioread32(idxd->regs + IDXD_GENSTS);

	if (PCI_POSSIBLE_ERROR(sts))
		idxd_isolate(idxd, "no answer");
	else if (FIELD_GET(GENSTS_STATE, sts) == GENSTS_STATE_HALT)
		idxd_isolate(idxd, "device halted");
	return IRQ_HANDLED;
}

int idxd_irq_setup(struct idxd_device *idxd)
{
	struct pci_dev *pdev = idxd->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;

	ret = pci_request_irq(pdev, 0, idxd_irq, idxd_irq_halt, idxd, "%s",
			      dev_name(&idxd->conf_dev));
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

void idxd_irq_free(struct idxd_device *idxd)
{
	pci_free_irq(idxd->pdev, 0, idxd);
	pci_free_irq_vectors(idxd->pdev);
}
