/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of the Intel Data Streaming Accelerator, version 1.0: chapter 9
 * of its architecture specification.  BAR 0 holds them, BAR 2 the portals.
 */
#ifndef _IDXD_REGS_H_
#define _IDXD_REGS_H_

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/types.h>

#define IDXD_BAR_REGS			0
#define IDXD_BAR_PORTALS		2

#define IDXD_VERSION			0x00
#define IDXD_VERSION_2			0x200

#define IDXD_GENCAP			0x10
#define  GENCAP_BLOCK_ON_FAULT		BIT_ULL(0)
#define  GENCAP_CMDCAP			BIT_ULL(4)
#define  GENCAP_MAX_XFER_SHIFT		GENMASK_ULL(20, 16)
#define  GENCAP_MAX_BATCH_SHIFT		GENMASK_ULL(24, 21)
#define  GENCAP_CONFIGURABLE		BIT_ULL(31)

#define IDXD_WQCAP			0x20
#define  WQCAP_TOTAL_SIZE		GENMASK_ULL(15, 0)
#define  WQCAP_NUM_WQS			GENMASK_ULL(23, 16)
#define  WQCAP_WQCFG_SHIFT		GENMASK_ULL(27, 24)	/* less 5 */
#define  WQCAP_SHARED			BIT_ULL(48)
#define  WQCAP_DEDICATED		BIT_ULL(49)
#define  WQCAP_ATS_DISABLE		BIT_ULL(50)
#define  WQCAP_PRIORITY			BIT_ULL(51)
#define  WQCAP_OCCUPANCY		BIT_ULL(52)
#define  WQCAP_OPCFG			BIT_ULL(54)
#define  WQCAP_PRS_DISABLE		BIT_ULL(55)
#define WQCAP_WQCFG_SHIFT_MIN		5

#define IDXD_GRPCAP			0x30
#define  GRPCAP_NUM_GROUPS		GENMASK_ULL(7, 0)
#define  GRPCAP_NUM_RDBUFS		GENMASK_ULL(15, 8)
#define  GRPCAP_RDBUF_CTRL		BIT_ULL(16)
#define  GRPCAP_RDBUF_LIMIT		BIT_ULL(17)
#define  GRPCAP_PROGRESS_LIMIT		BIT_ULL(18)

#define IDXD_ENGCAP			0x38
#define  ENGCAP_NUM_ENGINES		GENMASK_ULL(7, 0)

#define IDXD_OPCAP			0x40	/* 256 bits */

/* Offsets of the tables below, in units of 256 bytes. */
#define IDXD_OFFSETS			0x60
#define  OFFSETS_GRPCFG			GENMASK_ULL(15, 0)
#define  OFFSETS_WQCFG			GENMASK_ULL(31, 16)
#define IDXD_OFFSETS_UNIT		0x100

#define IDXD_GENCFG			0x80
#define  GENCFG_RDBUF_LIMIT		GENMASK(7, 0)

#define IDXD_GENCTRL			0x88
#define  GENCTRL_SWERR_INT		BIT(0)
#define  GENCTRL_HALT_INT		BIT(1)

#define IDXD_GENSTS			0x90
#define  GENSTS_STATE			GENMASK(1, 0)
#define  GENSTS_RESET_TYPE		GENMASK(3, 2)
#define GENSTS_STATE_DISABLED		0
#define GENSTS_STATE_ENABLED		1
#define GENSTS_STATE_DRAIN		2
#define GENSTS_STATE_HALT		3

/* Write one to clear. */
#define IDXD_INTCAUSE			0x98
#define  INTCAUSE_SWERR			BIT(0)
#define  INTCAUSE_CMD			BIT(1)
#define  INTCAUSE_HALT			BIT(4)

#define IDXD_CMD			0xa0
#define  CMD_OPERAND			GENMASK(19, 0)
#define  CMD_CODE			GENMASK(24, 20)
#define  CMD_INT_REQ			BIT(31)

