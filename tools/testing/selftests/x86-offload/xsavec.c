// SPDX-License-Identifier: GPL-2.0
/*
 * XSAVEC, and XRSTOR of what it saved: layout, init optimisation, and headers
 * that must be refused.  Touches its own memory and vector registers.
 */
#include "../kselftest_harness.h"
#include "guarded.h"
#include "cpu.h"

#define AVX_RFBM (XFEATURE_FP | XFEATURE_SSE | XFEATURE_YMM)

struct area {
	uint8_t legacy[XSAVE_HEADER];
	uint64_t xstate_bv;
	uint64_t xcomp_bv;
	uint64_t reserved[6];
	uint8_t extended[4096 - XSAVE_EXTENDED];
};

FIXTURE(xsavec) {
	struct area *area;
	uint8_t ymm[32];
};

FIXTURE_SETUP(xsavec)
{
	if (!has_xsavec() || (xgetbv(0) & AVX_RFBM) != AVX_RFBM)
		SKIP(return, "the CPU has no XSAVEC or no AVX");
	catch_faults();
	self->area = (struct area *)pages_before_hole(1);
	memset(self->area, 0xee, 4096);
	fill(self->ymm, 1, 32);
}

FIXTURE_TEARDOWN(xsavec)
{
}

/* Put @ymm into ymm0, or clear all vector registers, then XSAVEC. */
static void run_xsavec(void *area, uint64_t rfbm, const void *ymm)
{
	forget_fault();
	if (ymm)
		asm volatile("vzeroall\n\t"
			     "vmovdqu (%3), %%ymm0\n\t"
			     GUARDED("xsavec64 (%0)")
			     "vzeroall"
			     : : "r" (area), "a" ((uint32_t)rfbm),
				 "d" ((uint32_t)(rfbm >> 32)), "r" (ymm)
			     : "r11", "memory", "xmm0");
	else
		asm volatile("vzeroall\n\t"
			     GUARDED("xsavec64 (%0)")
			     : : "r" (area), "a" ((uint32_t)rfbm),
				 "d" ((uint32_t)(rfbm >> 32))
			     : "r11", "memory", "xmm0");
}

/* XRSTOR over a ymm0 of @before; what is in it then goes to @after. */
static void run_xrstor(const void *area, uint64_t rfbm, const void *before, void *after)
{
	uint32_t mxcsr = 0x1f80;

	forget_fault();
	asm volatile("vzeroall\n\t"
		     "vmovdqu (%3), %%ymm0\n\t"
		     GUARDED("xrstor64 (%0)")
		     "vmovdqu %%ymm0, (%4)\n\t"
		     "vzeroall\n\t"
		     "ldmxcsr %5"
		     : : "r" (area), "a" ((uint32_t)rfbm),
			 "d" ((uint32_t)(rfbm >> 32)), "r" (before), "r" (after),
			 "m" (mxcsr)
		     : "r11", "memory", "xmm0", "st");
}

TEST_F(xsavec, header)
{
	struct area *a = self->area;

	run_xsavec(a, ~0UL, self->ymm);
	EXPECT_NO_FAULT();
	EXPECT_EQ(xgetbv(0) | XCOMP_COMPACTED, a->xcomp_bv);
	EXPECT_EQ(0, a->xstate_bv & ~xgetbv(0));
	EXPECT_EQ(XFEATURE_SSE | XFEATURE_YMM,
		  a->xstate_bv & (XFEATURE_SSE | XFEATURE_YMM));
	/* the rest of the header is not written */
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0xeeeeeeeeeeeeeeee, a->reserved[i]);
}

