// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of what scalable mode finds by PASID: every field of every kind of
 * entry, and the flushes that go with a change, against words worked out by hand
 * from the VT-d specification, revision 4.1; what the driver makes of a domain and of
 * what the IOMMU can do; and in which order an entry is set up and torn down.  Touches
 * no hardware.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/xarray.h>

#include "../iommu-pages.h"
#include "pasid-flush.h"

#define PTR	0x123456789000ULL
#define PTR2	0xabcdef012000ULL
#define DID	0xbeef
#define PASID	0xfedcb
#define BUS	0x6a
#define DEVFN	0x08	/* 01.0 */

static void expect_entry(struct kunit *test, const struct pasid_entry *pe,
			 u64 word0, u64 word1, u64 word2)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, word0, pe->val[0]);
	KUNIT_EXPECT_EQ(test, word1, pe->val[1]);
	KUNIT_EXPECT_EQ(test, word2, pe->val[2]);
	for (i = 3; i < 8; i++)
		KUNIT_EXPECT_EQ(test, 0, pe->val[i]);
}

/* 9.6: P = bit 0, PGTT = 001b in 8:6; DID in 79:64; FSPTPTR in 191:140. */
static void first_stage(struct kunit *test)
{
	struct pasid_first_stage fs = { .ptr = PTR };
	struct pasid_entry pe;

	memset(&pe, 0xff, sizeof(pe));
	pasid_make_first_stage(&pe, DID, &fs);
	expect_entry(test, &pe, 0x41, 0xbeef, 0x123456789000);

	/* FSPM = 01b in 131:130 */
	fs.five_level = true;
	pasid_make_first_stage(&pe, DID, &fs);
	expect_entry(test, &pe, 0x41, 0xbeef, 0x123456789004);
}

/* What shares a process's page tables must not reach the kernel's half. */
static void process_has_no_supervisor_requests(struct kunit *test)
{
	struct pasid_first_stage fs = { .ptr = PTR, .five_level = true };
	struct pasid_entry pe;

	pasid_make_first_stage(&pe, FLPT_DEFAULT_DID, &fs);
	KUNIT_EXPECT_EQ(test, 0, pe.val[2] & 1);
	KUNIT_EXPECT_EQ(test, 1, pe.val[1] & 0xffff);
}

/* SRE = bit 128, WPE = bit 132, EAFE = bit 135 */
static void first_stage_flags(struct kunit *test)
{
	struct pasid_first_stage fs = { .ptr = PTR };
	struct pasid_entry pe;

	fs.sre = true;
	pasid_make_first_stage(&pe, 0, &fs);
	expect_entry(test, &pe, 0x41, 0, 0x123456789001);
	fs.wpe = true;
	pasid_make_first_stage(&pe, 0, &fs);
	expect_entry(test, &pe, 0x41, 0, 0x123456789011);
	fs.eafe = true;
	pasid_make_first_stage(&pe, 0, &fs);
	expect_entry(test, &pe, 0x41, 0, 0x123456789091);
}

/* PGTT = 010b; AW in 4:2, 010b for 48 bits; SSADE = bit 9; SSPTPTR in 63:12. */
static void second_stage(struct kunit *test)
{
	struct pasid_second_stage ss = { .ptr = PTR, .agaw = 2 };
	struct pasid_entry pe;

	memset(&pe, 0xff, sizeof(pe));
	pasid_make_second_stage(&pe, DID, &ss);
	expect_entry(test, &pe, 0x123456789089, 0xbeef, 0);

	ss.agaw = 3;
	ss.dirty = true;
	pasid_make_second_stage(&pe, DID, &ss);
	expect_entry(test, &pe, 0x12345678928d, 0xbeef, 0);
}

