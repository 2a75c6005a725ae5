// SPDX-License-Identifier: GPL-2.0
/* CPUID says of the offload instructions what fits together. Read-only. */
#include "../kselftest_harness.h"
#include <stdio.h>
#include "cpu.h"

TEST(enqcmd_has_what_it_needs)
{
	if (!has_enqcmd())
		SKIP(return, "the CPU has no ENQCMD");
	EXPECT_TRUE(has_xsaves());
	EXPECT_TRUE(has_xsavec());
	EXPECT_TRUE(cpuid_leaf(0xd, 1).ecx & XFEATURE_PASID);
}

TEST(pasid_state_is_a_supervisor_component)
{
	struct leaf l = cpuid_leaf(0xd, 10), xcr0 = cpuid_leaf(0xd, 0);

	if (!has_enqcmd())
		SKIP(return, "the CPU has no ENQCMD");
	EXPECT_EQ(8, l.eax);
	EXPECT_EQ(0, l.ebx);
	EXPECT_EQ(1, l.ecx);
	EXPECT_EQ(0, l.edx);
	EXPECT_FALSE(xcr0.eax & XFEATURE_PASID);
	EXPECT_FALSE(xgetbv(0) & XFEATURE_PASID);
}

TEST(standard_size_is_that_of_xcr0)
{
	uint64_t xcr0 = xgetbv(0);
	uint32_t size = XSAVE_EXTENDED;

	for (int i = 2; i < 63; i++) {
		struct leaf l = cpuid_leaf(0xd, i);

		if ((xcr0 & (1UL << i)) && l.ebx + l.eax > size)
			size = l.ebx + l.eax;
	}
	EXPECT_EQ(size, cpuid_leaf(0xd, 0).ebx);
}

/* A kernel that uses ENQCMD has enabled the PASID state and no other for it. */
TEST(compacted_size_is_that_of_xcr0_and_xss)
{
	uint64_t xcr0 = xgetbv(0);

	if (!has_xsaves() || !has_enqcmd())
		SKIP(return, "the CPU has no supervisor state known here");
	EXPECT_EQ(compacted_size(xcr0 | XFEATURE_PASID), cpuid_leaf(0xd, 1).ebx);
}

TEST(monitored_line_has_a_size)
{
	struct leaf l = cpuid_leaf(5, 0);

	if (!has_waitpkg())
		SKIP(return, "the CPU has no UMONITOR");
	EXPECT_LT(0, l.eax & 0xffff);
	EXPECT_LE(l.eax & 0xffff, l.ebx & 0xffff);
}

static bool kernel_knows(const char *flags, const char *name)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(flags, word);
}

TEST(the_kernel_uses_them)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	static char line[8192];

	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f) && strncmp(line, "flags", 5))
		;
	fclose(f);
	line[strcspn(line, "\n")] = ' ';
	EXPECT_EQ(has_movdiri(), kernel_knows(line, "movdiri"));
	EXPECT_EQ(has_movdir64b(), kernel_knows(line, "movdir64b"));
	EXPECT_EQ(has_enqcmd(), kernel_knows(line, "enqcmd"));
	EXPECT_EQ(has_waitpkg(), kernel_knows(line, "waitpkg"));
	EXPECT_EQ(has_xsavec(), kernel_knows(line, "xsavec"));
	EXPECT_EQ(has_xsaves(), kernel_knows(line, "xsaves"));
}

TEST_HARNESS_MAIN
