// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what only ring 0 sees of the instructions that feed an
 * accelerator: XSAVES and XRSTORS with PASID state, ENQCMD with a PASID,
 * ENQCMDS, and the reserved bits of the MSRs.  They test the CPU, not the
 * kernel: an emulated one must be as strict as a real one.
 *
 * Touches IA32_PASID, IA32_XSS and the FPU registers of one CPU at a time,
 * inside kernel_fpu_begin() with interrupts off, and puts the MSRs back.
 */
#include <kunit/test.h>
#include <linux/cpufeature.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <asm/asm.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#define STATUS_FLAGS (X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
		      X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

/* CPUID leaf of the extended state (asm/fpu/xstate.h is the kernel's own) */
#define XSTATE_LEAF		0xd
#define SOME_PASID		0x54321
#define COMPACTED		BIT_ULL(63)
#define FILLER			0xee

/* An XSAVE area, the extended part as it is when PASID state comes first. */
struct area {
	u8 legacy[512];
	u64 xstate_bv;
	u64 xcomp_bv;
	u64 reserved[6];
	u64 pasid;
	u8 rest[PAGE_SIZE - 584];
};

struct cpu_test {
	struct area *area;	/* one page, and a hole after it */
	u8 *dest;		/* one page, and a hole after it */
	u64 pasid, xss;		/* of the CPU, while it is borrowed */
	unsigned long irq_flags;
};

/* Until give_back_cpu() this CPU's FPU registers and PASID are the test's. */
static void borrow_cpu(struct cpu_test *t)
{
	kernel_fpu_begin();
	local_irq_save(t->irq_flags);
	rdmsrl(MSR_IA32_PASID, t->pasid);
	rdmsrl(MSR_IA32_XSS, t->xss);
}

static void give_back_cpu(struct cpu_test *t)
{
	wrmsrl(MSR_IA32_XSS, t->xss);
	wrmsrl(MSR_IA32_PASID, t->pasid);
	local_irq_restore(t->irq_flags);
	kernel_fpu_end();
}

/*
 * Each of these returns the number of the trap that the instruction raised, or
 * 0.  (%rdx) is the source of an enqueue store, %rax the destination.
 *
 * objtool refuses ENQCMD in the kernel, and rightly: its PASID is that of
 * whatever process comes by.  A prefix without effect lets this one pass.
 */
#define ENQCMD	".byte 0x3e, 0xf2, 0x0f, 0x38, 0xf8, 0x02"
#define ENQCMDS	".byte 0xf3, 0x0f, 0x38, 0xf8, 0x02"

#define XSAVE_INSN(insn, area, rfbm) ({					\
	u64 _rfbm = rfbm;						\
	int trap;							\
									\
	asm volatile("1: " insn " (%%rdi)\n\t"				\
		     "movl $0, %%eax\n"					\
		     "2:\n"						\
		     _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_FAULT)		\
		     : "=a" (trap)					\
		     : "D" (area), "a" ((u32)_rfbm),			\
		       "d" ((u32)(_rfbm >> 32))				\
		     : "memory");					\
	trap;								\
})

static int xsaves(void *area, u64 rfbm)
{
	return XSAVE_INSN("xsaves64", area, rfbm);
}

static int xrstors(const void *area, u64 rfbm)
{
	return XSAVE_INSN("xrstors64", area, rfbm);
}

static int xrstor(const void *area, u64 rfbm)
{
	return XSAVE_INSN("xrstor64", area, rfbm);
}

/* All status flags are set before it; @flags is those that are set after it. */
#define ENQUEUE_INSN(insn, dest, src, flags) ({				\
	unsigned long before = native_save_fl() | STATUS_FLAGS;		\
	unsigned long after;						\
	int trap;							\
									\
	asm volatile("push %[before]\n\t"				\
		     "popf\n"						\
		     "1: " insn "\n\t"					\
		     "movl $0, %%eax\n"					\
		     "2: pushf\n\t"					\
		     "pop %[after]\n"					\
		     _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_FAULT)		\
		     : "=a" (trap), [after] "=&r" (after)		\
		     : "a" (dest), "d" (src), [before] "r" (before)	\
		     : "memory", "cc");					\
	*(flags) = after & STATUS_FLAGS;				\
	trap;								\
})

static int do_enqcmd(void *dest, const void *src, unsigned long *flags)
{
	return ENQUEUE_INSN(ENQCMD, dest, src, flags);
}

static int do_enqcmds(void *dest, const void *src, unsigned long *flags)
{
	return ENQUEUE_INSN(ENQCMDS, dest, src, flags);
}

