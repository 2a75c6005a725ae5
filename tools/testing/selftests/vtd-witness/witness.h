/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The witness of the emulated IOMMU, through the files that a test kernel has
 * for it in debugfs.
 */
#ifndef SELFTESTS_VTD_WITNESS_H
#define SELFTESTS_VTD_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

/** witness_exists() - is this the emulated server, and a kernel that knows it? */
bool witness_exists(void);

/** witness_forget() - drop what has been reported so far */
void witness_forget(void);

/**
 * witness_bound() - how long an entry may differ from memory unreported
 * @ms: virtual time; 0: the emulator's default
 */
void witness_bound(unsigned int ms);

/** witness_free() - have the page @pfn count as freed, though it is not */
void witness_free(uint64_t pfn);

/**
 * witness_promote() - have vmap map a range by a small, then by a huge page
 * @times: how often
 *
 * Return: 0 or a negative error number.
 */
int witness_promote(unsigned int times);

/**
 * witness_says() - wait for a report
 * @what: text that one line must hold
 * @and: text that the same line must hold, or NULL
 * @timeout_ms: at most that long
 *
 * Reports that came until then are dropped; those that do not fit are printed
 * if the one that is waited for does not come.
 */
bool witness_says(const char *what, const char *and, unsigned int timeout_ms);

/**
 * witness_is_silent() - has nothing been reported since the last call?
 *
 * Reports are printed, and dropped.  Return: true without a witness, too.
 */
bool witness_is_silent(void);

/**
 * witness_descriptor() - have the IOMMU execute an invalidation descriptor
 * @lo: bits 63:0
 * @hi: bits 127:64
 *
 * Return: 0 or a negative error number.
 */
int witness_descriptor(uint64_t lo, uint64_t hi);

#endif
