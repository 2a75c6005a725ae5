// SPDX-License-Identifier: GPL-2.0
/*
 * ENQCMDS outside of ring 0: refused, and nothing written.  What it does in ring
 * 0 is OFFLOAD_INSN_KUNIT_TEST's to test.
 */
#include "../kselftest_harness.h"
#include "guarded.h"
#include "cpu.h"

FIXTURE(enqcmds) {
	uint8_t *src;
	uint8_t *dst;
};

FIXTURE_SETUP(enqcmds)
{
	if (!has_enqcmd())
		SKIP(return, "the CPU has no ENQCMDS");
	catch_faults();
	self->src = pages_before_hole(1);
	self->dst = pages_before_hole(1);
	memset(self->dst, 0xee, 4096);
}

FIXTURE_TEARDOWN(enqcmds)
{
	for (int i = 0; i < 4096; i++)
		EXPECT_EQ(0xee, self->dst[i]);
}

static void run_enqcmds(void *to, const void *from)
{
	forget_fault();
	asm volatile(GUARDED("enqcmds (%1), %0")
		     : : "r" (to), "r" (from) : "r11", "memory", "cc");
}

TEST_F(enqcmds, privileged)
{
	run_enqcmds(self->dst, self->src);
	EXPECT_GP();
}

TEST_F(enqcmds, privilege_comes_before_memory)
{
	run_enqcmds(self->dst, self->src + 4096);
	EXPECT_GP();
	run_enqcmds(self->dst + 4096, self->src);
	EXPECT_GP();
}

TEST_F(enqcmds, undefined_forms)
{
	EXPECT_UNDEFINED("0xf3, 0x0f, 0x38, 0xf8, 0xc1");	/* register */
	EXPECT_UNDEFINED("0xf0, 0xf3, 0x0f, 0x38, 0xf8, 0x01");	/* LOCK */
}

TEST_HARNESS_MAIN