/* PGTT = 011b; both pointers. */
static void nested(struct kunit *test)
{
	struct pasid_second_stage ss = { .ptr = PTR, .agaw = 1, .dirty = true };
	struct pasid_first_stage fs = {
		.ptr = PTR2, .five_level = true, .sre = true,
	};
	struct pasid_entry pe;

	memset(&pe, 0xff, sizeof(pe));
	pasid_make_nested(&pe, DID, &fs, &ss);
	expect_entry(test, &pe, 0x1234567892c5, 0xbeef, 0xabcdef012005);
}

/* PGTT = 100b; AW is the hardware's largest. */
static void pass_through(struct kunit *test)
{
	struct pasid_entry pe;

	memset(&pe, 0xff, sizeof(pe));
	pasid_make_pass_through(&pe, DID, 3);
	expect_entry(test, &pe, 0x10d, 0xbeef, 0);
}

/* Bits that none of the makers sets; PWSNP = bit 87, PGSNP = bit 88. */
static void other_fields(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0x2, PASID0_FPD);
	KUNIT_EXPECT_EQ(test, 0x800000, PASID1_PWSNP);
	KUNIT_EXPECT_EQ(test, 0x1000000, PASID1_PGSNP);
	KUNIT_EXPECT_EQ(test, 64, sizeof(struct pasid_entry));
	KUNIT_EXPECT_EQ(test, 8, sizeof(struct pasid_dir_entry));
}

static void readers(struct kunit *test)
{
	struct pasid_entry pe = { .val = { 0x123456789089, 0x180beef } };

	KUNIT_EXPECT_TRUE(test, pasid_pte_is_present(&pe));
	KUNIT_EXPECT_EQ(test, 2, pasid_pte_get_pgtt(&pe));
	KUNIT_EXPECT_EQ(test, DID, pasid_get_domain_id(&pe));
	KUNIT_EXPECT_TRUE(test, pasid_pte_has_second_stage(&pe));
	pe.val[0] = 0x40;
	KUNIT_EXPECT_FALSE(test, pasid_pte_is_present(&pe));
	KUNIT_EXPECT_FALSE(test, pasid_pte_has_second_stage(&pe));
	pe.val[0] = 0xc1;
	KUNIT_EXPECT_TRUE(test, pasid_pte_has_second_stage(&pe));
	pe.val[0] = 0x101;
	KUNIT_EXPECT_FALSE(test, pasid_pte_has_second_stage(&pe));
}

/* 9.4: DTE, PASIDE, PRE = bits 2 to 4, PDTS in 11:9; 9.5: SMPTBLPTR in 63:12. */
static void what_leads_there(struct kunit *test)
{
	struct context_entry context = { .lo = PTR | 0x81d };
	struct pasid_dir_entry pde = { .val = virt_to_phys(test) & ~0xfffULL };

	KUNIT_EXPECT_EQ(test, 0x1d, SM_CONTEXT_P | SM_CONTEXT_DTE |
				    SM_CONTEXT_PASIDE | SM_CONTEXT_PRE);
	KUNIT_EXPECT_EQ(test, 2048, get_pasid_dir_size(&context));
	KUNIT_EXPECT_EQ(test, PTR, context.lo & SM_CONTEXT_PASIDDIRPTR);
	KUNIT_EXPECT_NULL(test, get_pasid_table_from_pde(&pde));
	pde.val |= 1;
	KUNIT_EXPECT_PTR_EQ(test, (void *)((unsigned long)test & ~0xfffUL),
			    (void *)get_pasid_table_from_pde(&pde));
	/* 20 bits: 2^14 directory entries, 2^6 table entries (3.4.3) */
	KUNIT_EXPECT_EQ(test, 0x3fb7, PASID >> PASID_PDE_SHIFT);
	KUNIT_EXPECT_EQ(test, 0xb, PASID & PASID_PTE_MASK);
}

struct fake {
	struct intel_iommu iommu;
	struct device_domain_info info;
	struct pasid_flush flush;
};