static void clear_area(struct area *a)
{
	memset(a, 0, sizeof(*a));
}

/* The MSRs. */

static void pasid_reserved_bits(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	u64 refused = 0, kept, valid = MSR_IA32_PASID_VALID | 0xfffff;
	int bit;

	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, valid);
	for (bit = 0; bit < 64; bit++)
		if (wrmsrl_safe(MSR_IA32_PASID, BIT_ULL(bit)))
			refused |= BIT_ULL(bit);
		else
			wrmsrl(MSR_IA32_PASID, valid);
	rdmsrl(MSR_IA32_PASID, kept);
	give_back_cpu(t);

	KUNIT_EXPECT_EQ(test, refused, ~valid);
	KUNIT_EXPECT_EQ(test, kept, valid);
}

static void xss_reserved_bits(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	u64 refused = 0, kept;
	u32 eax, ebx, lo, hi;
	int bit;

	cpuid_count(XSTATE_LEAF, 1, &eax, &ebx, &lo, &hi);
	borrow_cpu(t);
	for (bit = 0; bit < 64; bit++)
		if (wrmsrl_safe(MSR_IA32_XSS, BIT_ULL(bit)))
			refused |= BIT_ULL(bit);
	wrmsrl(MSR_IA32_XSS, XFEATURE_MASK_PASID);
	rdmsrl(MSR_IA32_XSS, kept);
	give_back_cpu(t);

	KUNIT_EXPECT_EQ(test, refused, ~(lo | (u64)hi << 32));
	KUNIT_EXPECT_EQ(test, kept, (u64)XFEATURE_MASK_PASID);
	KUNIT_EXPECT_TRUE(test, t->xss & XFEATURE_MASK_PASID);
}

static void umwait_control_reserved_bits(struct kunit *test)
{
	unsigned long flags;
	u64 old, refused = 0;
	int bit;

	if (!boot_cpu_has(X86_FEATURE_WAITPKG))
		kunit_skip(test, "the CPU has no WAITPKG");
	local_irq_save(flags);
	rdmsrl(MSR_IA32_UMWAIT_CONTROL, old);
	for (bit = 0; bit < 64; bit++)
		if (wrmsrl_safe(MSR_IA32_UMWAIT_CONTROL, BIT_ULL(bit)))
			refused |= BIT_ULL(bit);
	wrmsrl(MSR_IA32_UMWAIT_CONTROL, old);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, refused, ~0xfffffffdULL);
}

/* The size that CPUID gives for a compacted area follows XCR0 | XSS. */
static void compacted_size_follows_xss(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	u32 eax, with, without, ecx, edx;

	borrow_cpu(t);
	wrmsrl(MSR_IA32_XSS, 0);
	cpuid_count(XSTATE_LEAF, 1, &eax, &without, &ecx, &edx);
	wrmsrl(MSR_IA32_XSS, XFEATURE_MASK_PASID);
	cpuid_count(XSTATE_LEAF, 1, &eax, &with, &ecx, &edx);
	give_back_cpu(t);
	KUNIT_EXPECT_EQ(test, with, without + 8);
}

/* XSAVES. */

static void xsaves_saves_the_pasid(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	int trap;

	memset(a, FILLER, sizeof(*a));
	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, MSR_IA32_PASID_VALID | SOME_PASID);
	trap = xsaves(a, XFEATURE_MASK_PASID);
	give_back_cpu(t);

	KUNIT_EXPECT_EQ(test, trap, 0);
	KUNIT_EXPECT_EQ(test, a->xstate_bv, (u64)XFEATURE_MASK_PASID);
	KUNIT_EXPECT_EQ(test, a->xcomp_bv, COMPACTED | XFEATURE_MASK_PASID);
	KUNIT_EXPECT_EQ(test, a->pasid, MSR_IA32_PASID_VALID | SOME_PASID);
	KUNIT_EXPECT_EQ(test, a->rest[0], FILLER);
	KUNIT_EXPECT_EQ(test, a->legacy[0], FILLER);
	KUNIT_EXPECT_EQ(test, a->reserved[0], 0xeeeeeeeeeeeeeeeeULL);
}

static void xsaves_leaves_out_a_pasid_of_zero(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	int trap;

	memset(a, FILLER, sizeof(*a));
	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, 0);
	trap = xsaves(a, XFEATURE_MASK_PASID);
	give_back_cpu(t);

	KUNIT_EXPECT_EQ(test, trap, 0);
	KUNIT_EXPECT_EQ(test, a->xstate_bv, 0ULL);
	KUNIT_EXPECT_EQ(test, a->xcomp_bv, COMPACTED | XFEATURE_MASK_PASID);
	KUNIT_EXPECT_EQ(test, a->pasid, 0xeeeeeeeeeeeeeeeeULL);
}

