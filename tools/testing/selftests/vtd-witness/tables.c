// SPDX-License-Identifier: GPL-2.0
/* The IOMMU's tables through /dev/mem: see tables.h. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/pages.h"
#include "tables.h"

#define IOMMU_REGISTERS	0xfed90000ULL
#define GCMD		0x18
#define GCMD_SRTP	0x40000000U
#define GCMD_ONCE	0x69000000U	/* commands that are no state */
#define GSTS		0x1c
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

static uint64_t root_pointer(void)
{
	return __atomic_load_n((uint64_t *)(registers + RTADDR), __ATOMIC_SEQ_CST);
}

/* The emulated IOMMU is done when the store is. */
static void command(uint32_t once)
{
	uint32_t status = __atomic_load_n((uint32_t *)(registers + GSTS),
					  __ATOMIC_SEQ_CST);

	tables_set_register(GCMD, (status & ~GCMD_ONCE) | once);
}

uint64_t tables_set_root(uint64_t root)
{
	uint64_t before = root_pointer();
	uint64_t after = root | (before & ~TABLES_ADDRESS);

	__atomic_store_n((uint64_t *)(registers + RTADDR), after,
			 __ATOMIC_SEQ_CST);
	command(GCMD_SRTP);
	return before & TABLES_ADDRESS;
}

/* The table that the entry at @addr points to */
static uint64_t next_table(uint64_t addr)
{
	uint64_t entry = addr ? tables_read(addr) : 0;

	return entry & TABLES_PRESENT ? entry & TABLES_ADDRESS : 0;
}

uint64_t tables_root_entry(uint16_t sid)
{
	return (root_pointer() & TABLES_ADDRESS) + (sid >> 7) * 8;
}

uint64_t tables_context(uint16_t sid)
{
	uint64_t table = next_table(tables_root_entry(sid));

	return table ? table + (sid & 0x7f) * 32 : 0;
}

uint64_t tables_directory(uint16_t sid, uint32_t pasid)
{
	uint64_t directory = next_table(tables_context(sid));

	return directory ? directory + (pasid >> 6) * 8 : 0;
}

uint64_t tables_pasid(uint16_t sid, uint32_t pasid)
{
	uint64_t table = next_table(tables_directory(sid, pasid));

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

/* The same below @table, whose entries are of @at; @va: what it translates first */
static uint64_t find_table(uint64_t table, unsigned int at, unsigned int level,
			   uint64_t *va)
{
	unsigned int first = at == 4 ? 256 : 0;	/* the topmost one's upper half */
	uint64_t start = *va;

	for (unsigned int i = first; i < 512; i++) {
		uint64_t entry = tables_read(table + i * 8), found;

		if ((entry & (TABLES_PRESENT | TABLES_HUGE)) != TABLES_PRESENT)
			continue;
		*va = start | (uint64_t)i << (12 + 9 * (at - 1));
		found = at == level + 1 ? entry & TABLES_ADDRESS :
			find_table(entry & TABLES_ADDRESS, at - 1, level, va);
		if (found)
			return found;
	}
	return 0;
}

uint64_t tables_kernel(uint64_t root, unsigned int level, uint64_t *va)
{
	*va = 0xffff000000000000ULL;
	return find_table(root, 4, level, va);
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
