// SPDX-License-Identifier: GPL-2.0
/* The IOMMU's tables through /dev/mem: see tables.h. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/pages.h"
#include "tables.h"

#define IOMMU_REGISTERS	0xfed90000ULL
#define RTADDR		0x20
#define PASIDS		4096	/* looked at: as many as tests have at once */

static int mem = -1;
static uint8_t *registers;

bool tables_open(void)
{
	mem = open("/dev/mem", O_RDWR | O_SYNC);
	registers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, mem,
			 IOMMU_REGISTERS);
	return mem >= 0 && registers != MAP_FAILED;
}

uint64_t tables_read(uint64_t addr)
{
	uint64_t value = 0;

	if (pread(mem, &value, sizeof(value), addr) != sizeof(value))
		return 0;
	return value;
}

void tables_write(uint64_t addr, uint64_t value)
{
	if (pwrite(mem, &value, sizeof(value), addr) != sizeof(value))
		_exit(1);
}

void tables_set_register(unsigned int offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)(registers + offset), value, __ATOMIC_SEQ_CST);
}

/* The table that the entry at @addr points to */
static uint64_t next_table(uint64_t addr)
{
	uint64_t entry = addr ? tables_read(addr) : 0;

	return entry & TABLES_PRESENT ? entry & TABLES_ADDRESS : 0;
}

uint64_t tables_context(uint16_t sid)
{
	uint64_t root = __atomic_load_n((uint64_t *)(registers + RTADDR),
					__ATOMIC_SEQ_CST) & TABLES_ADDRESS;
	unsigned int devfn = sid & 0xff;
	uint64_t table = next_table(root + (sid >> 8) * 16 + (devfn >> 7) * 8);

	return table ? table + (devfn & 0x7f) * 32 : 0;
}

uint64_t tables_pasid(uint16_t sid, uint32_t pasid)
{
	uint64_t directory = next_table(tables_context(sid));
	uint64_t table = directory ? next_table(directory + (pasid >> 6) * 8) : 0;

	return table ? table + (pasid & 0x3f) * 64 : 0;
}

uint64_t tables_entry(uint64_t root, const void *va, unsigned int level)
{
	uint64_t table = root, at = 0;

	for (unsigned int l = 4; l >= level && table; l--) {
		at = table + (((uintptr_t)va >> (12 + 9 * (l - 1))) & 0x1ff) * 8;
		table = next_table(at);
	}
	return table ? at : 0;
}

uint32_t tables_find_pasid(uint16_t sid, const void *va)
{
	uint64_t pfn = pages_pfn(va);

	for (uint32_t pasid = 1; pasid < PASIDS; pasid++) {
		uint64_t entry = tables_pasid(sid, pasid), pte;

		/* A table of 64 entries that is not there */
		if (!entry)
			pasid |= 0x3f;
		if (!entry || !(tables_read(entry) & TABLES_PRESENT))
			continue;
		pte = tables_entry(tables_read(entry + 16) & TABLES_ADDRESS, va, 1);
		if (pfn && pte && next_table(pte) == pfn * 4096)
			return pasid;
	}
	return 0;
}