/* A component has its place as soon as it is asked for, in use or not. */
static void xsaves_keeps_the_places(struct kunit *test)
{
	u64 rfbm = XFEATURE_MASK_YMM | XFEATURE_MASK_PASID, got;
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	int trap;

	if (!cpu_has_xfeatures(XFEATURE_MASK_YMM, NULL))
		kunit_skip(test, "the CPU has no AVX");
	memset(a, FILLER, sizeof(*a));
	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, MSR_IA32_PASID_VALID | SOME_PASID);
	asm volatile("vzeroupper");
	trap = xsaves(a, rfbm);
	give_back_cpu(t);

	memcpy(&got, (u8 *)a + 576 + 256, sizeof(got));
	KUNIT_EXPECT_EQ(test, trap, 0);
	KUNIT_EXPECT_EQ(test, a->xcomp_bv, COMPACTED | rfbm);
	KUNIT_EXPECT_EQ(test, got, MSR_IA32_PASID_VALID | SOME_PASID);
}

static void xsaves_obeys_xss(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	int save, restore;

	memset(a, FILLER, sizeof(*a));
	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, MSR_IA32_PASID_VALID | SOME_PASID);
	wrmsrl(MSR_IA32_XSS, 0);
	save = xsaves(a, XFEATURE_MASK_PASID);
	give_back_cpu(t);
	KUNIT_EXPECT_EQ(test, save, 0);
	KUNIT_EXPECT_EQ(test, a->xstate_bv, 0ULL);
	KUNIT_EXPECT_EQ(test, a->xcomp_bv, COMPACTED);

	clear_area(a);
	a->xcomp_bv = COMPACTED | XFEATURE_MASK_PASID;
	borrow_cpu(t);
	wrmsrl(MSR_IA32_XSS, 0);
	restore = xrstors(a, XFEATURE_MASK_PASID);
	give_back_cpu(t);
	KUNIT_EXPECT_EQ(test, restore, X86_TRAP_GP);
}

/* XRSTORS. */

/* XRSTORS the test's area over an IA32_PASID of 1; what it is then, or a trap. */
static int restore_pasid(struct cpu_test *t, u64 rfbm, u64 *pasid)
{
	int trap;

	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, MSR_IA32_PASID_VALID | 1);
	trap = xrstors(t->area, rfbm);
	rdmsrl(MSR_IA32_PASID, *pasid);
	give_back_cpu(t);
	return trap;
}

static void xrstors_loads_the_pasid(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	u64 pasid;

	clear_area(a);
	a->xstate_bv = XFEATURE_MASK_PASID;
	a->xcomp_bv = COMPACTED | XFEATURE_MASK_PASID;
	a->pasid = MSR_IA32_PASID_VALID | SOME_PASID;
	KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid), 0);
	KUNIT_EXPECT_EQ(test, pasid, MSR_IA32_PASID_VALID | SOME_PASID);

	/* not asked for */
	KUNIT_EXPECT_EQ(test, restore_pasid(t, 0, &pasid), 0);
	KUNIT_EXPECT_EQ(test, pasid, MSR_IA32_PASID_VALID | 1);

	/* not saved: its initial value, which is how fork() clears it */
	a->xstate_bv = 0;
	KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid), 0);
	KUNIT_EXPECT_EQ(test, pasid, 0ULL);

	/* no place for it */
	a->xcomp_bv = COMPACTED;
	KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid), 0);
	KUNIT_EXPECT_EQ(test, pasid, 0ULL);
}

static void xrstors_refuses_reserved_bits_of_the_pasid(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	u64 refused = 0, pasid;
	int bit;

	clear_area(a);
	a->xstate_bv = XFEATURE_MASK_PASID;
	a->xcomp_bv = COMPACTED | XFEATURE_MASK_PASID;
	for (bit = 0; bit < 64; bit++) {
		a->pasid = BIT_ULL(bit);
		if (restore_pasid(t, XFEATURE_MASK_PASID, &pasid) != X86_TRAP_GP)
			continue;
		refused |= BIT_ULL(bit);
		KUNIT_EXPECT_EQ(test, pasid, MSR_IA32_PASID_VALID | 1);
	}
	KUNIT_EXPECT_EQ(test, refused, ~(MSR_IA32_PASID_VALID | 0xfffffULL));
}

