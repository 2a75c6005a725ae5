/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: registers in BAR0 (9.2).  Decodes accesses of 1 to 8 bytes into
 * 32-bit ones; what belongs to queues, groups and commands is in their files.
 * The MSI-X table and pending bits lie over this region (dsa-pci.c).
 */
#include "qemu/osdep.h"
#include "dsa.h"

enum {
    DSA_REG_VERSION     = 0x00,
    DSA_REG_GENCAP      = 0x10,
    DSA_REG_WQCAP       = 0x20,
    DSA_REG_GRPCAP      = 0x30,
    DSA_REG_ENGCAP      = 0x38,
    DSA_REG_OPCAP       = 0x40,
    DSA_REG_OFFSETS     = 0x60,
    DSA_REG_GENCFG      = 0x80,
    DSA_REG_GENCTRL     = 0x88,
    DSA_REG_GENSTS      = 0x90,
    DSA_REG_INTCAUSE    = 0x98,
    DSA_REG_CMD         = 0xa0,
    DSA_REG_CMDSTS      = 0xa8,
    DSA_REG_CMDCAP      = 0xb0,
    DSA_REG_SWERROR     = 0xc0,
};

#define DSA_VERSION_1_0     0x100

/*
 * Block on fault, overlapping copy, cache control, command capabilities,
 * destination readback, configurable; no interrupt message storage.
 */
#define DSA_GENCAP  (BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(2) | BIT_ULL(4) | \
                     BIT_ULL(8) | (uint64_t)DSA_MAX_XFER_SHIFT << 16 | \
                     (uint64_t)DSA_MAX_BATCH_SHIFT << 21 | BIT_ULL(31))
/* Shared, dedicated, ATS control, priority, occupancy and its interrupt */
#define DSA_WQCAP   (DSA_TOTAL_WQ_SIZE | (uint64_t)DSA_NUM_WQS << 16 | \
                     0x3full << 48)
/* Read buffers: controls and global limit */
#define DSA_GRPCAP  (DSA_NUM_GROUPS | DSA_READ_BUFFERS << 8 | 3 << 16)
/* Commands 1 to 14 */
#define DSA_CMDCAP  0x7ffe

#define DSA_OFFSETS_0   ((uint64_t)DSA_GRPCFG / 0x100 | \
                         (uint64_t)DSA_WQCFG / 0x100 << 16 | \
                         (uint64_t)DSA_MSIXPERM / 0x100 << 32)
#define DSA_OFFSETS_1   (DSA_PERFMON / 0x100)

#define DSA_GENCFG_MASK     (DSA_GENCFG_RDBUF_LIMIT | DSA_GENCFG_USER_INT)
#define DSA_GENCTRL_MASK    (DSA_GENCTRL_SWERR | DSA_GENCTRL_HALT)
#define DSA_MSIXPERM_MASK   0xfffff00c
#define DSA_SWERROR_W1C     3
#define DSA_MSIXPERM_SIZE   (DSA_NUM_VECTORS * 8)
#define DSA_GRPCFG_SIZE     (DSA_NUM_GROUPS * 64)
#define DSA_WQCFG_SIZE      (DSA_NUM_WQS * DSA_WQCFG_WORDS * 4)

static uint64_t dsa_caps_read(const DSADevice *dev, hwaddr addr)
{
    switch (addr) {
    case DSA_REG_VERSION:
        return DSA_VERSION_1_0;
    case DSA_REG_GENCAP:
        return DSA_GENCAP;
    case DSA_REG_WQCAP:
        return DSA_WQCAP;
    case DSA_REG_GRPCAP:
        return DSA_GRPCAP;
    case DSA_REG_ENGCAP:
        return DSA_NUM_ENGINES;
    case DSA_REG_OPCAP:
        return DSA_OPCAP;
    case DSA_REG_OFFSETS:
        return DSA_OFFSETS_0;
    case DSA_REG_OFFSETS + 8:
        return DSA_OFFSETS_1;
    case DSA_REG_GENCFG:
        return dev->gencfg;
    case DSA_REG_GENCTRL:
        return dev->genctrl;
    case DSA_REG_GENSTS:
        return dev->state;
    case DSA_REG_INTCAUSE:
        return dev->intcause;
    case DSA_REG_CMDSTS:
        return dev->cmdsts;
    case DSA_REG_CMDCAP:
        return DSA_CMDCAP;
    case DSA_REG_SWERROR ... DSA_REG_SWERROR + 0x18:
        return dev->swerr[(addr - DSA_REG_SWERROR) / 8];
    default:
        return 0;
    }
}

