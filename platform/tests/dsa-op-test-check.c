// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dsa_op_check() of the DSA model: for each operation every combination of
 * flags, every reserved byte, every size, alignment and overlap that a user
 * can get wrong.  The tables are written out here a second time on purpose.
 */
#include "dsa-op-test.h"

/*
 * The flags of bits 0 to 18 that an operation has, one character each from bit
 * 0 on: '-' reserved, 'x' allowed, '1' must be set.  Bits 19 to 23 are
 * reserved everywhere.  Then the bytes from 16 on: '-' reserved.
 */
static const struct Rules {
    uint8_t opcode;
    const char *flags;
    const char *bytes;
} rules[] = {
    /*        FBARI   CC123COBS       */
    /*        eolce t hcaaarredt      */
    { 0x00, "x-xxxx------x------",
      "----------------" "----xx--" "------------------------" },
    { 0x03, "xxxxxx--xxx-xxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "------------------------" },
    { 0x04, "xxxxxx--x-x-xxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "------------------------" },
    { 0x05, "xx11xx-x-xx-x------",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "x-----------------------" },
    { 0x06, "xx11xx-x-x--x------",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "x-----------------------" },
    { 0x07, "xx11xx-xxxxxxxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "xxxxxxxxxxxx----x-------" },
    { 0x08, "xxxxxx--xxx-xxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "xxxx--------------------" },
    { 0x09, "xxxxxx--xxxxxxxxx--",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "xxxxxxxx----------------" },
    { 0x10, "xx11xx---x-xx---xxx",
      "xxxxxxxx--------" "xxxxxx--" "xxxx----xxxxxxxx--------" },
    { 0x11, "xx11xx--xxxxxxxxxxx",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "xxxx----xxxxxxxx--------" },
    { 0x12, "xxxxxx---x--x------",
      "xxxxxxxx--------" "xxxxxx--" "x-x-----xxxxxxxx--------" },
    { 0x13, "xxxxxx--xxx-xxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "-xx-------------xxxxxxxx" },
    { 0x14, "xxxxxx--xxx-xxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "x-x-----xxxxxxxx--------" },
    { 0x15, "xxxxxx--xxx-xxxx---",
      "xxxxxxxxxxxxxxxx" "xxxxxx--" "xxx-----xxxxxxxxxxxxxxxx" },
    { 0x20, "xxxxxx----x-x------",
      "--------xxxxxxxx" "xxxxxx--" "------------------------" },
};

static char why[200];

/* A descriptor that nothing is wrong with */
static void valid(uint8_t *desc, uint8_t opcode)
{
    static const uint16_t dif_sizes[] = { 520, 512, 520, 520 };

    desc_init(desc, opcode, SRC, DST, 4096);
    switch (opcode) {
    case DSA_OP_NOOP:
        desc_init(desc, opcode, 0, 0, 0);
        break;
    case DSA_OP_CR_DELTA:
        put(desc + 40, 8, THIRD);
        put(desc + 48, 4, 80);
        break;
    case DSA_OP_AP_DELTA:
        put(desc + 40, 4, 10);
        break;
    case DSA_OP_DUALCAST:
        put(desc + 40, 8, THIRD);
        break;
    case DSA_OP_CRCGEN:
        put(desc + 24, 8, 0);
        break;
    case DSA_OP_CFLUSH:
        put(desc + 16, 8, 0);
        break;
    case DSA_OP_DIF_CHECK ... DSA_OP_DIF_UPDATE:
        put(desc + 24, 8, opcode == DSA_OP_DIF_CHECK ? 0 : DST);
        put(desc + 32, 4, 2 * dif_sizes[opcode - DSA_OP_DIF_CHECK]);
        break;
    }
}

static uint8_t check(const uint8_t *desc, bool batch, uint32_t *bad)
{
    static char some_batch;
    uint8_t ret;
    DSATask t;

    task_init(&t, desc);
    t.batch = batch ? (DSABatch *)&some_batch : NULL;
    ret = dsa_op_check(NULL, &t);
    *bad = t.invalid_flags;
    return ret;
}

/* The flags of @flags that are wrong */
static uint32_t wrong_flags(const struct Rules *r, uint32_t flags, bool batch,
                            bool block)
{
    uint32_t allowed = 0, need = 0;

    for (unsigned i = 0; r->flags[i]; i++) {
        allowed |= (r->flags[i] != '-') << i;
        need |= (r->flags[i] == '1') << i;
    }
    allowed &= batch ? ~0u : ~1u;
    allowed &= block ? ~0u : ~2u;
    allowed &= flags & 4 ? ~0u : ~8u;
    if (r->opcode == 0x10 || r->opcode == 0x11) {
        allowed &= flags & 0x10000 ? ~0u : ~0x800u;
    }
    return (flags & ~allowed) | (need & ~flags);
}

static bool flags_of(const struct Rules *r, bool batch, bool block)
{
    uint8_t desc[DSA_DESC_SIZE];
    uint32_t bad, want;

    valid(desc, r->opcode);
    set_may_block(block);
    for (uint32_t flags = 0; flags < 1 << 24;
         flags += flags >= 1 << 19 ? 0x7fff : 1) {
        uint8_t ret;

        put(desc + 4, 3, flags);
        ret = check(desc, batch, &bad);
        want = wrong_flags(r, flags, batch, block);
        if (ret != (want ? DSA_ST_INVALID_FLAGS : 0) || bad != want) {
            snprintf(why, sizeof(why), "opcode 0x%x flags 0x%x%s%s: status "
                     "0x%x, invalid 0x%x instead of 0x%x", r->opcode, flags,
                     batch ? " in a batch" : "", block ? " may block" : "", ret,
                     bad, want);
            return false;
        }
    }
    return true;
}

static void test_flags(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        char name[80];
        bool good = true;

        for (unsigned k = 0; good && k < 4; k++) {
            good = flags_of(&rules[i], k & 1, k & 2);
        }
        set_may_block(true);
        snprintf(name, sizeof(name), "opcode 0x%x: all combinations of flags",
                 rules[i].opcode);
        ok(good, name, why);
    }
}

static void test_opcodes(void)
{
    uint8_t desc[DSA_DESC_SIZE];
    bool good = true;

    for (unsigned op = 0; op < 256; op++) {
        uint32_t bad;
        bool known = false;

        for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
            known |= rules[i].opcode == op;
        }
        valid(desc, op);
        if (!known && check(desc, true, &bad) != DSA_ST_BAD_OPCODE) {
            snprintf(why, sizeof(why), "0x%x", op);
            good = false;
        }
    }
    ok(good, "opcodes that do not exist", why);
}

static void test_reserved(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        uint8_t desc[DSA_DESC_SIZE];
        bool good = true;
        char name[80];

        for (unsigned bit = 16 * 8; bit < DSA_DESC_SIZE * 8; bit++) {
            bool reserved = rules[i].bytes[bit / 8 - 16] == '-';
            uint32_t bad;

            valid(desc, rules[i].opcode);
            desc[bit / 8] ^= 1 << bit % 8;
            if (reserved &&
                check(desc, true, &bad) != DSA_ST_NONZERO_RESERVED) {
                snprintf(why, sizeof(why), "byte %u", bit / 8);
                good = false;
            }
        }
        snprintf(name, sizeof(name), "opcode 0x%x: reserved fields",
                 rules[i].opcode);
        ok(good, name, why);
    }
}

/* One field of a valid descriptor set to a value */
typedef struct Case {
    uint8_t opcode;
    uint8_t off, len;
    uint64_t value;
    uint8_t status;
} Case;

static const Case cases[] = {
    /* transfer sizes */
    { 0x03, 32, 4, 0, 0x13 },
    { 0x03, 32, 4, MAX_SIZE, 0 },
    { 0x03, 32, 4, MAX_SIZE + 1, 0x13 },
    { 0x04, 32, 4, 0, 0x13 },
    { 0x05, 32, 4, 0, 0x13 },
    { 0x06, 32, 4, 0xffffffff, 0x13 },
    { 0x07, 32, 4, 0, 0x13 },
    { 0x08, 32, 4, 0, 0x13 },
    { 0x08, 32, 4, 0x80008, 0x13 },
    { 0x09, 32, 4, 0, 0x13 },
    { 0x10, 32, 4, 0, 0x13 },
    { 0x11, 32, 4, MAX_SIZE + 1, 0x13 },
    { 0x12, 32, 4, 0, 0x13 },
    { 0x12, 32, 4, 519, 0x13 },
    { 0x12, 32, 4, 521, 0x13 },
    { 0x12, 32, 4, 512, 0x13 },
    { 0x13, 32, 4, 520, 0x13 },
    { 0x14, 32, 4, 1041, 0x13 },
    { 0x15, 32, 4, 1024, 0x13 },
    { 0x20, 32, 4, 0, 0x13 },
    /* DIF block sizes: the transfer is 1040 or 1024 bytes */
    { 0x12, 42, 1, 1, 0x13 },
    { 0x12, 42, 1, 2, 0x13 },
    { 0x12, 42, 1, 3, 0x13 },
    { 0x13, 42, 1, 1, 0x13 },
    /* delta records */
    { 0x07, 16, 8, SRC + 4, 0x1c },
    { 0x07, 24, 8, DST + 1, 0x1c },
    { 0x07, 32, 4, 4095, 0x1c },
    { 0x07, 40, 8, THIRD + 1, 0 },
    { 0x07, 48, 4, 79, 0x15 },
    { 0x07, 48, 4, 0, 0x15 },
    { 0x07, 48, 4, 81, 0 },
    { 0x08, 16, 8, SRC + 1, 0 },
    { 0x08, 24, 8, DST + 4, 0x1c },
    { 0x08, 32, 4, 4, 0x1c },
    { 0x08, 40, 4, 0, 0x15 },
    { 0x08, 40, 4, 9, 0x15 },
    { 0x08, 40, 4, 11, 0x15 },
    /* buffers that overlap */
    { 0x03, 24, 8, SRC + 1, 0 },
    { 0x03, 24, 8, SRC, 0 },
    { 0x07, 40, 8, SRC + 4095, 0x16 },
    { 0x07, 40, 8, SRC - 79, 0x16 },
    { 0x07, 40, 8, SRC - 80, 0 },
    { 0x07, 40, 8, DST, 0x16 },
    { 0x07, 40, 8, DST + 4096, 0 },
    { 0x08, 24, 8, SRC, 0x16 },
    { 0x08, 24, 8, SRC + 8, 0x16 },
    { 0x08, 24, 8, SRC + 16, 0 },
    { 0x09, 24, 8, SRC, 0x16 },
    { 0x09, 40, 8, SRC, 0x16 },
    { 0x09, 40, 8, DST, 0x16 },
    { 0x09, 40, 8, DST + 4096, 0 },
    { 0x11, 24, 8, SRC + 4095, 0x16 },
    { 0x11, 24, 8, SRC - 4095, 0x16 },
    { 0x11, 24, 8, SRC + 4096, 0 },
    { 0x13, 24, 8, SRC - 1039, 0x16 },
    { 0x13, 24, 8, SRC - 1040, 0 },
    { 0x14, 24, 8, SRC - 1023, 0x16 },
    { 0x14, 24, 8, SRC - 1024, 0 },
    { 0x14, 24, 8, SRC + 1039, 0x16 },
    { 0x15, 24, 8, SRC - 1039, 0x16 },
    { 0x15, 24, 8, SRC + 1040, 0 },
    /* over the end of the address space */
    { 0x11, 16, 8, 0 - 8ull, 0 },
    { 0x11, 24, 8, 0 - 8ull, 0 },
    /* dualcast: low bits of the destinations */
    { 0x09, 40, 8, THIRD + 1, 0x17 },
    { 0x09, 24, 8, DST + 2048, 0x17 },
    /* bits of DIF flags */
    { 0x12, 42, 1, 0x10, 0x12 },
    { 0x13, 42, 1, 0x80, 0x12 },
    { 0x12, 40, 1, 0xff, 0 },
    { 0x15, 40, 1, 0xff, 0 },
    { 0x13, 41, 1, 0x90, 0 },
    { 0x13, 41, 1, 0x01, 0x12 },
    { 0x13, 41, 1, 0x08, 0x12 },
    { 0x13, 41, 1, 0x20, 0x12 },
    { 0x13, 41, 1, 0x40, 0x12 },
    { 0x15, 41, 1, 0xf8, 0 },
    { 0x15, 41, 1, 0x04, 0x12 },
    /* CRC seed */
    { 0x10, 40, 4, 0x12345678, 0 },
    { 0x10, 48, 8, THIRD, 0x12 },
    { 0x11, 48, 8, THIRD, 0x12 },
};

static void test_fields(void)
{
    bool good = true;

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        const Case *c = &cases[i];
        uint8_t desc[DSA_DESC_SIZE], ret;
        uint32_t bad;

        valid(desc, c->opcode);
        put(desc + c->off, c->len, c->value);
        ret = check(desc, false, &bad);
        if (ret != c->status) {
            printf("# opcode 0x%x, 0x%llx at %u: 0x%x instead of 0x%x\n",
                   c->opcode, (unsigned long long)c->value, c->off, ret,
                   c->status);
            good = false;
        }
    }
    ok(good, "sizes, alignments, overlaps", "see above");
}

static void test_crc_seed(void)
{
    uint8_t desc[DSA_DESC_SIZE];
    uint32_t bad;
    bool good;

    valid(desc, DSA_OP_CRCGEN);
    put(desc + 4, 3, BASE_FLAGS | 0x10000);
    put(desc + 48, 8, THIRD + 4);
    good = check(desc, false, &bad) == 0;
    put(desc + 48, 8, THIRD + 2);
    good = good && check(desc, false, &bad) == DSA_ST_ADDR_ALIGN;
    put(desc + 48, 8, THIRD);
    put(desc + 40, 4, 1);
    good = good && check(desc, false, &bad) == DSA_ST_NONZERO_RESERVED;
    ok(good, "CRC seed in memory: alignment, reserved field", "");
}

/* Create Delta Record: the source and size that a delta's offset can reach */
static void test_delta_size(void)
{
    uint8_t desc[DSA_DESC_SIZE];
    uint32_t bad;
    bool good;

    desc_init(desc, DSA_OP_CR_DELTA, 1 << 24, 1 << 25, 0x80000);
    put(desc + 40, 8, 1 << 26);
    put(desc + 48, 4, 80);
    good = check(desc, false, &bad) == 0;
    put(desc + 32, 4, 0x80008);
    good = good && check(desc, false, &bad) == DSA_ST_XFER_RANGE;
    ok(good, "create delta record: largest transfer", "");
}

void test_check(void)
{
    test_opcodes();
    test_flags();
    test_reserved();
    test_fields();
    test_crc_seed();
    test_delta_size();
}
