// SPDX-License-Identifier: GPL-2.0
/*
 * The page request queue's registers (VT-d 11.4.11), through /dev/mem.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "prq.h"

#define PQH_REG		0xc0
#define PQT_REG		0xc8
#define PQA_REG		0xd0
#define PQA_ORDER	7	/* 2^n pages */
#define PRS_REG		0xdc
#define PRS_PRO		2
#define PECTL_REG	0xe0
#define PECTL_IM	0x80000000U
#define PRQ_ENTRY	32
#define REGS_SIZE	4096

static void write_head(const struct prq *prq, uint64_t head)
{
	__atomic_store_n((uint64_t *)(prq->reg + PQH_REG), head, __ATOMIC_RELAXED);
}

static uint64_t read_reg(const struct prq *prq, unsigned int reg)
{
	return __atomic_load_n((uint64_t *)(prq->reg + reg), __ATOMIC_SEQ_CST);
}

/* Physical address of the registers of the IOMMU that @device is behind. */
static int regs_address(const char *device, off_t *address)
{
	char path[128], function[32], text[32];
	int ret;

	ret = queue_pci_name(device, function, sizeof(function));
	if (ret)
		return ret;
	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/iommu/intel-iommu/address", function);
	ret = proc_read_file(path, text, sizeof(text));
	if (!ret)
		*address = strtoull(text, NULL, 16);
	return ret;
}

int prq_open(struct prq *prq, const char *device)
{
	uint64_t base;
	off_t address;
	int fd, ret;
	void *reg;

	ret = regs_address(device, &address);
	if (ret)
		return ret;
	fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	reg = mmap(NULL, REGS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, address);
	ret = reg == MAP_FAILED ? -errno : 0;
	close(fd);
	if (ret)
		return ret;

	prq->reg = reg;
	base = read_reg(prq, PQA_REG);
	prq->mask = (REGS_SIZE << (base & PQA_ORDER)) - PRQ_ENTRY;
	if (base & ~(uint64_t)PQA_ORDER)
		return 0;
	prq_close(prq);
	return -EOPNOTSUPP;
}

void prq_close(struct prq *prq)
{
	munmap(prq->reg, REGS_SIZE);
}

bool prq_is_empty(const struct prq *prq)
{
	return read_reg(prq, PQH_REG) == read_reg(prq, PQT_REG);
}

static uint32_t *reg32(const struct prq *prq, unsigned int reg)
{
	return (uint32_t *)(prq->reg + reg);
}

bool prq_overflowed(const struct prq *prq)
{
	return __atomic_load_n(reg32(prq, PRS_REG), __ATOMIC_SEQ_CST) & PRS_PRO;
}

/* The driver leaves this register alone while it has its interrupt. */
static void mask(const struct prq *prq, uint32_t bit)
{
	__atomic_store_n(reg32(prq, PECTL_REG), bit, __ATOMIC_SEQ_CST);
}

void prq_hold(const struct prq *prq)
{
	mask(prq, PECTL_IM);
}

void prq_release(const struct prq *prq)
{
	mask(prq, 0);
}

void prq_fill(const struct prq *prq, unsigned int room)
{
	write_head(prq, (read_reg(prq, PQT_REG) + (room + 1) * PRQ_ENTRY) & prq->mask);
}

void prq_unfill(const struct prq *prq)
{
	write_head(prq, read_reg(prq, PQT_REG));
}