TEST_F(xsavec, components_are_packed)
{
	struct area *a = self->area;
	uint32_t size = cpuid_leaf(0xd, 2).eax;

	run_xsavec(a, AVX_RFBM, self->ymm);
	EXPECT_EQ(0, memcmp(a->legacy + 160, self->ymm, 16));
	EXPECT_EQ(0, memcmp(a->extended, self->ymm + 16, 16));
	EXPECT_EQ(0xee, a->extended[size]);

	/* Without SSE, AVX state is in the same place. */
	memset(a, 0xee, 4096);
	run_xsavec(a, XFEATURE_YMM, self->ymm);
	EXPECT_EQ(XFEATURE_YMM, a->xstate_bv);
	EXPECT_EQ(XFEATURE_YMM | XCOMP_COMPACTED, a->xcomp_bv);
	EXPECT_EQ(0xee, a->legacy[160]);
	EXPECT_EQ(0, memcmp(a->extended, self->ymm + 16, 16));
}

TEST_F(xsavec, what_is_not_in_use_is_not_written)
{
	struct area *a = self->area;

	run_xsavec(a, XFEATURE_SSE | XFEATURE_YMM, NULL);
	EXPECT_EQ(0, a->xstate_bv & XFEATURE_YMM);
	EXPECT_EQ(XFEATURE_SSE | XFEATURE_YMM | XCOMP_COMPACTED, a->xcomp_bv);
	for (int i = 0; i < 256; i++)
		EXPECT_EQ(0xee, a->extended[i]);
	/* what is not asked for is not written either */
	EXPECT_EQ(0xee, a->legacy[0]);
}

TEST_F(xsavec, mxcsr_makes_sse_state_saved)
{
	uint32_t odd = 0x1fc0, normal = 0x1f80;
	struct area *a = self->area;

	asm volatile("vzeroall\n\t"
		     "ldmxcsr %2\n\t"
		     "xsavec64 (%0)\n\t"
		     "ldmxcsr %3"
		     : : "r" (a), "a" (XFEATURE_SSE), "m" (odd), "m" (normal), "d" (0)
		     : "memory", "xmm0");
	EXPECT_EQ(XFEATURE_SSE, a->xstate_bv);
	EXPECT_EQ(0, memcmp(a->legacy + 24, &odd, 4));
}

TEST_F(xsavec, xgetbv_says_what_is_in_use)
{
	uint32_t used, empty, hi;

	asm volatile("vzeroall\n\t"
		     "xgetbv\n\t"
		     : "=a" (empty), "=d" (hi) : "c" (1) : "xmm0");
	asm volatile("vzeroall\n\t"
		     "vmovdqu (%3), %%ymm0\n\t"
		     "xgetbv\n\t"
		     "vzeroall"
		     : "=a" (used), "=d" (hi) : "c" (1), "r" (self->ymm) : "xmm0");
	EXPECT_EQ(0, empty & XFEATURE_YMM);
	EXPECT_EQ(XFEATURE_YMM, used & XFEATURE_YMM);
}

static void clean_header(struct area *a)
{
	memset(a, 0, 4096);
}

TEST_F(xsavec, xrstor_loads_it)
{
	uint8_t other[32], got[32];

	memset(other, 0x77, 32);
	clean_header(self->area);
	run_xsavec(self->area, AVX_RFBM, self->ymm);
	run_xrstor(self->area, AVX_RFBM, other, got);
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, memcmp(got, self->ymm, 32));
}

TEST_F(xsavec, xrstor_follows_xcomp_bv)
{
	uint64_t every = xgetbv(0);
	uint8_t other[32], got[32];

	memset(other, 0x77, 32);
	clean_header(self->area);
	run_xsavec(self->area, every, self->ymm);
	run_xrstor(self->area, XFEATURE_YMM, other, got);
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, memcmp(got, other, 16));
	EXPECT_EQ(0, memcmp(got + 16, self->ymm + 16, 16));
}

