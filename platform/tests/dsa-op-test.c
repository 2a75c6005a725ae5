// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unit test of the DSA model's data operations (platform/qemu/hw/dma/dsa/
 * dsa-op*.c), on the host and without QEMU.  Memory is an arena whose pages
 * can be absent.  Prints TAP.  To build, from the top of the tree:
 *
 *   gcc -O2 -Wall -Iplatform/tests/include -Iplatform/qemu/hw/dma/dsa \
 *       platform/tests/dsa-op-*.c platform/qemu/hw/dma/dsa/dsa-op*.c \
 *       -o dsa-op-test
 */
#include "dsa-op-test.h"

#define SEED_FLAG   0x10000

static const uint8_t opcodes[] = {
    DSA_OP_NOOP, DSA_OP_MEMMOVE, DSA_OP_FILL, DSA_OP_COMPARE, DSA_OP_COMPVAL,
    DSA_OP_CR_DELTA, DSA_OP_AP_DELTA, DSA_OP_DUALCAST, DSA_OP_CRCGEN,
    DSA_OP_COPY_CRC, DSA_OP_DIF_CHECK, DSA_OP_DIF_INSERT, DSA_OP_DIF_STRIP,
    DSA_OP_DIF_UPDATE, DSA_OP_CFLUSH,
};

static struct {
    uint8_t mem[ARENA_SIZE];
    bool absent[ARENA_PAGES];
    unsigned flaky;             /* one access in that many faults */
    unsigned long faults;
    bool may_block;
} mock;

static unsigned tests, failures;

void ok(bool pass, const char *name, const char *why)
{
    tests++;
    failures += !pass;
    printf("%sok %u - %s\n", pass ? "" : "not ", tests, name);
    if (!pass) {
        printf("# %s\n", why);
    }
}

static uint64_t rng_state = 0x9e3779b97f4a7c15ull;

static uint32_t rnd(uint32_t below)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (rng_state >> 16) % below;
}

/* The contract's other side */

uint64_t dsa_task_max_transfer(const DSATask *t)
{
    return MAX_SIZE;
}

void set_may_block(bool may)
{
    mock.may_block = may;
}

bool dsa_task_may_block(const DSATask *t)
{
    return mock.may_block;
}

static DSAMemResult mock_access(DSATask *t, uint64_t va, uint8_t *out,
                                const uint8_t *in, size_t len, size_t *done)
{
    for (*done = 0; *done < len;) {
        uint64_t off = va + *done - ARENA_VA;
        size_t n = MIN(len - *done, PAGE - off % PAGE);

        if (off >= ARENA_SIZE) {
            printf("Bail out! access at 0x%llx\n", (unsigned long long)va);
            exit(1);
        }
        if (mock.absent[off / PAGE] || (mock.flaky && !rnd(mock.flaky))) {
            t->fault_va = va + *done;
            t->fault_write = in != NULL;
            return DSA_MEM_FAULT;
        }
        if (out) {
            memcpy(out + *done, mock.mem + off, n);
        } else {
            memcpy(mock.mem + off, in + *done, n);
        }
        *done += n;
    }
    return DSA_MEM_OK;
}

DSAMemResult dsa_mem_read(DSATask *t, uint64_t va, void *buf, size_t len,
                          size_t *done)
{
    return mock_access(t, va, buf, NULL, len, done);
}

DSAMemResult dsa_mem_write(DSATask *t, uint64_t va, const void *buf,
                           size_t len, size_t *done)
{
    return mock_access(t, va, NULL, buf, len, done);
}

/* Descriptors */

void task_init(DSATask *t, const uint8_t *desc)
{
    memset(t, 0, sizeof(*t));
    memcpy(t->desc, desc, DSA_DESC_SIZE);
    t->opcode = desc[7];
    t->flags = get(desc + 4, 3);
}

void desc_init(uint8_t *desc, uint8_t opcode, uint64_t src, uint64_t dst,
                      uint32_t size)
{
    memset(desc, 0, DSA_DESC_SIZE);
    put(desc + 4, 3, BASE_FLAGS);
    desc[7] = opcode;
    put(desc + 8, 8, ARENA_VA);
    put(desc + 16, 8, src);
    put(desc + 24, 8, dst);
    put(desc + 32, 4, size);
}

static uint8_t *at(uint64_t va)
{
    return mock.mem + (va - ARENA_VA);
}

static void fill_random(void)
{
    for (unsigned i = 0; i < ARENA_SIZE; i++) {
        mock.mem[i] = rnd(256);
    }
}

