/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of what scalable mode finds by PASID: entries of a PASID directory and
 * of a PASID table, and the fields of a context entry that lead there.  The only
 * file that knows where a field is.  Touches no hardware, takes no lock.
 *
 * Section numbers are those of the Intel VT-d architecture specification,
 * revision 4.1.
 */
#ifndef _INTEL_PASID_ENTRY_H
#define _INTEL_PASID_ENTRY_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/io.h>
#include <linux/types.h>

/* A PASID: 14 bits of directory index, 6 bits of table index (3.4.3). */
#define PASID_BITS		20
#define PASID_MAX		BIT(PASID_BITS)
#define PASID_PDE_SHIFT		6
#define PASID_PTE_MASK		(PASID_TBL_ENTRIES - 1)
#define PASID_TBL_ENTRIES	BIT(PASID_PDE_SHIFT)

/* Scalable-mode context entry (9.4): 256 bits, of which the upper 128 are zero. */
#define SM_CONTEXT_P		BIT_ULL(0)
#define SM_CONTEXT_FPD		BIT_ULL(1)
#define SM_CONTEXT_DTE		BIT_ULL(2)	/* device-TLB enable */
#define SM_CONTEXT_PASIDE	BIT_ULL(3)	/* requests with PASID */
#define SM_CONTEXT_PRE		BIT_ULL(4)	/* page requests */
#define SM_CONTEXT_PDTS		GENMASK_ULL(11, 9) /* 2^(PDTS + 7) PDEs */
#define SM_CONTEXT_PASIDDIRPTR	GENMASK_ULL(63, 12)
#define SM_CONTEXT_RID_PASID	GENMASK_ULL(19, 0) /* of the second word */
#define SM_CONTEXT_PDTS_MIN	7

/* PASID directory entry (9.5) */
#define PASID_DIR_P		BIT_ULL(0)
#define PASID_DIR_FPD		BIT_ULL(1)
#define PASID_DIR_SMPTBLPTR	GENMASK_ULL(63, 12)

struct pasid_dir_entry {
	u64 val;
};

/* PASID table entry (9.6), bits 63:0 */
#define PASID0_P		BIT_ULL(0)
#define PASID0_FPD		BIT_ULL(1)	/* faults are not reported */
#define PASID0_AW		GENMASK_ULL(4, 2) /* AGAW of the second stage */
#define PASID0_PGTT		GENMASK_ULL(8, 6) /* enum pasid_pgtt */
#define PASID0_SSADE		BIT_ULL(9)	/* second-stage A/D bits */
#define PASID0_SSPTPTR		GENMASK_ULL(63, 12)
/* Bits 127:64 */
#define PASID1_DID		GENMASK_ULL(15, 0)
#define PASID1_PWSNP		BIT_ULL(23)	/* page walks snoop caches */
#define PASID1_PGSNP		BIT_ULL(24)	/* accesses to pages snoop caches */
/* Bits 191:128 */
#define PASID2_SRE		BIT_ULL(0)	/* supervisor requests */
#define PASID2_FSPM		GENMASK_ULL(3, 2) /* first-stage paging mode */
#define PASID2_WPE		BIT_ULL(4)	/* CR0.WP of supervisor requests */
#define PASID2_EAFE		BIT_ULL(7)	/* extended accessed flag */
#define PASID2_FSPTPTR		GENMASK_ULL(63, 12)
/* Bits 511:192 are zero. */

#define PASID2_FSPM_4LEVEL	0
#define PASID2_FSPM_5LEVEL	1

struct pasid_entry {
	u64 val[8];
};

enum pasid_pgtt {
	PASID_ENTRY_PGTT_FL_ONLY = 1,	/* first stage */
	PASID_ENTRY_PGTT_SL_ONLY = 2,	/* second stage */
	PASID_ENTRY_PGTT_NESTED	= 3,	/* first stage on second */
	PASID_ENTRY_PGTT_PT	= 4,	/* pass-through */
};

/**
 * struct pasid_first_stage - what a first-stage table is to an entry
 * @ptr: physical address of the root (of the guest, if nested), page aligned
 * @five_level: it has five levels, or else four
 * @sre: supervisor requests are allowed; never where the kernel's half of a
 *	process's tables can be reached
 * @wpe: supervisor requests heed write protection
 * @eafe: the extended accessed flag is kept
 */
struct pasid_first_stage {
	phys_addr_t ptr;
	bool five_level;
	bool sre;
	bool wpe;
	bool eafe;
};

/**
 * struct pasid_second_stage - what a second-stage table is to an entry
 * @ptr: physical address of the root, page aligned
 * @agaw: adjusted guest address width, 1 to 3 for 3 to 5 levels
 * @dirty: accessed and dirty bits are kept
 */
