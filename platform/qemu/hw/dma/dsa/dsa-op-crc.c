// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRC Generation and Copy with CRC Generation: CRC-32C (polynomial
 * 0x11EDC6F41), by default in the form of RFC 3720, that is reflected and with
 * seed and result inverted.
 */
#include "qemu/osdep.h"
#include "dsa-op-impl.h"

#define CRC32C_REFLECTED    0x82f63b78u

static uint32_t reflect(uint32_t v, unsigned bits)
{
    uint32_t r = 0;

    for (unsigned i = 0; i < bits; i++) {
        r |= (v >> i & 1) << (bits - 1 - i);
    }
    return r;
}

/* The remainders of all bytes */
static const uint32_t *dsa_crc_table(void)
{
    static uint32_t table[256];

    for (unsigned i = 0; !table[255] && i < 256; i++) {
        uint32_t crc = i;

        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? CRC32C_REFLECTED : 0);
        }
        table[i] = crc;
    }
    return table;
}

/* The register while running, in reflected form, is op_state[0] */
static void dsa_crc_update(DSATask *t, const uint8_t *buf, size_t n)
{
    const uint32_t *table = dsa_crc_table();
    bool raw = t->flags & DSA_FLAG_CRC_RAW_DATA;
    uint32_t crc = t->op_state[0];

    for (size_t i = 0; i < n; i++) {
        uint8_t byte = raw ? reflect(buf[i], 8) : buf[i];

        crc = table[(crc ^ byte) & 0xff] ^ crc >> 8;
    }
    t->op_state[0] = crc;
    stl_le_p(t->op_result, t->flags & DSA_FLAG_CRC_RAW ?
                           reflect(crc, 32) : ~crc);
}

/* Load the seed, once; false if that faults */
static bool dsa_crc_start(DSATask *t)
{
    uint32_t seed = dsa_desc_u32(t, DSA_D_CRC_SEED);

    if (t->op_state[1]) {
        return true;
    }
    if (t->flags & DSA_FLAG_CRC_READ_SEED) {
        uint8_t buf[4];

        if (!dsa_op_read(t, dsa_desc_u64(t, DSA_D_CRC_SEED_ADDR), buf, 4)) {
            return false;
        }
        seed = ldl_le_p(buf);
    }
    t->op_state[0] = t->flags & DSA_FLAG_CRC_RAW ? reflect(seed, 32) :
                     (uint32_t)~seed;
    t->op_state[1] = 1;
    stl_le_p(t->op_result, seed);
    return true;
}

uint8_t dsa_check_crcgen(const DSATask *t)
{
    uint64_t addr = dsa_desc_u64(t, DSA_D_CRC_SEED_ADDR);

    /* The seed is in one place or the other, and which is not is reserved */
    if (t->flags & DSA_FLAG_CRC_READ_SEED ? dsa_desc_u32(t, DSA_D_CRC_SEED) :
                                            addr != 0) {
        return DSA_ST_NONZERO_RESERVED;
    }
    return addr % 4 ? DSA_ST_ADDR_ALIGN : 0;
}

uint8_t dsa_check_copy_crc(const DSATask *t)
{
    uint32_t size = dsa_desc_u32(t, DSA_D_SIZE);

    if (dsa_overlap(dsa_desc_u64(t, DSA_D_SRC), size,
                    dsa_desc_u64(t, DSA_D_DST), size)) {
        return DSA_ST_OVERLAP;
    }
    return dsa_check_crcgen(t);
}

static DSAStep dsa_crc_step(DSATask *t, size_t max, size_t *moved, bool copy)
{
    uint8_t buf[DSA_CHUNK];
    size_t n;

    if (!dsa_crc_start(t)) {
        return DSA_STEP_FAULT;
    }
    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, buf,
                    dsa_op_left(t, max));
    if (n && copy) {
        n = dsa_op_write(t, dsa_desc_u64(t, DSA_D_DST) + t->op_pos, buf, n);
    }
    if (!n) {
        return DSA_STEP_FAULT;
    }
    dsa_crc_update(t, buf, n);
    return dsa_op_advance(t, n, moved);
}

DSAStep dsa_step_crcgen(DSATask *t, size_t max, size_t *moved)
{
    return dsa_crc_step(t, max, moved, false);
}

DSAStep dsa_step_copy_crc(DSATask *t, size_t max, size_t *moved)
{
    return dsa_crc_step(t, max, moved, true);
}
