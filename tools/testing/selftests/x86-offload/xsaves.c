// SPDX-License-Identifier: GPL-2.0
/*
 * XSAVES and XRSTORS outside of ring 0: refused, and nothing written.  What they
 * do in ring 0 is OFFLOAD_INSN_KUNIT_TEST's to test.
 */
#include "../kselftest_harness.h"
#include "guarded.h"
#include "cpu.h"

FIXTURE(xsaves) {
	uint8_t *area;
};

FIXTURE_SETUP(xsaves)
{
	if (!has_xsaves())
		SKIP(return, "the CPU has no XSAVES");
	catch_faults();
	self->area = pages_before_hole(1);
	memset(self->area, 0xee, 4096);
}

FIXTURE_TEARDOWN(xsaves)
{
	for (int i = 0; i < 4096; i++)
		EXPECT_EQ(0xee, self->area[i]);
}

#define FROM_USER(insn, at) do {				\
	forget_fault();						\
	asm volatile(GUARDED(insn " (%0)")			\
		     : : "r" (at), "a" (~0U), "d" (~0U)		\
		     : "r11", "memory");			\
	EXPECT_GP();						\
} while (0)

TEST_F(xsaves, privileged)
{
	FROM_USER("xsaves", self->area);
	FROM_USER("xsaves64", self->area);
	FROM_USER("xrstors", self->area);
	FROM_USER("xrstors64", self->area);
}

TEST_F(xsaves, privilege_comes_before_memory)
{
	FROM_USER("xsaves64", self->area + 4096);
	FROM_USER("xrstors64", self->area + 4096);
	FROM_USER("xsaves64", self->area + 1);
	FROM_USER("xrstors64", self->area + 1);
}

TEST_F(xsaves, undefined_forms)
{
	EXPECT_UNDEFINED("0xf0, 0x0f, 0xc7, 0x28");	/* LOCK XSAVES */
	EXPECT_UNDEFINED("0xf0, 0x0f, 0xc7, 0x18");	/* LOCK XRSTORS */
	EXPECT_UNDEFINED("0x66, 0x0f, 0xc7, 0x28");
	EXPECT_UNDEFINED("0x66, 0x0f, 0xc7, 0x18");
}

TEST_HARNESS_MAIN