static struct fake *fake_new(struct kunit *test)
{
	struct fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->iommu.gcmd = DMA_GCMD_TE;
	/* Reads and writes can be drained (10.4.2). */
	fake->iommu.cap = BIT_ULL(54) | BIT_ULL(55);
	fake->info.bus = BUS;
	fake->info.devfn = DEVFN;
	fake->info.ats_enabled = true;
	fake->info.ats_qdep = 0x12;
	return fake;
}

static void expect_desc(struct kunit *test, const struct fake *fake,
			unsigned int i, u64 qw0, u64 qw1)
{
	const struct qi_desc *desc = &fake->flush.descs[i];

	KUNIT_ASSERT_LT(test, i, fake->flush.count);
	KUNIT_EXPECT_EQ(test, qw0, desc->qw0);
	KUNIT_EXPECT_EQ(test, qw1, desc->qw1);
	KUNIT_EXPECT_EQ(test, 0, desc->qw2);
	KUNIT_EXPECT_EQ(test, 0, desc->qw3);
}

/*
 * 6.5.2.2: type 7, G = 01b in 5:4, DID in 31:16, PASID in 51:32.  6.5.2.4: type
 * 6, G = 10b.  6.5.2.6: type 8, QDEP in 8:4, SID in 31:16, PASID in 51:32, all
 * addresses.  6.5.2.8: type 5, FN = bit 6.
 */
static void flush_first_stage(struct kunit *test)
{
	struct pasid_entry pe = { .val = { 0x40, DID } };
	struct fake *fake = fake_new(test);

	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info, PASID, &pe);
	KUNIT_EXPECT_EQ(test, 5, fake->flush.count);
	expect_desc(test, fake, 0, 0x000fedcbbeef0017, 0);
	expect_desc(test, fake, 1, 0x45, 0);
	expect_desc(test, fake, 2, 0x000fedcbbeef0026, 0);
	expect_desc(test, fake, 3, 0x45, 0);
	expect_desc(test, fake, 4, 0x000fedcb6a080128, 0x7ffffffffffff800);
}

/* 6.5.2.3: type 2, G = 10b, DW = bit 6, DR = bit 7, DID in 31:16 */
static void flush_second_stage(struct kunit *test)
{
	struct pasid_entry pe = { .val = { 0x80, DID } };
	struct fake *fake = fake_new(test);

	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info, PASID, &pe);
	KUNIT_EXPECT_EQ(test, 5, fake->flush.count);
	expect_desc(test, fake, 0, 0x000fedcbbeef0017, 0);
	expect_desc(test, fake, 2, 0x00000000beef00e2, 0);

	pe.val[0] = 0xc0;
	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info, PASID, &pe);
	expect_desc(test, fake, 2, 0x00000000beef00e2, 0);
}

/* 6.5.2.5: type 3, QDEP in 20:16, SID in 47:32, S = bit 64, all addresses */
static void flush_without_pasid(struct kunit *test)
{
	struct pasid_entry pe = { .val = { 0x100, DID } };
	struct fake *fake = fake_new(test);

	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info,
			 IOMMU_NO_PASID, &pe);
	KUNIT_EXPECT_EQ(test, 5, fake->flush.count);
	expect_desc(test, fake, 0, 0x00000000beef0017, 0);
	expect_desc(test, fake, 2, 0x00000000beef0026, 0);
	expect_desc(test, fake, 4, 0x00006a0800120003, 0x7ffffffffffff001);
}

static void flush_without_device_tlb(struct kunit *test)
{
	struct pasid_entry pe = { .val = { 0x40, DID } };
	struct fake *fake = fake_new(test);

	fake->info.ats_enabled = false;
	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info, PASID, &pe);
	KUNIT_EXPECT_EQ(test, 3, fake->flush.count);

	fake->info.ats_enabled = true;
	fake->iommu.gcmd = 0;
	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info, PASID, &pe);
	KUNIT_EXPECT_EQ(test, 3, fake->flush.count);
}