static uint32_t any_size(void)
{
    return 1 + (rnd(3) ? rnd(5 * PAGE) : rnd(70));
}

static void gen_memmove(uint8_t *desc)
{
    uint64_t src = SRC + 8 * PAGE + rnd(PAGE);

    desc_init(desc, DSA_OP_MEMMOVE, src, src + rnd(6 * PAGE) - 3 * PAGE,
              any_size());
}

static void gen_compare(uint8_t *desc)
{
    uint64_t src = SRC + rnd(PAGE), dst = DST + rnd(PAGE);
    uint32_t size = any_size();

    desc_init(desc, DSA_OP_COMPARE, src, dst, size);
    memcpy(at(dst), at(src), size);
    if (rnd(2)) {
        at(dst)[rnd(size)] ^= 1 << rnd(8);
    }
    put(desc + 4, 3, BASE_FLAGS | (rnd(2) ? DSA_FLAG_CR : 0));
    desc[40] = rnd(256);
}

static void gen_compval(uint8_t *desc)
{
    uint64_t src = SRC + rnd(PAGE);
    uint32_t size = any_size();

    desc_init(desc, DSA_OP_COMPVAL, src, 0, size);
    for (unsigned i = 0; i < 8; i++) {
        desc[24 + i] = rnd(256);
    }
    for (unsigned i = 0; i < size; i++) {
        at(src)[i] = desc[24 + i % 8];
    }
    if (rnd(2)) {
        at(src)[rnd(size)] ^= 1 << rnd(8);
    }
    put(desc + 4, 3, BASE_FLAGS | (rnd(2) ? DSA_FLAG_CR : 0));
    desc[40] = rnd(256);
}

static void gen_create_delta(uint8_t *desc)
{
    uint64_t src = SRC + rnd(PAGE / 8) * 8, dst = DST + rnd(PAGE / 8) * 8;
    uint32_t size = (any_size() + 7) / 8 * 8;
    uint32_t rate[] = { 0, 1, 3, 16, 200 }, one_in = rate[rnd(5)];

    desc_init(desc, DSA_OP_CR_DELTA, src, dst, size);
    memcpy(at(dst), at(src), size);
    for (unsigned i = 0; one_in && i < size; i += 8) {
        at(dst)[i + rnd(8)] ^= rnd(one_in) ? 0 : 0x10;
    }
    put(desc + 40, 8, THIRD + rnd(PAGE));
    put(desc + 48, 4, rnd(3) ? 80 + size / 8 * 10 : 80 + rnd(1000));
    put(desc + 4, 3, BASE_FLAGS | (rnd(2) ? DSA_FLAG_CR : 0));
    desc[56] = rnd(256);
}

static void gen_apply_delta(uint8_t *desc)
{
    uint64_t src = SRC + rnd(PAGE), dst = DST + rnd(PAGE / 8) * 8;
    uint32_t size = (any_size() + 7) / 8 * 8, n = 0, off = rnd(4);
    uint32_t step = 1 + rnd(5);

    desc_init(desc, DSA_OP_AP_DELTA, src, dst, size);
    do {
        put(at(src) + 10 * n++, 2, off);
        off += 1 + rnd(step);
    } while (off < size / 8);
    if (!rnd(6)) {
        put(at(src) + 10 * rnd(n), 2, rnd(size / 4));
    } else if (n > 1 && !rnd(6)) {
        off = 10 * rnd(n - 1);
        put(at(src) + off + 10, 2, get(at(src) + off, 2));
    }
    put(desc + 40, 4, 10 * n);
}

static void gen_crc(uint8_t *desc, uint8_t opcode)
{
    uint32_t flags = BASE_FLAGS | rnd(8) * SEED_FLAG;

    desc_init(desc, opcode, SRC + rnd(PAGE),
              opcode == DSA_OP_COPY_CRC ? DST + rnd(PAGE) : 0, any_size());
    put(desc + 4, 3, flags);
    if (flags & SEED_FLAG) {
        put(desc + 48, 8, THIRD + rnd(PAGE) * 4);
    } else {
        put(desc + 40, 4, rnd(2) ? rnd(UINT32_MAX) : 0);
    }
}

