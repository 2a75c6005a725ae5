// SPDX-License-Identifier: GPL-2.0
/* MOVDIRI: a direct store of 4 or 8 bytes.  Touches its own memory. */
#include "../kselftest_harness.h"
#include "guarded.h"
#include "cpu.h"

FIXTURE(movdiri) {
	uint8_t *page;
};

FIXTURE_SETUP(movdiri)
{
	if (!has_movdiri())
		SKIP(return, "the CPU has no MOVDIRI");
	catch_faults();
	self->page = pages_before_hole(1);
	memset(self->page, 0xee, 4096);
}

FIXTURE_TEARDOWN(movdiri)
{
}

static void movdiri32(void *to, uint32_t value)
{
	forget_fault();
	asm volatile(GUARDED("movdiri %1, (%0)")
		     : : "r" (to), "r" (value) : "r11", "memory");
}

static void movdiri64(void *to, uint64_t value)
{
	forget_fault();
	asm volatile(GUARDED("movdiri %1, (%0)")
		     : : "r" (to), "r" (value) : "r11", "memory");
}

/* All of @page is 0xee but for @size bytes at @offset, which are @value's. */
static bool only_wrote(const uint8_t *page, int offset, int size, uint64_t value)
{
	for (int i = 0; i < 4096; i++) {
		bool inside = i >= offset && i < offset + size;
		uint8_t want = inside ? value >> (8 * (i - offset)) : 0xee;

		if (page[i] != want)
			return false;
	}
	return true;
}

TEST_F(movdiri, stores_four_bytes)
{
	movdiri32(self->page + 64, 0x12345678);
	EXPECT_NO_FAULT();
	EXPECT_TRUE(only_wrote(self->page, 64, 4, 0x12345678));
}

TEST_F(movdiri, stores_eight_bytes)
{
	movdiri64(self->page + 64, 0x123456789abcdef0);
	EXPECT_NO_FAULT();
	EXPECT_TRUE(only_wrote(self->page, 64, 8, 0x123456789abcdef0));
}

TEST_F(movdiri, stores_unaligned)
{
	movdiri64(self->page + 61, 0x123456789abcdef0);
	EXPECT_NO_FAULT();
	EXPECT_TRUE(only_wrote(self->page, 61, 8, 0x123456789abcdef0));
}

TEST_F(movdiri, leaves_the_flags)
{
	uint64_t before = FLAGS_STATUS | 0x202, after;

	asm volatile(GUARDED_FLAGS("movdiri %[value], (%[to])")
		     : [after] "=&r" (after)
		     : [before] "r" (before), [to] "r" (self->page), [value] "r" (1)
		     : "r11", "memory", "cc");
	EXPECT_EQ(FLAGS_STATUS, after & FLAGS_STATUS);
}

TEST_F(movdiri, faults_as_a_store)
{
	movdiri32(self->page + 4096, 1);
	EXPECT_PF(SEGV_MAPERR, self->page + 4096);

	/* Half of it fits: nothing is written. */
	movdiri64(self->page + 4092, 1);
	EXPECT_PF(SEGV_MAPERR, self->page + 4096);
	EXPECT_TRUE(only_wrote(self->page, 0, 0, 0));

	ASSERT_EQ(0, mprotect(self->page, 4096, PROT_READ));
	movdiri32(self->page + 8, 1);
	EXPECT_PF(SEGV_ACCERR, self->page + 8);
	EXPECT_TRUE(only_wrote(self->page, 0, 0, 0));
}

TEST_F(movdiri, undefined_forms)
{
	EXPECT_UNDEFINED("0x0f, 0x38, 0xf9, 0xd0");		/* register */
	EXPECT_UNDEFINED("0xf0, 0x0f, 0x38, 0xf9, 0x10");	/* LOCK */
	EXPECT_UNDEFINED("0x66, 0x0f, 0x38, 0xf9, 0x10");
	EXPECT_UNDEFINED("0xf2, 0x0f, 0x38, 0xf9, 0x10");
	EXPECT_UNDEFINED("0xf3, 0x0f, 0x38, 0xf9, 0x10");
}

TEST_HARNESS_MAIN
