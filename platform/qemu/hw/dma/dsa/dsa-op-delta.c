// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Create and Apply Delta Record.  A record is a sequence of deltas of ten
 * bytes: an offset in units of eight bytes, little endian, and the eight bytes
 * that are to be there.
 */
#include "qemu/osdep.h"
#include "dsa-op-impl.h"

#define DELTA_SIZE          10
#define DELTA_UNIT          8
#define DELTA_MAX_TRANSFER  0x80000     /* what 16 bits of offset reach */
#define DELTA_MIN_RECORD    80          /* the deltas of one cache line */

/* Descriptor */
#define DELTA_D_RECORD      40          /* Create: address of the record */
#define DELTA_D_MAX_SIZE    48          /* Create: bytes that it may have */
#define DELTA_D_EXPECTED    56          /* Create: a bit for each result */
#define DELTA_D_SIZE        40          /* Apply: bytes that it has */

/* Create: results */
enum { DELTA_EQUAL, DELTA_DIFFER, DELTA_OVERFLOW };

static uint8_t dsa_check_delta(const DSATask *t)
{
    uint64_t src = dsa_desc_u64(t, DSA_D_SRC);
    uint64_t dst = dsa_desc_u64(t, DSA_D_DST);
    uint32_t size = dsa_desc_u32(t, DSA_D_SIZE);
    bool create = t->opcode == DSA_OP_CR_DELTA;

    if (size > DELTA_MAX_TRANSFER) {
        return DSA_ST_XFER_RANGE;
    }
    if (((create ? src : 0) | dst | size) % DELTA_UNIT) {
        return DSA_ST_ADDR_ALIGN;
    }
    return 0;
}

uint8_t dsa_check_create_delta(const DSATask *t)
{
    uint64_t record = dsa_desc_u64(t, DELTA_D_RECORD);
    uint32_t max = dsa_desc_u32(t, DELTA_D_MAX_SIZE);
    uint32_t size = dsa_desc_u32(t, DSA_D_SIZE);
    uint8_t status = dsa_check_delta(t);

    if (status) {
        return status;
    }
    if (max < DELTA_MIN_RECORD) {
        return DSA_ST_DELTA_SIZE_RANGE;
    }
    if (dsa_overlap(dsa_desc_u64(t, DSA_D_SRC), size, record, max) ||
        dsa_overlap(dsa_desc_u64(t, DSA_D_DST), size, record, max)) {
        return DSA_ST_OVERLAP;
    }
    return 0;
}

uint8_t dsa_check_apply_delta(const DSATask *t)
{
    uint32_t len = dsa_desc_u32(t, DELTA_D_SIZE);
    uint8_t status = dsa_check_delta(t);

    if (status) {
        return status;
    }
    if (!len || len % DELTA_SIZE) {
        return DSA_ST_DELTA_SIZE_RANGE;
    }
    if (dsa_overlap(dsa_desc_u64(t, DSA_D_SRC), len,
                    dsa_desc_u64(t, DSA_D_DST), dsa_desc_u32(t, DSA_D_SIZE))) {
        return DSA_ST_OVERLAP;
    }
    return 0;
}

/* Enter result and size of the record, which is op_state[0], in @t */
static void dsa_delta_publish(DSATask *t, uint8_t result)
{
    t->result = result;
    stl_le_p(t->op_result, t->op_state[0]);
}

static DSAStep dsa_delta_done(DSATask *t, uint8_t result)
{
    dsa_delta_publish(t, result);
    t->bytes_completed = result == DELTA_OVERFLOW ? t->op_pos : 0;
    if ((t->flags & DSA_FLAG_CR) &&
        !(t->desc[DELTA_D_EXPECTED] >> result & 1)) {
        return dsa_op_done(t, DSA_ST_SUCCESS_PRED);
    }
    return dsa_op_done(t, DSA_ST_SUCCESS);
}

static DSAStep dsa_delta_fault(DSATask *t)
{
    dsa_delta_publish(t, t->op_state[0] ? DELTA_DIFFER : DELTA_EQUAL);
    return DSA_STEP_FAULT;
}

/*
 * Put into @rec the deltas that turn @a into @b.  @n gets the bytes compared,
 * fewer than were given if the record is full.  Returns the bytes put.
 */
