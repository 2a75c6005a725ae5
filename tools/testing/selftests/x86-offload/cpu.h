/* SPDX-License-Identifier: GPL-2.0 */
/* What the CPU says about itself: CPUID, XGETBV, and the layout of XSAVE. */
#ifndef X86_OFFLOAD_CPU_H
#define X86_OFFLOAD_CPU_H

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#define XFEATURE_FP	0x1UL
#define XFEATURE_SSE	0x2UL
#define XFEATURE_YMM	0x4UL
#define XFEATURE_PASID	0x400UL

#define XSAVE_HEADER	512
#define XSAVE_EXTENDED	576
#define XCOMP_COMPACTED	0x8000000000000000UL

struct leaf {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct leaf cpuid_leaf(uint32_t leaf, uint32_t sub)
{
	struct leaf l;

	__cpuid_count(leaf, sub, l.eax, l.ebx, l.ecx, l.edx);
	return l;
}

static inline bool has_movdiri(void)
{
	return cpuid_leaf(7, 0).ecx & (1 << 27);
}

static inline bool has_movdir64b(void)
{
	return cpuid_leaf(7, 0).ecx & (1 << 28);
}

static inline bool has_enqcmd(void)
{
	return cpuid_leaf(7, 0).ecx & (1 << 29);
}

static inline bool has_waitpkg(void)
{
	return cpuid_leaf(7, 0).ecx & (1 << 5);
}

static inline bool has_xsavec(void)
{
	return cpuid_leaf(0xd, 1).eax & (1 << 1);
}

static inline bool has_xsaves(void)
{
	return cpuid_leaf(0xd, 1).eax & (1 << 3);
}

static inline uint64_t xgetbv(uint32_t index)
{
	uint32_t lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (index));
	return lo | (uint64_t)hi << 32;
}

/* The size of a compacted XSAVE area that has room for @components. */
static inline uint32_t compacted_size(uint64_t components)
{
	uint32_t size = XSAVE_EXTENDED;

	for (int i = 2; i < 63; i++) {
		struct leaf l = cpuid_leaf(0xd, i);

		if (!(components & (1UL << i)))
			continue;
		if (l.ecx & 2)
			size = (size + 63) & ~63;
		size += l.eax;
	}
	return size;
}

#endif /* X86_OFFLOAD_CPU_H */