/* @addr is aligned to 4. */
static uint32_t dsa_reg_read32(const DSADevice *dev, hwaddr addr)
{
    if (addr >= DSA_MSIXPERM && addr < DSA_MSIXPERM + DSA_MSIXPERM_SIZE) {
        return addr % 8 ? 0 : dev->msixperm[(addr - DSA_MSIXPERM) / 8];
    }
    if (addr >= DSA_GRPCFG && addr < DSA_GRPCFG + DSA_GRPCFG_SIZE) {
        return dsa_grpcfg_read(dev, addr - DSA_GRPCFG);
    }
    if (addr >= DSA_WQCFG && addr < DSA_WQCFG + DSA_WQCFG_SIZE) {
        return dsa_wqcfg_read(dev, addr - DSA_WQCFG);
    }
    return dsa_caps_read(dev, addr & ~7ull) >> (addr % 8 * 8);
}

static void dsa_control_write(DSADevice *dev, hwaddr addr, uint32_t val,
                              uint32_t mask)
{
    switch (addr) {
    case DSA_REG_GENCFG:
        if (dev->state == DSA_STATE_DISABLED) {
            mask &= DSA_GENCFG_MASK;
            dev->gencfg = (dev->gencfg & ~mask) | (val & mask);
        }
        break;
    case DSA_REG_GENCTRL:
        mask &= DSA_GENCTRL_MASK;
        dev->genctrl = (dev->genctrl & ~mask) | (val & mask);
        break;
    case DSA_REG_INTCAUSE:
        dev->intcause &= ~(val & mask);
        break;
    case DSA_REG_CMD:
        dsa_cmd_write(dev, val & mask);
        break;
    case DSA_REG_SWERROR:
        dev->swerr[0] &= ~(uint64_t)(val & mask & DSA_SWERROR_W1C);
        break;
    }
}

/* @mask says which bits the access carries. */
static void dsa_reg_write32(DSADevice *dev, hwaddr addr, uint32_t val,
                            uint32_t mask)
{
    if (addr >= DSA_MSIXPERM && addr < DSA_MSIXPERM + DSA_MSIXPERM_SIZE) {
        uint32_t *perm = &dev->msixperm[(addr - DSA_MSIXPERM) / 8];

        mask &= addr % 8 ? 0 : DSA_MSIXPERM_MASK;
        *perm = (*perm & ~mask) | (val & mask);
    } else if (addr >= DSA_GRPCFG && addr < DSA_GRPCFG + DSA_GRPCFG_SIZE) {
        dsa_grpcfg_write(dev, addr - DSA_GRPCFG, val, mask);
    } else if (addr >= DSA_WQCFG && addr < DSA_WQCFG + DSA_WQCFG_SIZE) {
        dsa_wqcfg_write(dev, addr - DSA_WQCFG, val, mask);
    } else {
        dsa_control_write(dev, addr, val, mask);
    }
}

static uint64_t dsa_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    DSADevice *dev = opaque;

    if (size == 8) {
        return dsa_reg_read32(dev, addr) |
               (uint64_t)dsa_reg_read32(dev, addr + 4) << 32;
    }
    return extract32(dsa_reg_read32(dev, addr & ~3ull), addr % 4 * 8,
                     size * 8);
}

static void dsa_mmio_write(void *opaque, hwaddr addr, uint64_t val,
                           unsigned size)
{
    DSADevice *dev = opaque;
    unsigned shift = addr % 4 * 8;

    if (size == 8) {
        dsa_reg_write32(dev, addr, val, UINT32_MAX);
        dsa_reg_write32(dev, addr + 4, val >> 32, UINT32_MAX);
    } else {
        dsa_reg_write32(dev, addr & ~3ull, val << shift,
                        MAKE_64BIT_MASK(shift, size * 8));
    }
}

static const MemoryRegionOps dsa_mmio_ops = {
    .read = dsa_mmio_read,
    .write = dsa_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

void dsa_regs_init(DSADevice *dev)
{
    memory_region_init_io(&dev->mmio, OBJECT(dev), &dsa_mmio_ops, dev,
                          "dsa-registers", DSA_BAR0_SIZE);
}

void dsa_regs_reset(DSADevice *dev)
{
    unsigned i;

    dev->state = DSA_STATE_DISABLED;
    dev->gencfg = DSA_READ_BUFFERS;
    dev->genctrl = 0;
    dev->intcause = 0;
    memset(dev->msixperm, 0, sizeof(dev->msixperm));
    memset(dev->handle_given, 0, sizeof(dev->handle_given));
    for (i = 0; i < DSA_NUM_WQS; i++) {
        dsa_wq_reset(&dev->wq[i], false);
    }
    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        dsa_group_reset(&dev->group[i]);
    }
}