/* A device that answers too early is asked twice. */
static void flush_device_tlb_twice(struct kunit *test)
{
	struct pasid_entry pe = { .val = { 0x40, DID } };
	struct fake *fake = fake_new(test);

	fake->info.dtlb_extra_inval = true;
	pasid_flush_make(&fake->flush, &fake->iommu, &fake->info, PASID, &pe);
	KUNIT_EXPECT_EQ(test, PASID_FLUSH_MAX, fake->flush.count);
	expect_desc(test, fake, 5, 0x000fedcb6a080128, 0x7ffffffffffff800);
}

/*
 * A device that is attached and detached.  Flushes and the drain are replaced: each
 * looks at what it finds, which the test judges afterwards.
 */

/**
 * struct target - a device that has one PASID
 * @fake: it, and its IOMMU
 * @link: leads from @dev to @fake
 * @dev: what the driver is called for
 * @table: its PASID directory
 * @entry: of PASID
 * @steps: flushes and drains until now
 * @made: which of them was the flush of a new entry; 0: none.  The same for
 *	@flushed, that of an old one, and @drained
 * @flushed: see @made
 * @drained: see @made
 * @made_found: words of @entry then.  The same for the two that follow
 * @flush_found: see @made_found
 * @drain_found: see @made_found
 */
struct target {
	struct fake *fake;
	struct dev_iommu link;
	struct device dev;
	struct pasid_table table;
	struct pasid_entry *entry;
	unsigned int steps, made, flushed, drained;
	struct pasid_entry made_found, flush_found, drain_found;
};

static void target_flush_new(struct intel_iommu *iommu, u32 pasid,
			     struct pasid_entry *new)
{
	struct kunit *test = kunit_get_current_test();
	struct target *target = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, &target->fake->iommu, iommu);
	target->made = ++target->steps;
	target->made_found = *target->entry;
}

static void target_flush_old(struct intel_iommu *iommu,
			     const struct device_domain_info *info, u32 pasid,
			     struct pasid_entry *old)
{
	struct kunit *test = kunit_get_current_test();
	struct target *target = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, &target->fake->iommu, iommu);
	KUNIT_EXPECT_PTR_EQ(test, &target->fake->info, info);
	KUNIT_EXPECT_EQ(test, PASID, pasid);
	KUNIT_EXPECT_PTR_EQ(test, target->entry, old);
	target->flushed = ++target->steps;
	target->flush_found = *target->entry;
}

static void target_drain(struct device *dev, u32 pasid)
{
	struct kunit *test = kunit_get_current_test();
	struct target *target = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, &target->dev, dev);
	KUNIT_EXPECT_EQ(test, PASID, pasid);
	target->drained = ++target->steps;
	target->drain_found = *target->entry;
}

/* Room for 20 bits, and the table that PASID is in. */
static void target_make_table(struct kunit *test, struct target *target)
{
	struct pasid_dir_entry *dir;
	struct pasid_entry *entries;

	dir = kunit_kzalloc(test, sizeof(*dir) << (20 - PASID_PDE_SHIFT),
			    GFP_KERNEL);
	entries = kunit_kzalloc(test, VTD_PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dir);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)entries, VTD_PAGE_SIZE));

	dir[PASID >> PASID_PDE_SHIFT].val = virt_to_phys(entries) | PASID_DIR_P;
	target->table = (struct pasid_table) { .table = dir, .max_pasid = 1 << 20 };
	target->entry = &entries[PASID & PASID_PTE_MASK];
}

static struct target *target_new(struct kunit *test)
{
	struct target *target = kunit_kzalloc(test, sizeof(*target), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, target);
	target->fake = fake_new(test);
	target_make_table(test, target);
	spin_lock_init(&target->fake->iommu.lock);
	target->fake->info.iommu = &target->fake->iommu;
	target->fake->info.pasid_table = &target->table;
	target->fake->info.pri_enabled = true;
	target->link.priv = &target->fake->info;
	target->dev.iommu = &target->link;
	target->dev.init_name = "fake";