/* Give the source of the DIF descriptor @desc fields that are right */
static void gen_dif_source(uint8_t *desc, uint32_t blocks, uint32_t len)
{
    uint8_t *p = at(get(desc + 16, 8)), field[8];

    for (uint32_t i = 0; i < blocks; i++, p += len + 8) {
        uint16_t guard = ref_crc_t10(desc[42] & 4 ? 0xffff : 0, p, len);
        uint16_t app = get(desc + 54, 2) + (desc[40] & 0x10 ? i : 0);
        uint32_t ref = get(desc + 48, 4) + (desc[40] & 0x80 ? 0 : i);

        /* what is masked does not count */
        app ^= rnd(65536) & get(desc + 52, 2);
        put(field, 4, ref);
        put(field + 4, 2, app);
        put(field + 6, 2, desc[42] & 8 ? ~guard : guard);
        for (unsigned k = 0; k < 8; k++) {
            p[len + k] = field[7 - k];
        }
        if (!rnd(8)) {
            unsigned first[] = { 0, 2, 4 }, k = first[rnd(3)];

            memset(p + len + k, 0xff, k == 4 ? 2 : 8 - k);
        }
    }
    if (!rnd(3)) {
        at(get(desc + 16, 8))[rnd(blocks * (len + 8))] ^= 1 << rnd(8);
    }
}

static void gen_dif(uint8_t *desc, uint8_t opcode)
{
    static const uint32_t sizes[] = { 512, 520, 4096, 4104 };
    uint32_t which = rnd(4), len = sizes[which];
    uint32_t blocks = 1 + rnd(which < 2 ? 12 : 3);
    bool insert = opcode == DSA_OP_DIF_INSERT;

    desc_init(desc, opcode, SRC + rnd(PAGE),
              opcode == DSA_OP_DIF_CHECK ? 0 : DST + rnd(PAGE),
              blocks * (insert ? len : len + 8));
    desc[42] = which | rnd(4) << 2;
    if (!insert) {
        desc[40] = rnd(256);
        put(desc + 48, 4, rnd(2) ? UINT32_MAX - rnd(5) : rnd(UINT32_MAX));
        put(desc + 52, 2, rnd(2) ? 0 : rnd(65536));
        put(desc + 54, 2, rnd(2) ? 0xfffc : rnd(65536));
        gen_dif_source(desc, blocks, len);
    }
    if (insert || opcode == DSA_OP_DIF_UPDATE) {
        desc[41] = rnd(256) & (insert ? 0x90 : 0xf8);
        put(desc + 56, 4, rnd(UINT32_MAX));
        put(desc + 60, 2, rnd(2) ? 0 : rnd(65536));
        put(desc + 62, 2, rnd(65536));
    }
}

/* A valid descriptor of @opcode at random, with fitting memory */
static void gen(uint8_t *desc, uint8_t opcode)
{
    uint64_t dst = DST + rnd(PAGE);

    switch (opcode) {
    case DSA_OP_NOOP:
        desc_init(desc, opcode, 0, 0, 0);
        break;
    case DSA_OP_MEMMOVE:
        gen_memmove(desc);
        break;
    case DSA_OP_FILL:
        desc_init(desc, opcode, rng_state, dst, any_size());
        break;
    case DSA_OP_COMPARE:
        gen_compare(desc);
        break;
    case DSA_OP_COMPVAL:
        gen_compval(desc);
        break;
    case DSA_OP_CR_DELTA:
        gen_create_delta(desc);
        break;
    case DSA_OP_AP_DELTA:
        gen_apply_delta(desc);
        break;
    case DSA_OP_DUALCAST:
        desc_init(desc, opcode, SRC + rnd(PAGE), dst, any_size());
        put(desc + 40, 8, dst + 20 * PAGE);
        break;
    case DSA_OP_CRCGEN:
    case DSA_OP_COPY_CRC:
        gen_crc(desc, opcode);
        break;
    case DSA_OP_CFLUSH:
        desc_init(desc, opcode, 0, dst, any_size());
        break;
    default:
        gen_dif(desc, opcode);
    }
}

/* Running them */

static char why[200];

