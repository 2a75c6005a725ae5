// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI function: finding, preparing, resetting and giving it back.
 */
#include <linux/cpufeature.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/iommu-sva.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "bus.h"
#include "caps.h"
#include "cdev.h"
#include "config.h"
#include "device.h"
#include "enable.h"
#include "irq.h"
#include "pm.h"
#include "recovery.h"
#include "regs.h"

#define PCI_DEVICE_ID_INTEL_DSA_SPR	0x0b25

static const struct idxd_model idxd_dsa_spr = {
	.name = "dsa",
	.compl_align = 32,
	.user_submission_safe = false,
};

static const struct pci_device_id idxd_pci_ids[] = {
	{ PCI_DEVICE_DATA(INTEL, DSA_SPR, &idxd_dsa_spr) },
	{ }
};
MODULE_DEVICE_TABLE(pci, idxd_pci_ids);

static void idxd_sva_enable(struct idxd_device *idxd)
{
	struct device *dev = &idxd->pdev->dev;
	int ret = -EOPNOTSUPP;

	if (!IS_ENABLED(CONFIG_INTEL_IDXD_SVM))
		goto out;
	ret = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF);
	if (ret)
		goto out;
	ret = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA);
	if (ret) {
		iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
		goto out;
	}
	idxd->sva = true;
	iommu_sva_on_isolation(dev, &idxd->isolated);
out:
	if (ret)
		dev_warn(dev, "no shared virtual addressing (%d): no user queues\n",
			 ret);
}

static void idxd_sva_disable(struct idxd_device *idxd)
{
	if (!idxd->sva)
		return;
	iommu_sva_on_isolation(&idxd->pdev->dev, NULL);
	iommu_dev_disable_feature(&idxd->pdev->dev, IOMMU_DEV_FEAT_SVA);
	iommu_dev_disable_feature(&idxd->pdev->dev, IOMMU_DEV_FEAT_IOPF);
	idxd->sva = false;
}

/* Isolation, a command of the previous owner's, a halt: FLR alone ends them. */
static int idxd_quiesce_found(struct idxd_device *idxd)
{
	u32 gensts = ioread32(idxd->regs + IDXD_GENSTS);
	u32 cmdsts = ioread32(idxd->regs + IDXD_CMDSTS);
	int ret;

	if (FIELD_GET(GENSTS_STATE, gensts) != GENSTS_STATE_HALT &&
	    !(cmdsts & CMDSTS_ACTIVE) &&
	    !iommu_sva_is_isolated(&idxd->pdev->dev))
		return 0;

	pci_save_state(idxd->pdev);
	ret = __pci_reset_function_locked(idxd->pdev);
	pci_restore_state(idxd->pdev);
	if (!ret && !idxd_was_reset(idxd))
		ret = -EIO;
	if (!ret)
		iommu_sva_restore(&idxd->pdev->dev);
	return ret;
}

static int idxd_prepare_hw(struct idxd_device *idxd)
{
	int ret;

	ret = idxd_irq_setup(idxd);
	if (ret)
		return ret;

	idxd_cmd_queue_open(idxd);
	ret = idxd_device_reset(idxd);
	if (ret) {
		idxd_recovery_stop(idxd);
		idxd_irq_free(idxd);
	}
	return ret;
}

/* No task is left: the queues were disabled when they left the bus. */
static void idxd_release_hw(struct idxd_device *idxd)
{
	idxd_recovery_stop(idxd);
	if (!idxd_cmd_queue_closed(idxd))
		idxd_device_reset(idxd);
	pci_clear_master(idxd->pdev);
	idxd_cmd_queue_close(idxd);
	idxd_irq_free(idxd);
}

static int idxd_setup_device(struct idxd_device *idxd)
{
	int ret;

	ret = idxd_quiesce_found(idxd);
	if (ret)
		return ret;
	ret = idxd_read_caps(idxd);
	if (ret)
		return ret;
	ret = idxd_device_alloc_parts(idxd);
	if (ret)
		return ret;
	idxd_sva_enable(idxd);
	ret = idxd_prepare_hw(idxd);
	if (ret)
		goto err_sva;

	mutex_lock(&idxd->lock);
	idxd_config_reset(idxd);
	mutex_unlock(&idxd->lock);

	ret = idxd_device_add(idxd);
	if (ret)
		goto err_hw;
	return 0;

err_hw:
	idxd_release_hw(idxd);
err_sva:
	idxd_sva_disable(idxd);
	return ret;
}