	test->priv = target;
	kunit_activate_static_stub(test, pasid_flush_new, target_flush_new);
	kunit_activate_static_stub(test, pasid_flush_old, target_flush_old);
	kunit_activate_static_stub(test, intel_iommu_drain_pasid_prq, target_drain);
	return target;
}

/*
 * Set-up.  SLTS = bit 46, FLTS = bit 47, SMPWC = bit 48 of the extended capabilities
 * (10.4.3), SMTS = bit 43, EAFS = bit 34, SRS = bit 31, NEST = bit 26; FS5LP = bit 60
 * of the capabilities (10.4.2).
 */
#define FLTS	0x800000000000ULL
#define SLTS	0x400000000000ULL
#define SMPWC	0x1000000000000ULL
#define NESTING	0x80004000000ULL
#define SRS	0x80000000ULL
#define EAFS	0x400000000ULL
#define FS5LP	0x1000000000000000ULL

/* What was made, complete before the flush; then forget it. */
static void expect_made(struct kunit *test, int ret, u64 word0, u64 word1,
			u64 word2)
{
	struct target *target = test->priv;

	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_EQ(test, 1, target->made);
	KUNIT_EXPECT_EQ(test, 1, target->steps);
	expect_entry(test, target->entry, word0, word1, word2);
	expect_entry(test, &target->made_found, word0, word1, word2);
	target->steps = 0;
	target->made = 0;
	memset(target->entry, 0, sizeof(*target->entry));
}

static void expect_none(struct kunit *test, int error, int ret)
{
	struct target *target = test->priv;

	KUNIT_EXPECT_EQ(test, error, ret);
	KUNIT_EXPECT_EQ(test, 0, target->steps);
	expect_entry(test, target->entry, 0, 0, 0);
}

static int set_first_level(struct target *target, int flags)
{
	return intel_pasid_setup_first_level(&target->fake->iommu, &target->dev,
					     phys_to_virt(PTR), PASID, DID, flags);
}

static void set_up_first_level(struct kunit *test)
{
	struct target *target = target_new(test);
	struct intel_iommu *iommu = &target->fake->iommu;

	expect_none(test, -EINVAL, set_first_level(target, 0));
	iommu->ecap = FLTS;
	expect_made(test, set_first_level(target, 0), 0x41, 0xbeef, 0x123456789000);
	iommu->ecap |= SMPWC;
	expect_made(test, set_first_level(target, 0), 0x41, 0x80beef,
		    0x123456789000);
	expect_made(test, set_first_level(target, PASID_FLAG_PAGE_SNOOP), 0x41,
		    0x180beef, 0x123456789000);
	expect_none(test, -EINVAL, set_first_level(target, PASID_FLAG_FL5LP));
	iommu->cap |= FS5LP;
	expect_made(test, set_first_level(target, PASID_FLAG_FL5LP), 0x41, 0x80beef,
		    0x123456789004);
}

static struct dmar_domain *domain_new(struct kunit *test, int agaw)
{
	struct dmar_domain *domain = kunit_kzalloc(test, sizeof(*domain), GFP_KERNEL);
	struct iommu_domain_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, domain);
	KUNIT_ASSERT_NOT_NULL(test, info);
	domain->pgd = phys_to_virt(PTR);
	domain->agaw = agaw;
	info->did = DID;
	xa_init(&domain->iommu_array);
	/* Of index 0, so that there is nothing to free. */
	KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store(&domain->iommu_array, 0, info,
						    GFP_KERNEL)));
	return domain;
}

static int set_second_level(struct target *target, struct dmar_domain *domain)
{
	return intel_pasid_setup_second_level(&target->fake->iommu, domain,
					      &target->dev, PASID);
}