/* Make @desc say what is left to do after @t stopped at a fault */
static void resume(uint8_t *desc, const DSATask *t)
{
    uint32_t n = t->bytes_completed;
    uint8_t in = desc[7] == DSA_OP_DIF_INSERT ? 0 : 8, pattern[8];
    static const uint16_t sizes[] = { 512, 520, 4096, 4104 };
    uint32_t len = sizes[desc[42] & 3], pat = desc[7] == DSA_OP_FILL ? 16 : 24;

    if (desc[7] == DSA_OP_AP_DELTA) {
        put(desc + 16, 8, get(desc + 16, 8) + n);
        put(desc + 40, 4, get(desc + 40, 4) - n);
        return;
    }
    put(desc + 32, 4, get(desc + 32, 4) - n);
    switch (desc[7]) {
    case DSA_OP_MEMMOVE:
        if (t->result) {
            return;
        }
        break;
    case DSA_OP_FILL:
    case DSA_OP_COMPVAL:
        for (unsigned i = 0; i < 8; i++) {
            pattern[i] = desc[pat + (n + i) % 8];
        }
        memcpy(desc + pat, pattern, 8);
        put(desc + 40 - pat, 8, get(desc + 40 - pat, 8) + n);
        return;
    case DSA_OP_CR_DELTA:
        put(desc + 40, 8, get(desc + 40, 8) + get(t->op_result, 4));
        put(desc + 48, 4, get(desc + 48, 4) - get(t->op_result, 4));
        break;
    case DSA_OP_DUALCAST:
        put(desc + 40, 8, get(desc + 40, 8) + n);
        break;
    case DSA_OP_CRCGEN:
    case DSA_OP_COPY_CRC:
        if (n) {
            desc[6] &= ~1;
            put(desc + 48, 8, 0);
            put(desc + 40, 4, get(t->op_result, 4));
        }
        break;
    case DSA_OP_DIF_CHECK ... DSA_OP_DIF_UPDATE:
        if (in) {
            memcpy(desc + 48, t->op_result, 8);
        }
        if (desc[7] == DSA_OP_DIF_INSERT || desc[7] == DSA_OP_DIF_UPDATE) {
            memcpy(desc + 56, t->op_result + 8, 8);
        }
        put(desc + 16, 8, get(desc + 16, 8) + n);
        if (desc[7] != DSA_OP_DIF_CHECK) {
            n = n / (len + in) * (len + (desc[7] == DSA_OP_DIF_STRIP ? 0 : 8));
            put(desc + 24, 8, get(desc + 24, 8) + n);
        }
        return;
    }
    if (desc[7] != DSA_OP_CFLUSH) {
        put(desc + 16, 8, get(desc + 16, 8) + n);
    }
    if (desc[7] != DSA_OP_CRCGEN) {
        put(desc + 24, 8, get(desc + 24, 8) + n);
    }
}

typedef struct Sum {
    uint32_t bytes;     /* complete before the last submission */
    uint32_t delta;     /* bytes of the delta record */
} Sum;

/* Deltas of a part begin at its own offset zero: count from the first's */
static void rebase_delta(const uint8_t *desc, const DSATask *t, Sum *sum)
{
    uint8_t *rec = at(get(desc + 40, 8));
    uint32_t size = get(t->op_result, 4);

    for (uint32_t i = 0; i < size; i += 10) {
        put(rec + i, 2, get(rec + i, 2) + sum->bytes / 8);
    }
    sum->delta += size;
}

/*
 * Run @desc to its end in steps of @budget.  A fault makes the page present;
 * then, if @partial, what is left is submitted anew, else the task goes on.
 */
static bool run(DSATask *t, const uint8_t *orig, size_t budget, bool partial,
                Sum *sum)
{
    uint8_t desc[DSA_DESC_SIZE];
    unsigned steps = 0;

    memset(sum, 0, sizeof(*sum));
    memcpy(desc, orig, sizeof(desc));
    task_init(t, desc);
    for (;;) {
        size_t used = ~0ul;
        DSAStep step = dsa_op_step(t, budget, &used);

        if (used > budget + 9000 || steps++ > 200000) {
            snprintf(why, sizeof(why), "step %u used %zu of %zu", steps, used,
                     budget);
            return false;
        }
        if (step == DSA_STEP_MORE) {
            continue;
        }
        if (desc[7] == DSA_OP_CR_DELTA && (partial || step == DSA_STEP_DONE)) {
            rebase_delta(desc, t, sum);
        }
        if (step == DSA_STEP_DONE) {
            return true;
        }
        mock.faults++;
        mock.absent[(t->fault_va - ARENA_VA) / PAGE] = false;
        if (partial) {
            sum->bytes += t->bytes_completed;
            resume(desc, t);
            task_init(t, desc);
        }
    }
}

static bool same_memory(const uint8_t *want)
{
    unsigned i = 0;

    if (!memcmp(mock.mem, want, ARENA_SIZE)) {
        return true;
    }
    while (mock.mem[i] == want[i]) {
        i++;
    }
    snprintf(why, sizeof(why), "memory differs at page %u + 0x%x", i / PAGE,
             i % PAGE);
    return false;
}