/* All that is undone by the driver core after a failed probe, or removal. */
static void __iomem *idxd_map_regs(struct pci_dev *pdev)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return IOMEM_ERR_PTR(ret);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return IOMEM_ERR_PTR(ret);
	ret = pcim_request_region(pdev, IDXD_BAR_PORTALS, "idxd");
	if (ret)
		return IOMEM_ERR_PTR(ret);
	return pcim_iomap_region(pdev, IDXD_BAR_REGS, "idxd");
}

static int idxd_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *regs = idxd_map_regs(pdev);
	struct idxd_device *idxd;
	int ret;

	if (IS_ERR(regs))
		return PTR_ERR(regs);
	idxd = idxd_device_alloc(pdev, (const void *)id->driver_data);
	if (IS_ERR(idxd))
		return PTR_ERR(idxd);

	idxd->regs = regs;
	pci_set_master(pdev);
	ret = idxd_setup_device(idxd);
	if (ret) {
		pci_clear_master(pdev);
		idxd_device_put(idxd);
		return ret;
	}

	/* Binding was tried when the device appeared, with nothing set yet. */
	WRITE_ONCE(idxd->cmd_status, 0);
	pci_set_drvdata(pdev, idxd);
	dev_info(&pdev->dev, "%s: version %#x, %u queues, %u engines\n",
		 dev_name(&idxd->conf_dev), idxd->caps.version,
		 idxd->caps.num_wqs, idxd->caps.num_engines);
	return 0;
}

static void idxd_pci_remove(struct pci_dev *pdev)
{
	struct idxd_device *idxd = pci_get_drvdata(pdev);

	/* Its users need not wait for what was pulled out under them. */
	if (!idxd_device_answers(idxd))
		idxd_isolate(idxd, "removed and does not answer");
	idxd_device_del(idxd);
	idxd_release_hw(idxd);
	idxd_sva_disable(idxd);
	idxd_device_put(idxd);
}

static void idxd_pci_reset_prepare(struct pci_dev *pdev)
{
	struct idxd_device *idxd = pci_get_drvdata(pdev);

	if (idxd)
		idxd_reset_prepare(idxd, OFFCPU_DEVICE);
}

static void idxd_pci_reset_done(struct pci_dev *pdev)
{
	struct idxd_device *idxd = pci_get_drvdata(pdev);

	if (idxd)
		idxd_reset_done(idxd);
}

static const struct pci_error_handlers idxd_err_handlers = {
	.reset_prepare = idxd_pci_reset_prepare,
	.reset_done = idxd_pci_reset_done,
};

static struct pci_driver idxd_pci_driver = {
	.name = "idxd",
	.id_table = idxd_pci_ids,
	.probe = idxd_pci_probe,
	.remove = idxd_pci_remove,
	.shutdown = idxd_pci_shutdown,
	.err_handler = &idxd_err_handlers,
	.driver.pm = pm_sleep_ptr(&idxd_pm_ops),
};

static int __init idxd_init(void)
{
	int ret;

	/* Descriptors are submitted in one transaction of 64 bytes. */
	if (!cpu_feature_enabled(X86_FEATURE_MOVDIR64B))
		return -ENODEV;

	ret = idxd_cdev_init();
	if (ret)
		return ret;
	ret = dsa_driver_register(&idxd_device_driver);
	if (ret)
		goto err_cdev;
	ret = dsa_driver_register(&idxd_user_driver);
	if (ret)
		goto err_device;
	ret = pci_register_driver(&idxd_pci_driver);
	if (ret)
		goto err_user;
	return 0;

err_user:
	dsa_driver_unregister(&idxd_user_driver);
err_device:
	dsa_driver_unregister(&idxd_device_driver);
err_cdev:
	idxd_cdev_exit();
	return ret;
}
module_init(idxd_init);

static void __exit idxd_exit(void)
{
	pci_unregister_driver(&idxd_pci_driver);
	dsa_driver_unregister(&idxd_user_driver);
	dsa_driver_unregister(&idxd_device_driver);
	idxd_cdev_exit();
}
module_exit(idxd_exit);

MODULE_DESCRIPTION("Intel Data Streaming Accelerator");
MODULE_LICENSE("GPL");
