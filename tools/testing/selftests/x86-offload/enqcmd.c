// SPDX-License-Identifier: GPL-2.0
/*
 * ENQCMD in a process that has no PASID: refused, and nothing written.  What it
 * does with one needs a device (see ../idxd) or ring 0 (OFFLOAD_INSN_KUNIT_TEST).
 */
#include "../kselftest_harness.h"
#include "guarded.h"
#include "cpu.h"

FIXTURE(enqcmd) {
	uint8_t *src;
	uint8_t *dst;
};

FIXTURE_SETUP(enqcmd)
{
	if (!has_enqcmd())
		SKIP(return, "the CPU has no ENQCMD");
	catch_faults();
	self->src = pages_before_hole(1);
	self->dst = pages_before_hole(1);
	memset(self->dst, 0xee, 4096);
}

FIXTURE_TEARDOWN(enqcmd)
{
	for (int i = 0; i < 4096; i++)
		EXPECT_EQ(0xee, self->dst[i]);
}

static void run_enqcmd(void *to, const void *from)
{
	forget_fault();
	asm volatile(GUARDED("enqcmd (%1), %0")
		     : : "r" (to), "r" (from) : "r11", "memory", "cc");
}

TEST_F(enqcmd, no_pasid)
{
	run_enqcmd(self->dst, self->src);
	EXPECT_GP();
	/* and again: the kernel did not hand out one meanwhile */
	run_enqcmd(self->dst, self->src);
	EXPECT_GP();
}

TEST_F(enqcmd, no_pasid_comes_before_memory)
{
	run_enqcmd(self->dst, self->src + 4096);
	EXPECT_GP();
	run_enqcmd(self->dst + 4096, self->src);
	EXPECT_GP();
}

TEST_F(enqcmd, misaligned_destination)
{
	run_enqcmd(self->dst + 32, self->src);
	EXPECT_GP();
}

TEST_F(enqcmd, a_fault_leaves_the_flags)
{
	uint64_t before = FLAGS_STATUS | 0x202, after;

	asm volatile(GUARDED_FLAGS("enqcmd (%[from]), %[to]")
		     : [after] "=&r" (after)
		     : [before] "r" (before), [to] "r" (self->dst), [from] "r" (self->src)
		     : "r11", "memory", "cc");
	EXPECT_GP();
	EXPECT_EQ(FLAGS_STATUS, after & FLAGS_STATUS);
}

TEST_F(enqcmd, undefined_forms)
{
	EXPECT_UNDEFINED("0xf2, 0x0f, 0x38, 0xf8, 0xc1");	/* register */
	EXPECT_UNDEFINED("0xf0, 0xf2, 0x0f, 0x38, 0xf8, 0x01");	/* LOCK */
}

TEST_HARNESS_MAIN