static void xrstors_refuses_bad_headers(struct kunit *test)
{
	u64 enabled = xgetbv(XCR_XFEATURE_ENABLED_MASK) | XFEATURE_MASK_PASID;
	struct cpu_test *t = test->priv;
	struct area *a = t->area;
	u64 pasid;
	int i;

	clear_area(a);
	/* the standard form */
	KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid), X86_TRAP_GP);
	/* saved, but without a place */
	a->xcomp_bv = COMPACTED;
	a->xstate_bv = XFEATURE_MASK_PASID;
	KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid), X86_TRAP_GP);
	/* components that are not enabled */
	a->xstate_bv = 0;
	for (i = 0; i < 63; i++) {
		if (enabled & BIT_ULL(i))
			continue;
		a->xcomp_bv = COMPACTED | BIT_ULL(i);
		KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid),
				X86_TRAP_GP);
	}
	/* reserved bytes */
	a->xcomp_bv = COMPACTED | XFEATURE_MASK_PASID;
	for (i = 0; i < ARRAY_SIZE(a->reserved); i++) {
		a->reserved[i] = 1ULL << (i * 8);
		KUNIT_EXPECT_EQ(test, restore_pasid(t, XFEATURE_MASK_PASID, &pasid),
				X86_TRAP_GP);
		a->reserved[i] = 0;
	}
	KUNIT_EXPECT_EQ(test, pasid, MSR_IA32_PASID_VALID | 1);
}

/* XRSTOR loads no supervisor state, in ring 0 neither. */
static void xrstor_refuses_pasid_state(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	int trap;

	clear_area(t->area);
	t->area->xcomp_bv = COMPACTED | XFEATURE_MASK_PASID;
	borrow_cpu(t);
	trap = xrstor(t->area, XFEATURE_MASK_PASID);
	give_back_cpu(t);
	KUNIT_EXPECT_EQ(test, trap, X86_TRAP_GP);
}

static void xsaves_and_xrstors_fault(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	int save[3], restore[3];
	u8 *p = (u8 *)t->area;

	clear_area(t->area);
	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, MSR_IA32_PASID_VALID | SOME_PASID);
	save[0] = xsaves(p + 8, XFEATURE_MASK_PASID);
	restore[0] = xrstors(p + 8, XFEATURE_MASK_PASID);
	save[1] = xsaves(p + PAGE_SIZE, XFEATURE_MASK_PASID);
	restore[1] = xrstors(p + PAGE_SIZE, XFEATURE_MASK_PASID);
	/* there is room for the header, but not for what follows it */
	save[2] = xsaves(p + PAGE_SIZE - 576, XFEATURE_MASK_PASID);
	give_back_cpu(t);

	KUNIT_EXPECT_EQ(test, save[0], X86_TRAP_GP);
	KUNIT_EXPECT_EQ(test, restore[0], X86_TRAP_GP);
	KUNIT_EXPECT_EQ(test, save[1], X86_TRAP_PF);
	KUNIT_EXPECT_EQ(test, restore[1], X86_TRAP_PF);
	KUNIT_EXPECT_EQ(test, save[2], X86_TRAP_PF);
}

/* ENQCMD and ENQCMDS.  Memory is no enqueue register: retry, and unchanged. */

typedef int (*enqueue_fn)(void *dest, const void *src, unsigned long *flags);

/* Enqueue 64 bytes, the first four being @head; IA32_PASID is @pasid. */
static int enqueue(struct cpu_test *t, enqueue_fn fn, void *dest, u64 pasid,
		   u32 head, unsigned long *flags)
{
	u32 *src = (u32 *)t->area;
	int trap;

	memset(src, 0x11, 64);
	src[0] = head;
	memset(t->dest, FILLER, PAGE_SIZE);
	borrow_cpu(t);
	wrmsrl(MSR_IA32_PASID, pasid);
	trap = fn(dest, src, flags);
	give_back_cpu(t);
	return trap;
}

#define EXPECT_DEST_UNCHANGED(test, t) \
	KUNIT_EXPECT_NULL(test, memchr_inv((t)->dest, FILLER, PAGE_SIZE))

static void enqcmd_to_memory(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmd, t->dest + 64,
				      MSR_IA32_PASID_VALID | SOME_PASID, 0, &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, X86_EFLAGS_ZF);
	EXPECT_DEST_UNCHANGED(test, t);
}

static void enqcmd_without_pasid(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmd, t->dest, SOME_PASID, 0, &flags),
			X86_TRAP_GP);
	KUNIT_EXPECT_EQ(test, flags, STATUS_FLAGS);
	EXPECT_DEST_UNCHANGED(test, t);
}