struct pasid_second_stage {
	phys_addr_t ptr;
	u8 agaw;
	bool dirty;
};

/*
 * Makers of entries.  Each overwrites @pe, which is a copy in the caller's hands,
 * with a present entry that is complete but for PWSNP and PGSNP: these depend on
 * the hardware, not on the kind of translation.
 */

static inline void pasid_make(struct pasid_entry *pe, enum pasid_pgtt pgtt,
			      u16 did)
{
	*pe = (struct pasid_entry) {
		.val[0] = PASID0_P | FIELD_PREP(PASID0_PGTT, pgtt),
		.val[1] = FIELD_PREP(PASID1_DID, did),
	};
}

static inline void pasid_add_first_stage(struct pasid_entry *pe,
					 const struct pasid_first_stage *fs)
{
	pe->val[2] = (fs->ptr & PASID2_FSPTPTR) |
		FIELD_PREP(PASID2_FSPM, fs->five_level ? PASID2_FSPM_5LEVEL :
							 PASID2_FSPM_4LEVEL) |
		(fs->sre ? PASID2_SRE : 0) |
		(fs->wpe ? PASID2_WPE : 0) |
		(fs->eafe ? PASID2_EAFE : 0);
}

static inline void pasid_add_second_stage(struct pasid_entry *pe,
					  const struct pasid_second_stage *ss)
{
	pe->val[0] |= (ss->ptr & PASID0_SSPTPTR) |
		FIELD_PREP(PASID0_AW, ss->agaw) |
		(ss->dirty ? PASID0_SSADE : 0);
}

static inline void pasid_make_first_stage(struct pasid_entry *pe, u16 did,
					  const struct pasid_first_stage *fs)
{
	pasid_make(pe, PASID_ENTRY_PGTT_FL_ONLY, did);
	pasid_add_first_stage(pe, fs);
}

static inline void pasid_make_second_stage(struct pasid_entry *pe, u16 did,
					   const struct pasid_second_stage *ss)
{
	pasid_make(pe, PASID_ENTRY_PGTT_SL_ONLY, did);
	pasid_add_second_stage(pe, ss);
}

static inline void pasid_make_nested(struct pasid_entry *pe, u16 did,
				     const struct pasid_first_stage *fs,
				     const struct pasid_second_stage *ss)
{
	pasid_make(pe, PASID_ENTRY_PGTT_NESTED, did);
	pasid_add_first_stage(pe, fs);
	pasid_add_second_stage(pe, ss);
}

/* AW says here how wide addresses may be: @agaw is the hardware's largest. */
static inline void pasid_make_pass_through(struct pasid_entry *pe, u16 did,
					   u8 agaw)
{
	pasid_make(pe, PASID_ENTRY_PGTT_PT, did);
	pe->val[0] |= FIELD_PREP(PASID0_AW, agaw);
}

/* Readers, of entries that hardware may be reading, too. */

static inline bool pasid_pde_is_present(struct pasid_dir_entry *pde)
{
	return READ_ONCE(pde->val) & PASID_DIR_P;
}

/* The table that a directory entry points to, or NULL. */
static inline struct pasid_entry *
get_pasid_table_from_pde(struct pasid_dir_entry *pde)
{
	u64 val = READ_ONCE(pde->val);

	return val & PASID_DIR_P ? phys_to_virt(val & PASID_DIR_SMPTBLPTR) :
				   NULL;
}

static inline bool pasid_pte_is_present(struct pasid_entry *pe)
{
	return READ_ONCE(pe->val[0]) & PASID0_P;
}

static inline u16 pasid_pte_get_pgtt(struct pasid_entry *pe)
{
	return FIELD_GET(PASID0_PGTT, READ_ONCE(pe->val[0]));
}

static inline u16 pasid_get_domain_id(struct pasid_entry *pe)
{
	return FIELD_GET(PASID1_DID, READ_ONCE(pe->val[1]));
}

/* Do its tables, or some of them, belong to a second stage? */
static inline bool pasid_pte_has_second_stage(struct pasid_entry *pe)
{
	u16 pgtt = pasid_pte_get_pgtt(pe);

	return pgtt == PASID_ENTRY_PGTT_SL_ONLY ||
	       pgtt == PASID_ENTRY_PGTT_NESTED;
}

/* Entries of the directory that a context entry points to. */
#define get_pasid_dir_size(context) \
	BIT(FIELD_GET(SM_CONTEXT_PDTS, (context)->lo) + SM_CONTEXT_PDTS_MIN)

#endif