static void set_up_second_level(struct kunit *test)
{
	struct target *target = target_new(test);
	struct intel_iommu *iommu = &target->fake->iommu;
	struct dmar_domain *domain = domain_new(test, 2);

	iommu->agaw = 2;
	expect_none(test, -EINVAL, set_second_level(target, domain));
	iommu->ecap = SLTS;
	expect_made(test, set_second_level(target, domain), 0x123456789089, 0xbeef,
		    0);
	iommu->ecap |= SMPWC;
	domain->agaw = 1;
	domain->dirty_tracking = true;
	expect_made(test, set_second_level(target, domain), 0x123456789285,
		    0x80beef, 0);
	domain->agaw = 3;
	expect_none(test, -EINVAL, set_second_level(target, domain));
	iommu->agaw = 3;
	expect_made(test, set_second_level(target, domain), 0x12345678928d,
		    0x80beef, 0);
}

/* Domain ID 1 is that of all pass-through entries. */
static void set_up_pass_through(struct kunit *test)
{
	struct target *target = target_new(test);
	struct intel_iommu *iommu = &target->fake->iommu;

	iommu->agaw = 2;
	iommu->msagaw = 3;
	expect_made(test, intel_pasid_setup_pass_through(iommu, &target->dev, PASID),
		    0x10d, 1, 0);
}

/* A guest's first stage on a second stage of 4 levels. */
static struct dmar_domain *nested_new(struct kunit *test, struct target *target)
{
	struct dmar_domain *domain = domain_new(test, 0);

	target->fake->iommu.ecap = NESTING;
	domain->s2_domain = domain_new(test, 2);
	domain->s1_cfg = (struct iommu_hwpt_vtd_s1) {
		.pgtbl_addr = PTR2, .addr_width = 48,
	};
	return domain;
}

static int set_nested(struct target *target, struct dmar_domain *domain)
{
	return intel_pasid_setup_nested(&target->fake->iommu, &target->dev, PASID,
					domain);
}

static void set_up_nested(struct kunit *test)
{
	struct target *target = target_new(test);
	struct intel_iommu *iommu = &target->fake->iommu;
	struct dmar_domain *domain = nested_new(test, target);

	expect_made(test, set_nested(target, domain), 0x1234567890c9, 0xbeef,
		    0xabcdef012000);
	iommu->ecap |= SMPWC;
	domain->s2_domain->dirty_tracking = true;
	domain->s1_cfg.flags = IOMMU_VTD_S1_WPE;
	expect_made(test, set_nested(target, domain), 0x1234567892c9, 0x80beef,
		    0xabcdef012010);
	iommu->ecap |= SRS;
	domain->s2_domain->force_snooping = true;
	domain->s1_cfg.flags = IOMMU_VTD_S1_SRE;
	expect_made(test, set_nested(target, domain), 0x1234567892c9, 0x180beef,
		    0xabcdef012001);
	iommu->ecap |= EAFS;
	domain->s1_cfg.flags = IOMMU_VTD_S1_EAFE;
	expect_made(test, set_nested(target, domain), 0x1234567892c9, 0x180beef,
		    0xabcdef012080);
	iommu->cap |= FS5LP;
	domain->s1_cfg.flags = 0;
	domain->s1_cfg.addr_width = 57;
	expect_made(test, set_nested(target, domain), 0x1234567892c9, 0x180beef,
		    0xabcdef012004);
}

/* What a guest asks for, and the IOMMU has not. */
static void set_up_nested_refused(struct kunit *test)
{
	struct target *target = target_new(test);
	struct dmar_domain *domain = nested_new(test, target);

	domain->s1_cfg.flags = IOMMU_VTD_S1_SRE;
	expect_none(test, -EINVAL, set_nested(target, domain));
	domain->s1_cfg.flags = IOMMU_VTD_S1_EAFE;
	expect_none(test, -EINVAL, set_nested(target, domain));
	domain->s1_cfg.flags = 0;
	domain->s1_cfg.addr_width = 57;
	expect_none(test, -EINVAL, set_nested(target, domain));
	domain->s1_cfg.addr_width = 52;
	expect_none(test, -EINVAL, set_nested(target, domain));
	domain->s1_cfg.addr_width = 48;
	domain->s1_cfg.pgtbl_addr = PTR2 + 0x800;
	expect_none(test, -EINVAL, set_nested(target, domain));
	domain->s1_cfg.pgtbl_addr = PTR2;
	target->fake->iommu.ecap = 0;
	expect_none(test, -ENODEV, set_nested(target, domain));
}