/* Whether the end of @t is that of @want; parts before it are in @sum */
static bool same_result(const DSATask *t, const RefResult *want, const Sum *sum)
{
    uint8_t op[16], result = t->result;
    uint32_t bytes = t->bytes_completed;

    memcpy(op, t->op_result, 16);
    if (sum->bytes && bytes) {
        bytes += sum->bytes;
    }
    if (sum->bytes && !bytes && want->bytes) {
        bytes = sum->bytes;     /* stopped at the very first byte of the rest */
    }
    if (t->opcode == DSA_OP_CR_DELTA) {
        put(op, 4, sum->delta);
        result = result == 0 && sum->delta ? 1 : result;
    }
    snprintf(why, sizeof(why), "status 0x%x/0x%x result %u/%u bytes %u/%u "
             "op %llx %llx/%llx %llx", t->status, want->status, result,
             want->result, bytes, want->bytes,
             (unsigned long long)get(op, 8), (unsigned long long)get(op + 8, 8),
             (unsigned long long)get(want->op, 8),
             (unsigned long long)get(want->op + 8, 8));
    return t->status == want->status && result == want->result &&
           bytes == want->bytes && !memcmp(op, want->op, 16);
}

static uint8_t before[ARENA_SIZE], after[ARENA_SIZE];

static bool run_and_compare(const uint8_t *desc, const RefResult *want,
                            size_t budget, bool partial)
{
    DSATask t;
    Sum sum;
    bool good;

    memcpy(mock.mem, before, ARENA_SIZE);
    good = run(&t, desc, budget, partial, &sum) &&
           same_memory(after) && same_result(&t, want, &sum);
    memset(mock.absent, 0, sizeof(mock.absent));
    mock.flaky = 0;
    return good;
}

/* What the reference makes of @desc, from the memory as it is */
static void prepare(const uint8_t *desc, RefResult *want)
{
    memcpy(before, mock.mem, ARENA_SIZE);
    memcpy(after, mock.mem, ARENA_SIZE);
    ref_run(desc, after, want);
}

/*
 * Whether @desc can be submitted in parts with the same outcome.  A delta
 * record made in parts may end sooner, and a new task knows neither whether an
 * earlier part differed nor the last offset that was applied.
 */
static bool can_resume(const uint8_t *desc, const RefResult *want)
{
    if (desc[7] == DSA_OP_CR_DELTA) {
        return get(desc + 48, 4) >= 80 + get(desc + 32, 4) / 8 * 10 &&
               !(desc[4] & DSA_FLAG_CR);
    }
    return desc[7] != DSA_OP_AP_DELTA || want->status == DSA_ST_SUCCESS;
}

/* One descriptor under all circumstances */
static bool try_all(const uint8_t *desc)
{
    static const size_t budgets[] = { 1, 64, 1000, 4096, 1 << 20 };
    RefResult want;

    prepare(desc, &want);
    for (unsigned i = 0; i < ARRAY_SIZE(budgets); i++) {
        if (!run_and_compare(desc, &want, budgets[i], false)) {
            return false;
        }
    }
    for (unsigned partial = 0; partial <= can_resume(desc, &want); partial++) {
        for (unsigned page = 0; page <= ARENA_PAGES; page++) {
            memset(mock.absent, page == ARENA_PAGES, sizeof(mock.absent));
            mock.absent[page % ARENA_PAGES] = true;
            if (!run_and_compare(desc, &want, 1 << 20, partial)) {
                return false;
            }
        }
        for (unsigned i = 0; i < 10; i++) {
            mock.flaky = 4;
            if (!run_and_compare(desc, &want, budgets[i % 5], partial)) {
                return false;
            }
        }
    }
    return true;
}

static void test_random(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
        char name[80], reason[300] = "";
        unsigned long faults = mock.faults;
        unsigned n;
        DSATask t;

        for (n = 0; n < 60 && !*reason; n++) {
            uint8_t desc[DSA_DESC_SIZE];

            fill_random();
            gen(desc, opcodes[i]);
            task_init(&t, desc);
            if (dsa_op_check(NULL, &t)) {
                snprintf(reason, sizeof(reason), "#%u: refused", n);
            } else if (!try_all(desc)) {
                snprintf(reason, sizeof(reason), "#%u: %s", n, why);
            }
        }
        snprintf(name, sizeof(name), "opcode 0x%x: as the reference, "
                 "%lu faults", opcodes[i], mock.faults - faults);
        ok(!*reason, name, reason);
    }
}

