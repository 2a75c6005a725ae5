// SPDX-License-Identifier: GPL-2.0
/* MOVDIR64B: a direct store of 64 bytes.  Touches its own memory. */
#include "../kselftest_harness.h"
#include "guarded.h"
#include "cpu.h"

FIXTURE(movdir64b) {
	uint8_t *src;
	uint8_t *dst;
};

FIXTURE_SETUP(movdir64b)
{
	if (!has_movdir64b())
		SKIP(return, "the CPU has no MOVDIR64B");
	catch_faults();
	self->src = pages_before_hole(2);
	self->dst = pages_before_hole(1);
	fill(self->src, 1, 8192);
	memset(self->dst, 0xee, 4096);
}

FIXTURE_TEARDOWN(movdir64b)
{
}

static void run_movdir64b(void *to, const void *from)
{
	forget_fault();
	asm volatile(GUARDED("movdir64b (%1), %0")
		     : : "r" (to), "r" (from) : "r11", "memory");
}

/* @dst is all 0xee but for a copy of @src's 64 bytes at @offset, if not < 0. */
static bool only_copied(const uint8_t *dst, int offset, const uint8_t *src)
{
	for (int i = 0; i < 4096; i++) {
		bool inside = offset >= 0 && i >= offset && i < offset + 64;

		if (dst[i] != (inside ? src[i - offset] : 0xee))
			return false;
	}
	return true;
}

TEST_F(movdir64b, copies_64_bytes)
{
	run_movdir64b(self->dst + 128, self->src + 64);
	EXPECT_NO_FAULT();
	EXPECT_TRUE(only_copied(self->dst, 128, self->src + 64));
}

TEST_F(movdir64b, source_may_be_unaligned)
{
	run_movdir64b(self->dst, self->src + 3);
	EXPECT_NO_FAULT();
	EXPECT_TRUE(only_copied(self->dst, 0, self->src + 3));

	/* and cross a page */
	run_movdir64b(self->dst, self->src + 4096 - 29);
	EXPECT_NO_FAULT();
	EXPECT_TRUE(only_copied(self->dst, 0, self->src + 4096 - 29));
}

TEST_F(movdir64b, reads_all_before_it_writes)
{
	uint8_t want[64];

	memcpy(want, self->src + 100, 64);
	run_movdir64b(self->src + 128, self->src + 100);
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, memcmp(want, self->src + 128, 64));
}

TEST_F(movdir64b, leaves_the_flags)
{
	uint64_t before = FLAGS_STATUS | 0x202, after;

	asm volatile(GUARDED_FLAGS("movdir64b (%[from]), %[to]")
		     : [after] "=&r" (after)
		     : [before] "r" (before), [to] "r" (self->dst), [from] "r" (self->src)
		     : "r11", "memory", "cc");
	EXPECT_EQ(FLAGS_STATUS, after & FLAGS_STATUS);
}

TEST_F(movdir64b, misaligned_destination)
{
	for (int i = 1; i < 64; i++) {
		run_movdir64b(self->dst + i, self->src);
		EXPECT_GP();
		if (!fault.signo)
			break;
	}
	EXPECT_TRUE(only_copied(self->dst, -1, NULL));
}

TEST_F(movdir64b, faults_of_the_destination)
{
	run_movdir64b(self->dst + 4096, self->src);
	EXPECT_PF(SEGV_MAPERR, self->dst + 4096);

	ASSERT_EQ(0, mprotect(self->dst, 4096, PROT_READ));
	run_movdir64b(self->dst + 64, self->src);
	EXPECT_PF(SEGV_ACCERR, self->dst + 64);
	EXPECT_TRUE(only_copied(self->dst, -1, NULL));
}

TEST_F(movdir64b, faults_of_the_source)
{
	run_movdir64b(self->dst, self->src + 8192);
	EXPECT_PF(SEGV_MAPERR, self->src + 8192);

	/* only its last byte is missing */
	run_movdir64b(self->dst, self->src + 8192 - 63);
	EXPECT_PF(SEGV_MAPERR, self->src + 8192);
	EXPECT_TRUE(only_copied(self->dst, -1, NULL));
}

TEST_F(movdir64b, non_canonical_addresses)
{
	run_movdir64b((void *)0x8000000000000000, self->src);
	EXPECT_GP();
	run_movdir64b(self->dst, (void *)0x8000000000000000);
	EXPECT_GP();
}

TEST_F(movdir64b, address_size_prefix_cuts_the_destination)
{
	uint8_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	ASSERT_NE(MAP_FAILED, low);
	memcpy(low + 64, self->src, 64);
	memset(low + 128, 0xee, 64);
	forget_fault();
	/* addr32 movdir64b (%rdx), %rax, the upper halves being garbage */
	asm volatile(GUARDED(".byte 0x67, 0x66, 0x0f, 0x38, 0xf8, 0x02")
		     : : "a" ((uint64_t)(low + 128) | 0x1234UL << 32),
			 "d" ((uint64_t)(low + 64) | 0x5678UL << 32)
		     : "r11", "memory");
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, memcmp(low + 128, self->src, 64));
}

TEST_F(movdir64b, undefined_forms)
{
	EXPECT_UNDEFINED("0x66, 0x0f, 0x38, 0xf8, 0xc1");	/* register */
	EXPECT_UNDEFINED("0xf0, 0x66, 0x0f, 0x38, 0xf8, 0x01");	/* LOCK */
	EXPECT_UNDEFINED("0x0f, 0x38, 0xf8, 0x01");		/* no prefix */
}

TEST_HARNESS_MAIN
