/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables that the IOMMU reads, found and changed in physical memory behind
 * the kernel's back.  VT-d with scalable mode and 4-level first-stage tables
 * (VT-d 9.2 to 9.7).  A number that is 0 or an address that is 0 says that a
 * table on the way is not present.
 */
#ifndef SELFTESTS_VTD_WITNESS_TABLES_H
#define SELFTESTS_VTD_WITNESS_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#define TABLES_PRESENT		1ULL
#define TABLES_WRITE		2ULL		/* of a paging entry */
#define TABLES_FPD		2ULL		/* of others: report no faults */
#define TABLES_HUGE		0x80ULL
#define TABLES_ADDRESS		0x000ffffffffff000ULL
#define TABLES_PECTL		0xe0		/* page request event control */
#define TABLES_PECTL_MASKED	0x80000000U

/** tables_open() - open physical memory; false if it can't be */
bool tables_open(void);

/** tables_read() - the 64-bit word at a physical address */
uint64_t tables_read(uint64_t addr);

/** tables_write() - store a 64-bit word there */
void tables_write(uint64_t addr, uint64_t value);

/** tables_set_register() - write a 32-bit register of the IOMMU */
void tables_set_register(unsigned int offset, uint32_t value);

/**
 * tables_set_root() - have the IOMMU use another root table
 * @root: physical address
 *
 * Return: that of the table that it used before.
 */
uint64_t tables_set_root(uint64_t root);

/** tables_root_entry() - where the root entry for a function is */
uint64_t tables_root_entry(uint16_t sid);

/** tables_context() - where the context entry of a function is */
uint64_t tables_context(uint16_t sid);

/** tables_directory() - where the entry of the directory for a PASID is */
uint64_t tables_directory(uint16_t sid, uint32_t pasid);

/** tables_pasid() - where the entry of a PASID is */
uint64_t tables_pasid(uint16_t sid, uint32_t pasid);

/**
 * tables_entry() - where a paging entry of the caller's is
 * @root: the topmost table
 * @va: address that it translates
 * @level: 1: the lowest, 4: in the topmost table
 */
uint64_t tables_entry(uint64_t root, const void *va, unsigned int level);

/**
 * tables_kernel() - find a table in the kernel's half
 * @root: the topmost table
 * @level: the table's; 1: the lowest, 3: below the topmost
 * @va: the first address that it translates
 *
 * Return: the table's physical address.
 */
uint64_t tables_kernel(uint64_t root, unsigned int level, uint64_t *va);

/**
 * tables_find_pasid() - the PASID under which a function reaches the caller
 * @sid: the function
 * @va: present in the caller
 *
 * Return: the PASID, 0 if there is none.
 */
uint32_t tables_find_pasid(uint16_t sid, const void *va);

#endif
