/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: misbehaviour on command, for tests.  No real device has this.
 *
 * The settings are registers of a vendor-specific extended capability
 * (PCIe 7.9.5; VSEC ID 0x0ff0, revision 1) at 0x300 of the function's
 * configuration space, so that root in the guest sets them as setpci does and
 * the driver's BARs stay untouched.  The same are QOM properties, to be set
 * with qom-set through QMP.  They take effect at once, and no reset clears
 * them.
 *
 *   offset  bits  property               effect
 *   +0x08   0     x-hang-engines         engines stop where they are
 *           1     x-hang-drain           drain and disable commands never end
 *           2     x-hang-abort           abort and reset commands never end
 *           3     x-mute-invalidations   device-TLB invalidations are neither
 *                                        obeyed nor answered
 *           4     x-drop-submissions     accepted descriptors disappear
 *           5     x-ignore-flr           a function-level reset does nothing
 *   +0x0c   31:0  x-slowdown             work takes so many times longer;
 *                                        0 and 1: normal speed
 *   +0x10   31:0  x-fail-next            so many descriptors that start from
 *                                        now on fail with a hardware error
 *   +0x14   31:0  x-group-pages          a page request group asks for so many
 *                                        missing pages of a Memory Fill's or
 *                                        Move's, 16 at most; 0 and 1: for one.
 *                                        If it is refused, the record names the
 *                                        first
 *
 * What hangs goes on when its bit is cleared.  An invalidation that was not
 * answered never is.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/pci/pcie.h"
#include "dsa.h"

#define DSA_VSEC_HEADER (0x0ff0 | 1 << 16 | DSA_VSEC_SIZE << 20)
#define DSA_VSEC_SIZE   0x18

enum {
    DSA_INJECT_CTRL     = 0x08,
    DSA_INJECT_SLOWDOWN = 0x0c,
    DSA_INJECT_FAIL     = 0x10,
    DSA_INJECT_GROUP    = 0x14,
};

enum {
    DSA_INJECT_HANG_ENGINES,
    DSA_INJECT_HANG_DRAIN,
    DSA_INJECT_HANG_ABORT,
    DSA_INJECT_MUTE_INVALIDATIONS,
    DSA_INJECT_DROP_SUBMISSIONS,
    DSA_INJECT_IGNORE_FLR,
    DSA_INJECT_BITS,
};

static const char *const dsa_inject_names[DSA_INJECT_BITS] = {
    [DSA_INJECT_HANG_ENGINES] = "x-hang-engines",
    [DSA_INJECT_HANG_DRAIN] = "x-hang-drain",
    [DSA_INJECT_HANG_ABORT] = "x-hang-abort",
    [DSA_INJECT_MUTE_INVALIDATIONS] = "x-mute-invalidations",
    [DSA_INJECT_DROP_SUBMISSIONS] = "x-drop-submissions",
    [DSA_INJECT_IGNORE_FLR] = "x-ignore-flr",
};

static uint8_t *dsa_inject_reg(const DSADevice *dev, unsigned reg)
{
    return dev->parent_obj.config + dev->inject_cap + reg;
}

static bool dsa_inject_bit(const DSADevice *dev, unsigned bit)
{
    return pci_get_long(dsa_inject_reg(dev, DSA_INJECT_CTRL)) & BIT(bit);
}

bool dsa_inject_hang_engines(const DSADevice *dev)
{
    return dsa_inject_bit(dev, DSA_INJECT_HANG_ENGINES);
}

bool dsa_inject_hang_drain(const DSADevice *dev)
{
    return dsa_inject_bit(dev, DSA_INJECT_HANG_DRAIN);
}

bool dsa_inject_hang_abort(const DSADevice *dev)
{
    return dsa_inject_bit(dev, DSA_INJECT_HANG_ABORT);
}

bool dsa_inject_mute_invalidations(const DSADevice *dev)
{
    return dsa_inject_bit(dev, DSA_INJECT_MUTE_INVALIDATIONS);
}

bool dsa_inject_drop_submissions(const DSADevice *dev)
{
    return dsa_inject_bit(dev, DSA_INJECT_DROP_SUBMISSIONS);
}

bool dsa_inject_ignore_flr(const DSADevice *dev)
{
    return dsa_inject_bit(dev, DSA_INJECT_IGNORE_FLR);
}

uint32_t dsa_inject_slowdown(const DSADevice *dev)
{
    return MAX(1, pci_get_long(dsa_inject_reg(dev, DSA_INJECT_SLOWDOWN)));
}

