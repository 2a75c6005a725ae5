// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DIF Check, Insert, Strip and Update: blocks of data that are followed by a
 * T10 Data Integrity Field of eight bytes, big endian: guard (CRC-16 of the
 * data, polynomial 0x18BB7), application tag, reference tag.
 *
 * A block is done as a whole or not at all: after a fault the operation goes
 * on at the beginning of the block.
 */
#include "qemu/osdep.h"
#include "dsa-op-impl.h"

#define DIF_SIZE        8
#define DIF_MAX_BLOCK   4104

/* Descriptor */
#define DIF_D_SRC_FLAGS         40
#define DIF_D_DST_FLAGS         41
#define DIF_D_FLAGS             42
#define DIF_D_SRC_TAGS          48  /* reference tag, mask, application tag */
#define DIF_D_DST_TAGS          56  /* the same */

#define DIF_SRC_ALL_F_ERROR     0x01
#define DIF_SRC_ALL_F           0x02
#define DIF_SRC_APP_F           0x04
#define DIF_SRC_APP_REF_F       0x08
#define DIF_SRC_APP_INC         0x10
#define DIF_SRC_NO_GUARD        0x20
#define DIF_SRC_NO_REF          0x40
#define DIF_SRC_REF_FIXED       0x80

#define DIF_DST_APP_PASS        0x08
#define DIF_DST_APP_INC         0x10
#define DIF_DST_GUARD_PASS      0x20
#define DIF_DST_REF_PASS        0x40
#define DIF_DST_REF_FIXED       0x80
#define DIF_DST_RESERVED        0x07
#define DIF_DST_PASS            (DIF_DST_APP_PASS | DIF_DST_GUARD_PASS | \
                                 DIF_DST_REF_PASS)

#define DIF_BLOCK_SIZE          0x03
#define DIF_INVERT_SEED         0x04
#define DIF_INVERT_RESULT       0x08
#define DIF_RESERVED            0xf0

/* Completion record: DIF status, and where the tags are in op_result */
#define DIF_ERR_GUARD           0x01
#define DIF_ERR_APP             0x02
#define DIF_ERR_REF             0x04
#define DIF_ERR_ALL_F           0x08
#define DIF_R_SRC_TAGS          0
#define DIF_R_DST_TAGS          8

typedef struct DIF {
    uint16_t guard;
    uint16_t app;
    uint32_t ref;
} DIF;

static bool dif_in_source(const DSATask *t)
{
    return t->opcode != DSA_OP_DIF_INSERT;
}

static bool dif_in_dest(const DSATask *t)
{
    return t->opcode == DSA_OP_DIF_INSERT || t->opcode == DSA_OP_DIF_UPDATE;
}

static uint32_t dif_data_size(const DSATask *t)
{
    static const uint16_t sizes[] = { 512, 520, 4096, DIF_MAX_BLOCK };

    return sizes[t->desc[DIF_D_FLAGS] & DIF_BLOCK_SIZE];
}

static uint32_t dif_source_block(const DSATask *t)
{
    return dif_data_size(t) + (dif_in_source(t) ? DIF_SIZE : 0);
}

/* Zero for DIF Check, which has no destination */
static uint32_t dif_dest_block(const DSATask *t)
{
    if (t->opcode == DSA_OP_DIF_CHECK) {
        return 0;
    }
    return dif_data_size(t) + (dif_in_dest(t) ? DIF_SIZE : 0);
}

uint8_t dsa_check_dif(const DSATask *t)
{
    uint8_t dst_reserved = DIF_DST_RESERVED;
    uint32_t size = dsa_desc_u32(t, DSA_D_SIZE);
    uint32_t block = dif_source_block(t);

    /* Insert has nothing that it could pass through */
    if (t->opcode == DSA_OP_DIF_INSERT) {
        dst_reserved |= DIF_DST_PASS;
    }
    if ((t->desc[DIF_D_FLAGS] & DIF_RESERVED) ||
        (t->desc[DIF_D_DST_FLAGS] & dst_reserved)) {
        return DSA_ST_NONZERO_RESERVED;
    }
    if (size % block) {
        return DSA_ST_XFER_RANGE;
    }
    if (dif_dest_block(t) &&
        dsa_overlap(dsa_desc_u64(t, DSA_D_SRC), size,
                    dsa_desc_u64(t, DSA_D_DST),
                    (uint64_t)size / block * dif_dest_block(t))) {
        return DSA_ST_OVERLAP;
    }
    return 0;
}

static uint16_t dif_crc(const DSATask *t, const uint8_t *data, size_t len)
{
    static uint16_t table[256];
    uint8_t flags = t->desc[DIF_D_FLAGS];
    uint16_t crc = flags & DIF_INVERT_SEED ? 0xffff : 0;

    for (unsigned i = 0; !table[255] && i < 256; i++) {
        uint16_t rem = i << 8;

        for (unsigned bit = 0; bit < 8; bit++) {
            rem = rem << 1 ^ (rem & 0x8000 ? 0x8bb7 : 0);
        }
        table[i] = rem;
    }
    while (len--) {
        crc = table[(crc >> 8 ^ *data++) & 0xff] ^ crc << 8;
    }
    return flags & DIF_INVERT_RESULT ? ~crc : crc;
}

static DIF dif_load(const uint8_t *p)
{
    return (DIF) { lduw_be_p(p), lduw_be_p(p + 2), ldl_be_p(p + 4) };
}