TEST_F(xsavec, xrstor_initialises_what_is_not_there)
{
	uint8_t other[32], got[32], zero[32] = { };

	memset(other, 0x77, 32);
	clean_header(self->area);
	self->area->xcomp_bv = XCOMP_COMPACTED | AVX_RFBM;
	run_xrstor(self->area, XFEATURE_SSE | XFEATURE_YMM, other, got);
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, memcmp(got, zero, 32));

	/* a component without a place in the area, too */
	self->area->xcomp_bv = XCOMP_COMPACTED | XFEATURE_SSE;
	run_xrstor(self->area, XFEATURE_YMM, other, got);
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, memcmp(got, other, 16));
	EXPECT_EQ(0, memcmp(got + 16, zero, 16));
}

TEST_F(xsavec, xrstor_refuses_bad_headers)
{
	struct area *a = self->area;
	uint8_t other[32], got[32];
	uint64_t xcr0 = xgetbv(0);

	memset(other, 0x77, 32);
	clean_header(a);
	/* a component that is not enabled, PASID state among them */
	for (int i = 2; i < 63; i++) {
		if (xcr0 & (1UL << i))
			continue;
		a->xcomp_bv = XCOMP_COMPACTED | 1UL << i;
		run_xrstor(a, AVX_RFBM, other, got);
		EXPECT_GP();
	}
	/* a component saved that has no place */
	a->xcomp_bv = XCOMP_COMPACTED | XFEATURE_SSE;
	a->xstate_bv = XFEATURE_YMM;
	run_xrstor(a, AVX_RFBM, other, got);
	EXPECT_GP();
	/* reserved bytes */
	a->xstate_bv = 0;
	for (int i = 0; i < 6; i++) {
		a->reserved[i] = 1;
		run_xrstor(a, AVX_RFBM, other, got);
		EXPECT_GP();
		a->reserved[i] = 0;
	}
	/* the standard form with something in XCOMP_BV */
	a->xcomp_bv = XFEATURE_SSE;
	run_xrstor(a, AVX_RFBM, other, got);
	EXPECT_GP();
	EXPECT_EQ(0, memcmp(got, other, 32));
}

TEST_F(xsavec, xrstor_refuses_reserved_bits_of_mxcsr)
{
	uint8_t other[32], got[32];
	uint32_t bad = 0x10000;

	memset(other, 0x77, 32);
	clean_header(self->area);
	run_xsavec(self->area, AVX_RFBM, self->ymm);
	memcpy(self->area->legacy + 24, &bad, 4);
	run_xrstor(self->area, AVX_RFBM, other, got);
	EXPECT_GP();
	EXPECT_EQ(0, memcmp(got, other, 32));
}

TEST_F(xsavec, faults)
{
	uint8_t *p = (uint8_t *)self->area;
	uint8_t got[32];

	for (int i = 1; i < 64; i += 9) {
		run_xsavec(p + i, AVX_RFBM, self->ymm);
		EXPECT_GP();
	}
	run_xsavec(p + 4096, AVX_RFBM, self->ymm);
	EXPECT_EQ(SIGSEGV, fault.signo);
	EXPECT_EQ(TRAP_PF, fault.trap);
	EXPECT_EQ(insn_start, fault.rip);

	/* an area of which the end is missing: nothing is loaded */
	memset(p, 0, 4096);
	run_xsavec(p, AVX_RFBM, self->ymm);
	memmove(p + 4096 - 640, p, 640);
	run_xrstor(p + 4096 - 640, AVX_RFBM, self->ymm, got);
	EXPECT_EQ(SIGSEGV, fault.signo);
	EXPECT_EQ(TRAP_PF, fault.trap);
	EXPECT_EQ(insn_start, fault.rip);
	EXPECT_EQ(0, memcmp(got, self->ymm, 32));
}

TEST_F(xsavec, undefined_forms)
{
	EXPECT_UNDEFINED("0xf0, 0x0f, 0xc7, 0x20");	/* LOCK */
	EXPECT_UNDEFINED("0x66, 0x0f, 0xc7, 0x20");
	EXPECT_UNDEFINED("0xf2, 0x0f, 0xc7, 0x20");
	EXPECT_UNDEFINED("0xf3, 0x0f, 0xc7, 0x20");
}

TEST_HARNESS_MAIN