unsigned dsa_inject_group_pages(const DSADevice *dev)
{
    uint32_t pages = pci_get_long(dsa_inject_reg(dev, DSA_INJECT_GROUP));

    return MIN(MAX(1, pages), DSA_MAX_GROUP);
}

bool dsa_inject_fail_next(DSADevice *dev)
{
    uint8_t *reg = dsa_inject_reg(dev, DSA_INJECT_FAIL);
    uint32_t left = pci_get_long(reg);

    if (left) {
        pci_set_long(reg, left - 1);
    }
    return left;
}

void dsa_inject_changed(DSADevice *dev)
{
    dsa_kick_all(dev);
    dsa_cmd_poll(dev);
}

/* The properties of a device exist before its configuration space does. */
static bool dsa_inject_usable(Object *obj, Error **errp)
{
    if (!DSA(obj)->inject_cap) {
        error_setg(errp, "the device is not realized yet");
        return false;
    }
    return true;
}

static void dsa_inject_get_bit(Object *obj, Visitor *v, const char *name,
                               void *opaque, Error **errp)
{
    DSADevice *dev = DSA(obj);
    bool value = dev->inject_cap && dsa_inject_bit(dev, (uintptr_t)opaque);

    visit_type_bool(v, name, &value, errp);
}

static void dsa_inject_set_bit(Object *obj, Visitor *v, const char *name,
                               void *opaque, Error **errp)
{
    DSADevice *dev = DSA(obj);
    uint8_t *reg = dsa_inject_reg(dev, DSA_INJECT_CTRL);
    bool value;

    if (dsa_inject_usable(obj, errp) &&
        visit_type_bool(v, name, &value, errp)) {
        pci_set_long(reg, deposit32(pci_get_long(reg), (uintptr_t)opaque, 1,
                                    value));
        dsa_inject_changed(dev);
    }
}

static void dsa_inject_get_long(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    DSADevice *dev = DSA(obj);
    uint32_t value = 0;

    if (dev->inject_cap) {
        value = pci_get_long(dsa_inject_reg(dev, (uintptr_t)opaque));
    }
    visit_type_uint32(v, name, &value, errp);
}

static void dsa_inject_set_long(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    uint32_t value;

    if (dsa_inject_usable(obj, errp) &&
        visit_type_uint32(v, name, &value, errp)) {
        pci_set_long(dsa_inject_reg(DSA(obj), (uintptr_t)opaque), value);
    }
}

void dsa_inject_init(DSADevice *dev, uint16_t offset)
{
    PCIDevice *pdev = &dev->parent_obj;

    pcie_add_capability(pdev, PCI_EXT_CAP_ID_VNDR, 1, offset, DSA_VSEC_SIZE);
    pci_set_long(pdev->config + offset + 4, DSA_VSEC_HEADER);
    pci_set_long(pdev->wmask + offset + DSA_INJECT_CTRL,
                 MAKE_64BIT_MASK(0, DSA_INJECT_BITS));
    pci_set_long(pdev->wmask + offset + DSA_INJECT_SLOWDOWN, UINT32_MAX);
    pci_set_long(pdev->wmask + offset + DSA_INJECT_FAIL, UINT32_MAX);
    pci_set_long(pdev->wmask + offset + DSA_INJECT_GROUP, UINT32_MAX);
    dev->inject_cap = offset;
}

void dsa_inject_class_init(ObjectClass *klass)
{
    uintptr_t i;

    for (i = 0; i < DSA_INJECT_BITS; i++) {
        object_class_property_add(klass, dsa_inject_names[i], "bool",
                                  dsa_inject_get_bit, dsa_inject_set_bit,
                                  NULL, (void *)i);
    }
    object_class_property_add(klass, "x-slowdown", "uint32",
                              dsa_inject_get_long, dsa_inject_set_long, NULL,
                              (void *)(uintptr_t)DSA_INJECT_SLOWDOWN);
    object_class_property_add(klass, "x-fail-next", "uint32",
                              dsa_inject_get_long, dsa_inject_set_long, NULL,
                              (void *)(uintptr_t)DSA_INJECT_FAIL);
    object_class_property_add(klass, "x-group-pages", "uint32",
                              dsa_inject_get_long, dsa_inject_set_long, NULL,
                              (void *)(uintptr_t)DSA_INJECT_GROUP);
}