static void dif_store(uint8_t *p, DIF dif)
{
    stw_be_p(p, dif.guard);
    stw_be_p(p + 2, dif.app);
    stl_be_p(p + 4, dif.ref);
}

/*
 * The tags for the block at @t->op_pos: the seeds at @seeds in the descriptor,
 * counted up a block each if their kind says so.  The mask is not applied.
 */
static DIF dif_tags(const DSATask *t, unsigned seeds)
{
    bool src = seeds == DIF_D_SRC_TAGS;
    uint8_t flags = t->desc[src ? DIF_D_SRC_FLAGS : DIF_D_DST_FLAGS];
    uint32_t n = t->op_pos / dif_source_block(t);
    bool fixed = flags & (src ? DIF_SRC_REF_FIXED : DIF_DST_REF_FIXED);
    bool inc = flags & (src ? DIF_SRC_APP_INC : DIF_DST_APP_INC);

    return (DIF) {
        .ref = dsa_desc_u32(t, seeds) + (fixed ? 0 : n),
        .app = dsa_desc_u16(t, seeds + 6) + (inc ? n : 0),
    };
}

/* Enter in the completion record the seeds to go on with at @t->op_pos */
static void dif_publish(DSATask *t, unsigned seeds, unsigned off)
{
    DIF tags = dif_tags(t, seeds);

    stl_le_p(t->op_result + off, tags.ref);
    stw_le_p(t->op_result + off + 4, dsa_desc_u16(t, seeds + 4));
    stw_le_p(t->op_result + off + 6, tags.app);
}

static void dif_publish_all(DSATask *t)
{
    if (dif_in_source(t)) {
        dif_publish(t, DIF_D_SRC_TAGS, DIF_R_SRC_TAGS);
    }
    if (dif_in_dest(t)) {
        dif_publish(t, DIF_D_DST_TAGS, DIF_R_DST_TAGS);
    }
}

/* What is wrong with the block @data, in DIF_ERR_* bits */
static uint8_t dif_verify(const DSATask *t, const uint8_t *data)
{
    uint32_t len = dif_data_size(t);
    uint8_t flags = t->desc[DIF_D_SRC_FLAGS];
    uint16_t mask = dsa_desc_u16(t, DIF_D_SRC_TAGS + 4);
    DIF want = dif_tags(t, DIF_D_SRC_TAGS);
    DIF have = dif_load(data + len);
    bool app_f = have.app == UINT16_MAX;
    bool app_ref_f = app_f && have.ref == UINT32_MAX;
    bool all_f = app_ref_f && have.guard == UINT16_MAX;
    uint8_t err = 0;

    if (all_f && (flags & DIF_SRC_ALL_F)) {
        return flags & DIF_SRC_ALL_F_ERROR ? DIF_ERR_ALL_F : 0;
    }
    if ((app_ref_f && (flags & DIF_SRC_APP_REF_F)) ||
        (app_f && (flags & DIF_SRC_APP_F))) {
        return 0;
    }
    if (!(flags & DIF_SRC_NO_GUARD) && have.guard != dif_crc(t, data, len)) {
        err |= DIF_ERR_GUARD;
    }
    if ((have.app ^ want.app) & (uint16_t)~mask) {
        err |= DIF_ERR_APP;
    }
    if (!(flags & DIF_SRC_NO_REF) && have.ref != want.ref) {
        err |= DIF_ERR_REF;
    }
    return err;
}

/* Put the destination's DIF behind the block @data, over the source's */
static void dif_generate(const DSATask *t, uint8_t *data)
{
    uint32_t len = dif_data_size(t);
    uint8_t flags = t->desc[DIF_D_DST_FLAGS];
    DIF dif = dif_tags(t, DIF_D_DST_TAGS);

    dif.app &= ~dsa_desc_u16(t, DIF_D_DST_TAGS + 4);
    dif.guard = dif_crc(t, data, len);
    if (t->opcode == DSA_OP_DIF_UPDATE) {
        DIF src = dif_load(data + len);

        dif.guard = flags & DIF_DST_GUARD_PASS ? src.guard : dif.guard;
        dif.app = flags & DIF_DST_APP_PASS ? src.app : dif.app;
        dif.ref = flags & DIF_DST_REF_PASS ? src.ref : dif.ref;
    }
    dif_store(data + len, dif);
}

/* One block */
DSAStep dsa_step_dif(DSATask *t, size_t max, size_t *moved)
{
    uint8_t buf[DIF_MAX_BLOCK + DIF_SIZE];
    uint32_t src = dif_source_block(t);
    uint32_t dst = dif_dest_block(t);
    uint64_t block = t->op_pos / src;
    DSAStep ret;

    dif_publish_all(t);
    if (dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, buf, src) <
        src) {
        return DSA_STEP_FAULT;
    }
    if (dif_in_source(t)) {
        t->result = dif_verify(t, buf);
        if (t->result) {
            t->bytes_completed = t->op_pos;
            return dsa_op_done(t, DSA_ST_DIF_ERROR);
        }
    }
    if (dif_in_dest(t)) {
        dif_generate(t, buf);
    }
    if (dst && dsa_op_write(t, dsa_desc_u64(t, DSA_D_DST) + block * dst, buf,
                            dst) < dst) {
        return DSA_STEP_FAULT;
    }
    ret = dsa_op_advance(t, src, moved);
    *moved += dst > src ? dst - src : 0;
    dif_publish_all(t);
    return ret;
}
