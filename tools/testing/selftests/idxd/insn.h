/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instructions that submit work to an accelerator and wait for it.  They
 * are spelled as bytes, so that an assembler which does not know them yet will
 * do.  Touches no state beside its operands.
 */
#ifndef SELFTESTS_IDXD_INSN_H
#define SELFTESTS_IDXD_INSN_H

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

/* CPUID leaf 7, subleaf 0, ECX */
#define INSN_WAITPKG	0x00000020
#define INSN_MOVDIR64B	0x10000000
#define INSN_ENQCMD	0x20000000

static inline bool insn_available(uint32_t bits)
{
	uint32_t a, b, c = 0, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bits) == bits;
}

/* True: the queue took it.  False: retry (ZF was set). */
static inline bool insn_enqcmd(void *portal, const void *desc)
{
	bool retry;

	asm volatile("sfence\n\t"
		     ".byte 0xf2, 0x0f, 0x38, 0xf8, 0x02" /* enqcmd (%rdx), %rax */
		     : "=@ccz" (retry) : "a" (portal), "d" (desc) : "memory");
	return !retry;
}

static inline void insn_movdir64b(void *portal, const void *desc)
{
	asm volatile("sfence\n\t"
		     ".byte 0x66, 0x0f, 0x38, 0xf8, 0x02" /* movdir64b (%rdx), %rax */
		     : : "a" (portal), "d" (desc) : "memory");
}

static inline void insn_umonitor(const void *addr)
{
	asm volatile(".byte 0xf3, 0x0f, 0xae, 0xf0" /* umonitor %rax */
		     : : "a" (addr) : "memory");
}

/* Wait for a store to the monitored line, until the TSC reaches @deadline. */
static inline void insn_umwait(uint64_t deadline)
{
	asm volatile(".byte 0xf2, 0x0f, 0xae, 0xf1" /* umwait %ecx */
		     : : "a" ((uint32_t)deadline), "d" ((uint32_t)(deadline >> 32)),
			 "c" (0) : "cc", "memory");
}

#endif