/* Who is there stays there, as he is. */
static void set_up_twice(struct kunit *test)
{
	struct target *target = target_new(test);
	struct intel_iommu *iommu = &target->fake->iommu;

	iommu->ecap = FLTS;
	KUNIT_EXPECT_EQ(test, 0, set_first_level(target, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, intel_pasid_setup_pass_through(iommu,
								     &target->dev,
								     PASID));
	KUNIT_EXPECT_EQ(test, 1, target->steps);
	expect_entry(test, target->entry, 0x41, 0xbeef, 0x123456789000);
}

/* The first of 64 PASIDs brings their table along. */
static void set_up_with_a_new_table(struct kunit *test)
{
	struct target *target = target_new(test);
	struct pasid_dir_entry *dir = target->table.table;
	struct intel_iommu *iommu = &target->fake->iommu;
	struct pasid_entry *entries;

	/* 0x12345 = 0x48d * 64 + 5 */
	KUNIT_ASSERT_EQ(test, 0, intel_pasid_setup_pass_through(iommu, &target->dev,
								0x12345));
	KUNIT_ASSERT_EQ(test, 1, dir[0x48d].val & 0xfff);
	entries = phys_to_virt(dir[0x48d].val & ~0xfffULL);
	expect_entry(test, &entries[5], 0x101, 1, 0);
	expect_entry(test, &entries[4], 0, 0, 0);
	expect_entry(test, target->entry, 0, 0, 0);

	/* None is behind the directory's end. */
	target->table.max_pasid = 0x12340;
	KUNIT_EXPECT_EQ(test, -EINVAL, intel_pasid_setup_pass_through(iommu,
								      &target->dev,
								      0x12345));
	iommu_free_page(entries);
}

static int set_dirty_tracking(struct target *target, bool on)
{
	return intel_pasid_setup_dirty_tracking(&target->fake->iommu, &target->dev,
						PASID, on);
}

/* SSADE = bit 9; what was cached of the entry is flushed if it changed. */
static void dirty_tracking_switched(struct kunit *test)
{
	struct target *target = target_new(test);

	KUNIT_EXPECT_EQ(test, -ENODEV, set_dirty_tracking(target, true));
	target->entry->val[0] = 0x41;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, set_dirty_tracking(target, true));

	target->entry->val[0] = 0x123456789089;
	KUNIT_EXPECT_EQ(test, 0, set_dirty_tracking(target, true));
	KUNIT_EXPECT_EQ(test, 1, target->flushed);
	KUNIT_EXPECT_EQ(test, 0x123456789289, target->flush_found.val[0]);
	KUNIT_EXPECT_EQ(test, 0, set_dirty_tracking(target, true));
	KUNIT_EXPECT_EQ(test, 1, target->steps);
	KUNIT_EXPECT_EQ(test, 0, set_dirty_tracking(target, false));
	KUNIT_EXPECT_EQ(test, 2, target->flushed);
	KUNIT_EXPECT_EQ(test, 0x123456789089, target->flush_found.val[0]);
}

/* PGSNP = bit 88 */
static void page_snoop_switched_on(struct kunit *test)
{
	struct target *target = target_new(test);

	target->entry->val[0] = 0x41;
	target->entry->val[1] = 0x80beef;
	intel_pasid_setup_page_snoop_control(&target->fake->iommu, &target->dev, PASID);
	KUNIT_EXPECT_EQ(test, 1, target->flushed);
	KUNIT_EXPECT_EQ(test, 0x180beef, target->flush_found.val[1]);
	KUNIT_EXPECT_EQ(test, 0x41, target->flush_found.val[0]);
}

