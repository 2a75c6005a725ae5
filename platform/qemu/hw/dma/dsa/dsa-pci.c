/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: the PCI Express function.  Configuration space with its
 * capabilities, reset, properties, and the type itself.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "dsa.h"

#define DSA_DEVICE_ID       0x0b25

#define DSA_CAP_PCIE        0x40
#define DSA_CAP_MSIX        0x80
#define DSA_EXTCAP_AER      0x100
#define DSA_EXTCAP_ATS      0x220
#define DSA_EXTCAP_PASID    0x230
#define DSA_EXTCAP_PRI      0x240
#define DSA_EXTCAP_INJECT   0x300

#define DSA_PASID_WIDTH     20
#define DSA_PRI_SIZE        0x10
#define DSA_PRI_STOPPED     0x100
#define DSA_PRI_STICKY      0x003   /* response failure, unexpected group */

static uint16_t dsa_config_word(const DSADevice *dev, unsigned offset)
{
    return pci_get_word(dev->parent_obj.config + offset);
}

bool dsa_bus_master(const DSADevice *dev)
{
    return dsa_config_word(dev, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

bool dsa_ats_on(const DSADevice *dev)
{
    return dsa_config_word(dev, dev->ats_cap + PCI_ATS_CTRL) &
           PCI_ATS_CTRL_ENABLE;
}

bool dsa_pasid_on(const DSADevice *dev)
{
    return dsa_config_word(dev, dev->pasid_cap + PCI_PASID_CTRL) &
           PCI_PASID_CTRL_ENABLE;
}

bool dsa_priv_on(const DSADevice *dev)
{
    return dsa_config_word(dev, dev->pasid_cap + PCI_PASID_CTRL) &
           PCI_PASID_CTRL_PRIV;
}

bool dsa_pri_on(const DSADevice *dev)
{
    return dsa_config_word(dev, dev->pri_cap + PCI_PRI_CTRL) &
           PCI_PRI_CTRL_ENABLE;
}

uint32_t dsa_pri_alloc(const DSADevice *dev)
{
    return pci_get_long(dev->parent_obj.config + dev->pri_cap +
                        PCI_PRI_ALLOC_REQ);
}

/* Stopped (PCIe 10.5.2.3): off, and nothing outstanding any more. */
static void dsa_pri_update_stopped(DSADevice *dev)
{
    uint8_t *status = dev->parent_obj.config + dev->pri_cap + PCI_PRI_STATUS;

    pci_set_word(status, pci_get_word(status) & ~DSA_PRI_STOPPED);
    if (!dsa_pri_on(dev) && !dev->prs_used) {
        pci_set_word(status, pci_get_word(status) | DSA_PRI_STOPPED);
    }
}

void dsa_pri_status(DSADevice *dev, uint16_t bits)
{
    uint8_t *status = dev->parent_obj.config + dev->pri_cap + PCI_PRI_STATUS;

    pci_set_word(status, pci_get_word(status) | bits);
    dsa_pri_update_stopped(dev);
}

static void dsa_pasid_cap_init(DSADevice *dev, uint16_t offset)
{
    PCIDevice *pdev = &dev->parent_obj;

    pcie_add_capability(pdev, PCI_EXT_CAP_ID_PASID, 1, offset,
                        PCI_EXT_CAP_PASID_SIZEOF);
    pci_set_word(pdev->config + offset + PCI_PASID_CAP,
                 PCI_PASID_CAP_PRIV | DSA_PASID_WIDTH << 8);
    pci_set_word(pdev->wmask + offset + PCI_PASID_CTRL,
                 PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_PRIV);
    dev->pasid_cap = offset;
}

static void dsa_pri_cap_init(DSADevice *dev, uint16_t offset)
{
    PCIDevice *pdev = &dev->parent_obj;

    pcie_add_capability(pdev, PCI_EXT_CAP_ID_PRI, 1, offset, DSA_PRI_SIZE);
    pci_set_word(pdev->config + offset + PCI_PRI_STATUS,
                 PCI_PRI_STATUS_PASID | DSA_PRI_STOPPED);
    pci_set_long(pdev->config + offset + PCI_PRI_MAX_REQ, DSA_MAX_PRS);
    pci_set_word(pdev->wmask + offset + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
    pci_set_word(pdev->w1cmask + offset + PCI_PRI_STATUS, DSA_PRI_STICKY);
    pci_set_long(pdev->wmask + offset + PCI_PRI_ALLOC_REQ, UINT32_MAX);
    dev->pri_cap = offset;
}

/* What may not change while the device is not disabled (9.1.3, 5.7) */
static uint64_t dsa_locked_controls(const DSADevice *dev)
{
    return (dsa_config_word(dev, PCI_COMMAND) & PCI_COMMAND_MASTER) |
           (uint64_t)dsa_config_word(dev, dev->ats_cap + PCI_ATS_CTRL) << 16 |
           (uint64_t)dsa_config_word(dev, dev->pasid_cap + PCI_PASID_CTRL)
           << 32 |
           (uint64_t)dsa_config_word(dev, dev->pri_cap + PCI_PRI_CTRL) << 48;
}

static void dsa_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                             int len)
{
    DSADevice *dev = DSA(pdev);
    uint64_t before = dsa_locked_controls(dev);

    pci_default_write_config(pdev, addr, val, len);
    pcie_aer_write_config(pdev, addr, val, len);
    if (dsa_inject_ignore_flr(dev)) {
        pci_word_test_and_clear_mask(pdev->config + pdev->exp.exp_cap +
                                     PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    }
    pcie_cap_flr_write_config(pdev, addr, val, len);

    if (before != dsa_locked_controls(dev)) {
        if (dev->state == DSA_STATE_ENABLED ||
            dev->state == DSA_STATE_DRAINING) {
            dsa_halt(dev);
        }
        if (!dsa_ats_on(dev)) {
            dsa_atc_flush(dev);
        }
        dsa_pri_update_stopped(dev);
    }
    if (ranges_overlap(addr, len, dev->inject_cap, 0x14)) {
        dsa_inject_changed(dev);
    }
}

static bool dsa_match_all(const DSATask *t, const void *arg)
{
    return true;
}

/* FLR does not come here through dsa_config_write()'s masks: clear by hand. */
static void dsa_config_reset(DSADevice *dev)
{
    uint8_t *config = dev->parent_obj.config;

    pci_set_word(config + dev->ats_cap + PCI_ATS_CTRL, 0);
    pci_set_word(config + dev->pasid_cap + PCI_PASID_CTRL, 0);
    pci_set_word(config + dev->pri_cap + PCI_PRI_CTRL, 0);
    pci_set_word(config + dev->pri_cap + PCI_PRI_STATUS, PCI_PRI_STATUS_PASID);
    pci_set_long(config + dev->pri_cap + PCI_PRI_ALLOC_REQ, 0);
    dsa_pri_update_stopped(dev);
}

static const VTDAtsOps dsa_ats_ops = {
    .invalidate = dsa_atc_invalidate,
    .page_response = dsa_prs_response,
};

/*
 * Reset of the function, be it FLR or that of the machine.  The IOMMU may be
 * created after us, so we look for it here.
 */
static void dsa_reset(DeviceState *qdev)
{
    DSADevice *dev = DSA(qdev);

    dsa_cmd_cancel(dev);
    dsa_task_abort(dev, dsa_match_all, NULL);
    dsa_prs_reset(dev);
    dsa_atc_flush(dev);
    dsa_config_reset(dev);
    memset(dev->swerr, 0, sizeof(dev->swerr));
    dev->cmdsts = 0;
    dsa_regs_reset(dev);
    if (!dev->iommu) {
        dev->iommu = vtd_ats_register(&dev->parent_obj, &dsa_ats_ops, dev);
    }
}

static int dsa_pcie_caps_init(PCIDevice *pdev, Error **errp)
{
    int ret = pcie_endpoint_cap_init(pdev, DSA_CAP_PCIE);

    if (ret < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return ret;
    }
    pcie_cap_deverr_init(pdev);
    pcie_cap_flr_init(pdev);
    return pcie_aer_init(pdev, PCI_ERR_VER, DSA_EXTCAP_AER, PCI_ERR_SIZEOF,
                         errp);
}

static int dsa_msix_setup(DSADevice *dev, Error **errp)
{
    PCIDevice *pdev = &dev->parent_obj;
    unsigned i;
    int ret;

    ret = msix_init(pdev, DSA_NUM_VECTORS, &dev->mmio, 0, DSA_MSIX_TABLE,
                    &dev->mmio, 0, DSA_MSIX_PBA, DSA_CAP_MSIX, errp);
    for (i = 0; !ret && i < DSA_NUM_VECTORS; i++) {
        msix_vector_use(pdev, i);
    }
    return ret;
}

static void dsa_realize(PCIDevice *pdev, Error **errp)
{
    DSADevice *dev = DSA(pdev);

    if (!dev->bandwidth) {
        error_setg(errp, "x-bandwidth must not be 0");
        return;
    }
    dsa_regs_init(dev);
    dsa_portal_init(dev);
    pci_register_bar(pdev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &dev->mmio);
    pci_register_bar(pdev, 2, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &dev->portals);
    if (dsa_pcie_caps_init(pdev, errp) < 0 || dsa_msix_setup(dev, errp) < 0) {
        return;
    }
    pcie_ats_init(pdev, DSA_EXTCAP_ATS, true);
    dev->ats_cap = DSA_EXTCAP_ATS;
    dsa_pasid_cap_init(dev, DSA_EXTCAP_PASID);
    dsa_pri_cap_init(dev, DSA_EXTCAP_PRI);
    dsa_inject_init(dev, DSA_EXTCAP_INJECT);

    dsa_mem_init(dev);
    dsa_wq_init(dev);
    dsa_engine_init(dev);
    dsa_cmd_init(dev);
}

static const Property dsa_properties[] = {
    DEFINE_PROP_UINT64("x-bandwidth", DSADevice, bandwidth, 8 * GiB),
    DEFINE_PROP_UINT64("x-latency-ns", DSADevice, latency_ns, 500),
    DEFINE_PROP_UINT64("x-command-ns", DSADevice, command_ns, 2000),
};

static const VMStateDescription dsa_vmstate = {
    .name = TYPE_DSA,
    .unmigratable = 1,
};

static void dsa_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = dsa_realize;
    pc->config_write = dsa_config_write;
    pc->vendor_id = PCI_VENDOR_ID_INTEL;
    pc->device_id = DSA_DEVICE_ID;
    pc->class_id = PCI_CLASS_SYSTEM_OTHER;
    dc->desc = "Intel Data Streaming Accelerator";
    dc->vmsd = &dsa_vmstate;
    dc->hotpluggable = false;
    device_class_set_legacy_reset(dc, dsa_reset);
    device_class_set_props(dc, dsa_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    dsa_inject_class_init(klass);
}

static const TypeInfo dsa_info = {
    .name = TYPE_DSA,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(DSADevice),
    .class_init = dsa_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void dsa_register_types(void)
{
    type_register_static(&dsa_info);
}

type_init(dsa_register_types)