static void enqcmd_reserved_bits(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	unsigned long flags;
	u32 refused = 0;
	int bit;

	for (bit = 0; bit < 32; bit++)
		if (enqueue(t, do_enqcmd, t->dest, MSR_IA32_PASID_VALID | SOME_PASID,
			    BIT(bit), &flags) == X86_TRAP_GP)
			refused |= BIT(bit);
	KUNIT_EXPECT_EQ(test, refused, ~0U);
	EXPECT_DEST_UNCHANGED(test, t);
}

static void enqcmd_faults(struct kunit *test)
{
	u64 pasid = MSR_IA32_PASID_VALID | SOME_PASID;
	struct cpu_test *t = test->priv;
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmd, t->dest + 32, pasid, 0, &flags),
			X86_TRAP_GP);
	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmd, t->dest + PAGE_SIZE, pasid, 0, &flags),
			X86_TRAP_PF);
	/* the source is looked at before the destination */
	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmd, t->dest + PAGE_SIZE, pasid, 1, &flags),
			X86_TRAP_GP);
}

static void enqcmds_to_memory(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	unsigned long flags;

	/* PASID and privilege come from the source, not from the MSR */
	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmds, t->dest + 64, 0,
				      BIT(31) | SOME_PASID, &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, X86_EFLAGS_ZF);
	EXPECT_DEST_UNCHANGED(test, t);
}

static void enqcmds_reserved_bits(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	unsigned long flags;
	u32 refused = 0;
	int bit;

	for (bit = 0; bit < 32; bit++)
		if (enqueue(t, do_enqcmds, t->dest, 0, BIT(bit), &flags) == X86_TRAP_GP)
			refused |= BIT(bit);
	KUNIT_EXPECT_EQ(test, refused, (u32)GENMASK(30, 20));
	EXPECT_DEST_UNCHANGED(test, t);
}

static void enqcmds_faults(struct kunit *test)
{
	struct cpu_test *t = test->priv;
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmds, t->dest + 32, 0, 0, &flags),
			X86_TRAP_GP);
	KUNIT_EXPECT_EQ(test, enqueue(t, do_enqcmds, t->dest + PAGE_SIZE, 0, 0, &flags),
			X86_TRAP_PF);
}

static int offload_insn_init(struct kunit *test)
{
	struct cpu_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!boot_cpu_has(X86_FEATURE_ENQCMD))
		kunit_skip(test, "ENQCMD is not enabled");
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->area = vmalloc(PAGE_SIZE);
	t->dest = vmalloc(PAGE_SIZE);
	test->priv = t;
	KUNIT_ASSERT_NOT_NULL(test, t->area);
	KUNIT_ASSERT_NOT_NULL(test, t->dest);
	return 0;
}

static void offload_insn_exit(struct kunit *test)
{
	struct cpu_test *t = test->priv;

	if (!t)
		return;
	vfree(t->area);
	vfree(t->dest);
}

static struct kunit_case offload_insn_cases[] = {
	KUNIT_CASE(pasid_reserved_bits),
	KUNIT_CASE(xss_reserved_bits),
	KUNIT_CASE(umwait_control_reserved_bits),
	KUNIT_CASE(compacted_size_follows_xss),
	KUNIT_CASE(xsaves_saves_the_pasid),
	KUNIT_CASE(xsaves_leaves_out_a_pasid_of_zero),
	KUNIT_CASE(xsaves_keeps_the_places),
	KUNIT_CASE(xsaves_obeys_xss),
	KUNIT_CASE(xrstors_loads_the_pasid),
	KUNIT_CASE(xrstors_refuses_reserved_bits_of_the_pasid),
	KUNIT_CASE(xrstors_refuses_bad_headers),
	KUNIT_CASE(xrstor_refuses_pasid_state),
	KUNIT_CASE(xsaves_and_xrstors_fault),
	KUNIT_CASE(enqcmd_to_memory),
	KUNIT_CASE(enqcmd_without_pasid),
	KUNIT_CASE(enqcmd_reserved_bits),
	KUNIT_CASE(enqcmd_faults),
	KUNIT_CASE(enqcmds_to_memory),
	KUNIT_CASE(enqcmds_reserved_bits),
	KUNIT_CASE(enqcmds_faults),
	{}
};

static struct kunit_suite offload_insn_suite = {
	.name = "x86-offload-insn",
	.init = offload_insn_init,
	.exit = offload_insn_exit,
	.test_cases = offload_insn_cases,
};

kunit_test_suite(offload_insn_suite);

MODULE_DESCRIPTION("KUnit tests of the x86 instructions that feed an accelerator");
MODULE_LICENSE("GPL");