/*
 * Teardown.
 */

static struct target *target_attached(struct kunit *test)
{
	struct pasid_first_stage fs = { .ptr = PTR };
	struct target *target = target_new(test);

	pasid_make_first_stage(target->entry, DID, &fs);
	return target;
}

static void tear_down(struct target *target, bool fault_ignore)
{
	intel_pasid_tear_down_entry(&target->fake->iommu, &target->dev, PASID,
				    fault_ignore);
}

/* Not present before it is flushed, drained when nothing is left of it. */
static void torn_down_in_order(struct kunit *test)
{
	struct target *target = target_attached(test);

	tear_down(target, false);
	KUNIT_EXPECT_EQ(test, 1, target->flushed);
	KUNIT_EXPECT_EQ(test, 2, target->drained);
	KUNIT_EXPECT_EQ(test, 2, target->steps);
	/* Hardware that read half of the entry finds the rest as it was. */
	expect_entry(test, &target->flush_found, 0x40, DID, PTR);
	expect_entry(test, &target->drain_found, 0, 0, 0);
	expect_entry(test, target->entry, 0, 0, 0);
}

/* FPD = bit 1, from the moment that requests are refused */
static void torn_down_without_faults(struct kunit *test)
{
	struct target *target = target_attached(test);

	tear_down(target, true);
	KUNIT_EXPECT_EQ(test, 1, target->flushed);
	KUNIT_EXPECT_EQ(test, 0, target->drained);
	expect_entry(test, &target->flush_found, 0x42, DID, PTR);
	expect_entry(test, target->entry, 0x2, 0, 0);
}

static void torn_down_without_page_requests(struct kunit *test)
{
	struct target *target = target_attached(test);

	target->fake->info.pri_enabled = false;
	tear_down(target, false);
	KUNIT_EXPECT_EQ(test, 1, target->flushed);
	KUNIT_EXPECT_EQ(test, 1, target->steps);
}

static void torn_down_once(struct kunit *test)
{
	struct target *target = target_attached(test);

	tear_down(target, false);
	tear_down(target, false);
	KUNIT_EXPECT_EQ(test, 2, target->steps);
}

static struct kunit_case pasid_cases[] = {
	KUNIT_CASE(first_stage),
	KUNIT_CASE(process_has_no_supervisor_requests),
	KUNIT_CASE(first_stage_flags),
	KUNIT_CASE(second_stage),
	KUNIT_CASE(nested),
	KUNIT_CASE(pass_through),
	KUNIT_CASE(other_fields),
	KUNIT_CASE(readers),
	KUNIT_CASE(what_leads_there),
	KUNIT_CASE(flush_first_stage),
	KUNIT_CASE(flush_second_stage),
	KUNIT_CASE(flush_without_pasid),
	KUNIT_CASE(flush_without_device_tlb),
	KUNIT_CASE(flush_device_tlb_twice),
	KUNIT_CASE(set_up_first_level),
	KUNIT_CASE(set_up_second_level),
	KUNIT_CASE(set_up_pass_through),
	KUNIT_CASE(set_up_nested),
	KUNIT_CASE(set_up_nested_refused),
	KUNIT_CASE(set_up_twice),
	KUNIT_CASE(set_up_with_a_new_table),
	KUNIT_CASE(dirty_tracking_switched),
	KUNIT_CASE(page_snoop_switched_on),
	KUNIT_CASE(torn_down_in_order),
	KUNIT_CASE(torn_down_without_faults),
	KUNIT_CASE(torn_down_without_page_requests),
	KUNIT_CASE(torn_down_once),
	{ }
};

static struct kunit_suite pasid_suite = {
	.name = "vtd_pasid",
	.test_cases = pasid_cases,
};

kunit_test_suite(pasid_suite);

MODULE_DESCRIPTION("KUnit test of PASID table entries");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