static size_t dsa_delta_diff(const DSATask *t, const uint8_t *a,
                             const uint8_t *b, size_t *n, uint8_t *rec)
{
    size_t room = dsa_desc_u32(t, DELTA_D_MAX_SIZE) - t->op_state[0];
    size_t len = 0;

    for (size_t i = 0; i < *n; i += DELTA_UNIT) {
        if (!memcmp(a + i, b + i, DELTA_UNIT)) {
            continue;
        }
        if (len + DELTA_SIZE > room) {
            *n = i;
            break;
        }
        stw_le_p(rec + len, (t->op_pos + i) / DELTA_UNIT);
        memcpy(rec + len + 2, b + i, DELTA_UNIT);
        len += DELTA_SIZE;
    }
    return len;
}

DSAStep dsa_step_create_delta(DSATask *t, size_t max, size_t *moved)
{
    uint8_t a[DSA_CHUNK], b[DSA_CHUNK];
    uint8_t rec[DSA_CHUNK / DELTA_UNIT * DELTA_SIZE];
    size_t n, len, put, compared;

    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, a,
                    ROUND_DOWN(dsa_op_left(t, max), DELTA_UNIT));
    if (n) {
        n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_DST) + t->op_pos, b, n);
    }
    if (!n) {
        return dsa_delta_fault(t);
    }
    compared = n;
    len = dsa_delta_diff(t, a, b, &compared, rec);
    put = len ? dsa_op_write(t, dsa_desc_u64(t, DELTA_D_RECORD) +
                             t->op_state[0], rec, len) : 0;
    if (put < len) {
        /* complete is what lies before the first delta that is not */
        put = QEMU_ALIGN_DOWN(put, DELTA_SIZE);
        t->op_state[0] += put;
        t->op_pos = (uint64_t)lduw_le_p(rec + put) * DELTA_UNIT;
        return dsa_delta_fault(t);
    }
    t->op_state[0] += len;
    if (dsa_op_advance(t, compared, moved) == DSA_STEP_MORE && compared == n) {
        return DSA_STEP_MORE;
    }
    return dsa_delta_done(t, compared < n ? DELTA_OVERFLOW :
                          t->op_state[0] ? DELTA_DIFFER : DELTA_EQUAL);
}

/* Apply the delta @rec; op_state[0] is the least offset that it may have */
static DSAStep dsa_delta_apply(DSATask *t, const uint8_t *rec, size_t *moved)
{
    uint64_t offset = lduw_le_p(rec);
    uint8_t bad = 0;

    if (offset < t->op_state[0]) {
        bad = DSA_ST_DELTA_OFFSET_NOINC;
    } else if (offset * DELTA_UNIT >= dsa_desc_u32(t, DSA_D_SIZE)) {
        bad = DSA_ST_DELTA_OFFSET_RANGE;
    }
    if (bad) {
        t->bytes_completed = t->op_pos;
        return dsa_op_done(t, bad);
    }
    if (!dsa_op_write(t, dsa_desc_u64(t, DSA_D_DST) + offset * DELTA_UNIT,
                      rec + 2, DELTA_UNIT)) {
        return DSA_STEP_FAULT;
    }
    t->op_state[0] = offset + 1;
    t->op_pos += DELTA_SIZE;
    *moved += DELTA_SIZE;
    return DSA_STEP_MORE;
}

DSAStep dsa_step_apply_delta(DSATask *t, size_t max, size_t *moved)
{
    uint32_t size = dsa_desc_u32(t, DELTA_D_SIZE);
    uint8_t rec[DSA_CHUNK];
    DSAStep ret = DSA_STEP_MORE;
    size_t n = QEMU_ALIGN_DOWN(MIN(max, size - t->op_pos), DELTA_SIZE);

    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, rec, n);
    if (n < DELTA_SIZE) {
        return DSA_STEP_FAULT;
    }
    for (size_t i = 0; i + DELTA_SIZE <= n && ret == DSA_STEP_MORE;
         i += DELTA_SIZE) {
        ret = dsa_delta_apply(t, rec + i, moved);
    }
    if (ret == DSA_STEP_MORE && t->op_pos == size) {
        ret = dsa_op_done(t, DSA_ST_SUCCESS);
    }
    return ret;
}