/* Every distance and alignment around a page boundary, with faults */
static bool overlap_one(unsigned from, int distance, unsigned size)
{
    uint8_t desc[DSA_DESC_SIZE];
    uint64_t src = SRC + PAGE - 32 + from;
    RefResult want;

    desc_init(desc, DSA_OP_MEMMOVE, src, src + distance, size);
    prepare(desc, &want);
    for (unsigned mode = 0; mode < 6; mode++) {
        mock.flaky = mode > 1 ? 3 : 0;
        if (!run_and_compare(desc, &want, mode & 1 ? 1 : 1 << 20, mode & 1)) {
            return false;
        }
    }
    return true;
}

static void test_overlap(void)
{
    bool good = true;

    fill_random();
    for (unsigned from = 0; good && from < 16; from++) {
        for (int distance = -16; good && distance <= 16; distance++) {
            static const unsigned sizes[] = {
                1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 200, 4096,
                4097, 9000,
            };

            for (unsigned i = 0; good && i < ARRAY_SIZE(sizes); i++) {
                good = overlap_one(from, distance, sizes[i]);
                memcpy(mock.mem, before, ARENA_SIZE);
            }
        }
    }
    ok(good, "memory move: overlaps of up to 16 bytes either way", why);
}

/* Vectors that others have published */

static uint32_t crc32c_of(const void *data, uint32_t size)
{
    uint8_t desc[DSA_DESC_SIZE];
    DSATask t;
    Sum sum;

    memcpy(at(SRC), data, size);
    desc_init(desc, DSA_OP_CRCGEN, SRC, 0, size);
    return run(&t, desc, 1 << 20, false, &sum) ? get(t.op_result, 4) : 0;
}

/* RFC 3720, B.4, and the check value of CRC-32C */
static void test_crc32c(void)
{
    uint8_t up[32], down[32], ones[32];

    for (unsigned i = 0; i < 32; i++) {
        up[i] = i;
        down[i] = 31 - i;
        ones[i] = 0xff;
    }
    ok(crc32c_of("123456789", 9) == 0xe3069283, "CRC-32C: check value", "");
    ok(crc32c_of(ones, 32) == 0x62a8ab43, "CRC-32C: 32 bytes of ones", "");
    ok(crc32c_of(up, 32) == 0x46dd794e, "CRC-32C: 32 bytes incrementing", "");
    ok(crc32c_of(down, 32) == 0x113fdb5c, "CRC-32C: 32 bytes decrementing", "");
    memset(ones, 0, 32);
    ok(crc32c_of(ones, 32) == 0x8a9136aa, "CRC-32C: 32 bytes of zeros", "");
}

/* Zeros in front do not change a CRC that begins at zero */
static void test_t10(void)
{
    static const uint8_t want[8] = {
        0xd0, 0xdb, 0xfa, 0xce, 0x00, 0x00, 0xab, 0xba,
    };
    uint8_t desc[DSA_DESC_SIZE];
    DSATask t;
    Sum sum;

    memset(at(SRC), 0, 503);
    memcpy(at(SRC) + 503, "123456789", 9);
    desc_init(desc, DSA_OP_DIF_INSERT, SRC, DST, 512);
    put(desc + 56, 4, 0xabba);
    put(desc + 62, 2, 0xface);
    ok(run(&t, desc, 1 << 20, false, &sum) && !memcmp(at(DST) + 512, want, 8),
       "T10 DIF: check value, byte order", "");
}

/* Chained by its result, a CRC is that of the whole */
static void test_crc_chain(void)
{
    uint8_t desc[DSA_DESC_SIZE];
    bool good = true;
    DSATask t;
    Sum sum;

    for (unsigned cut = 1; cut < 9; cut++) {
        desc_init(desc, DSA_OP_CRCGEN, SRC, 0, 9 - cut);
        put(desc + 40, 4, crc32c_of("123456789", cut));
        memcpy(at(SRC), "123456789" + cut, 9 - cut);
        good = good && run(&t, desc, 1, false, &sum) &&
               get(t.op_result, 4) == 0xe3069283;
    }
    ok(good, "CRC-32C: chained", "");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    set_may_block(true);
    test_crc32c();
    test_crc_chain();
    test_t10();
    test_check();
    test_overlap();
    test_random();
    printf("1..%u\n", tests);
    return failures != 0;
}