#define IDXD_CMD_ENABLE_DEVICE		1
#define IDXD_CMD_DISABLE_DEVICE		2
#define IDXD_CMD_DRAIN_ALL		3
#define IDXD_CMD_ABORT_ALL		4
#define IDXD_CMD_RESET_DEVICE		5
#define IDXD_CMD_ENABLE_WQ		6	/* operand: number of the queue */
#define IDXD_CMD_DISABLE_WQ		7	/* operand: idxd_wq_mask() */
#define IDXD_CMD_DRAIN_WQ		8
#define IDXD_CMD_ABORT_WQ		9
#define IDXD_CMD_RESET_WQ		10
#define IDXD_CMD_DRAIN_PASID		11	/* operand: the PASID */
#define IDXD_CMD_ABORT_PASID		12

/* Sixteen queues at a time: a bit for each, and which sixteen. */
static inline u32 idxd_wq_mask(unsigned int id)
{
	return BIT(id % 16) | (id / 16) << 16;
}

#define IDXD_CMDSTS			0xa8
#define  CMDSTS_ERROR			GENMASK(7, 0)
#define  CMDSTS_ACTIVE			BIT(31)

#define CMDSTS_ERR_WQ_NOT_ENABLED	0x32

#define IDXD_CMDCAP			0xb0

/* 256 bits; writing VALID and OVERFLOW frees it for the next error. */
#define IDXD_SWERR			0xc0
#define  SWERR_VALID			BIT_ULL(0)
#define  SWERR_OVERFLOW			BIT_ULL(1)
#define  SWERR_DESC_VALID		BIT_ULL(2)
#define  SWERR_WQ_VALID			BIT_ULL(3)
#define  SWERR_BATCH			BIT_ULL(4)
#define  SWERR_FAULT_WRITE		BIT_ULL(5)
#define  SWERR_ERROR			GENMASK_ULL(15, 8)
#define  SWERR_WQ			GENMASK_ULL(23, 16)
#define  SWERR_OPCODE			GENMASK_ULL(39, 32)
#define  SWERR_PASID			GENMASK_ULL(59, 40)
#define SWERR_WORDS			4

/* GRPCFG, 64 bytes a group: queues (4 quadwords), engines, flags. */
#define GRPCFG_STRIDE			64
#define GRPCFG_WQ_WORDS			4
#define GRPCFG_ENGINES			32
#define GRPCFG_FLAGS			40
#define  GRPFLAGS_TC_A			GENMASK(2, 0)
#define  GRPFLAGS_TC_B			GENMASK(5, 3)
#define  GRPFLAGS_USE_RDBUF_LIMIT	BIT(7)
#define  GRPFLAGS_RDBUFS_RESERVED	GENMASK(15, 8)
#define  GRPFLAGS_RDBUFS_ALLOWED	GENMASK(27, 20)
#define GRPCFG_LIMITS			44
#define  GRPLIMITS_DESC			GENMASK(1, 0)
#define  GRPLIMITS_BATCH		GENMASK(5, 4)

/* WQCFG, by dword. */
#define WQCFG_W0			0
#define  WQCFG_SIZE			GENMASK(15, 0)
#define WQCFG_W1			1
#define  WQCFG_THRESHOLD		GENMASK(15, 0)
#define WQCFG_W2			2
#define  WQCFG_DEDICATED		BIT(0)
#define  WQCFG_BLOCK_ON_FAULT		BIT(1)
#define  WQCFG_ATS_DISABLE		BIT(2)
#define  WQCFG_PRS_DISABLE		BIT(3)
#define  WQCFG_PRIORITY			GENMASK(7, 4)
#define  WQCFG_PASID			GENMASK(27, 8)
#define  WQCFG_PASID_EN			BIT(28)
#define WQCFG_W3			3
#define  WQCFG_MAX_XFER_SHIFT		GENMASK(4, 0)
#define  WQCFG_MAX_BATCH_SHIFT		GENMASK(8, 5)
#define WQCFG_W6			6
#define  WQCFG_OCCUPANCY		GENMASK(15, 0)
#define  WQCFG_STATE			GENMASK(31, 30)
#define WQCFG_OPCFG			8	/* 256 bits, if WQCAP_OPCFG */

#define WQCFG_STATE_DISABLED		0
#define WQCFG_STATE_ENABLED		1

/* Portals: four pages a queue.  MSI-X, then IMS; unlimited, then limited. */
#define IDXD_PORTAL_SIZE		SZ_4K
#define IDXD_PORTALS_PER_WQ		4
#define IDXD_PORTAL_UNLIMITED		0
#define IDXD_PORTAL_LIMITED		1

#endif
