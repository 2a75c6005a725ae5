// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that compare memory with memory or with a pattern.
 */
#include "qemu/osdep.h"
#include "dsa-op-impl.h"

/* The comparison is over; if @differ, the byte at @t->op_pos is the first */
static DSAStep dsa_compare_done(DSATask *t, bool differ)
{
    bool expected = t->desc[DSA_D_RESULT] & 1;

    t->result = differ;
    t->bytes_completed = differ ? t->op_pos : 0;
    if ((t->flags & DSA_FLAG_CR) && differ != expected) {
        return dsa_op_done(t, DSA_ST_SUCCESS_PRED);
    }
    return dsa_op_done(t, DSA_ST_SUCCESS);
}

/* @a holds @n bytes from @t->op_pos on, @b what they are expected to be */
static DSAStep dsa_compare_chunk(DSATask *t, const uint8_t *a, const uint8_t *b,
                                 size_t n, size_t *moved)
{
    size_t same = 0;

    while (same < n && a[same] == b[same]) {
        same++;
    }
    if (dsa_op_advance(t, same, moved) == DSA_STEP_MORE && same == n) {
        return DSA_STEP_MORE;
    }
    return dsa_compare_done(t, same < n);
}

DSAStep dsa_step_compare(DSATask *t, size_t max, size_t *moved)
{
    uint8_t a[DSA_CHUNK], b[DSA_CHUNK];
    size_t n;

    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, a,
                    dsa_op_left(t, max));
    if (n) {
        n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_DST) + t->op_pos, b, n);
    }
    return n ? dsa_compare_chunk(t, a, b, n, moved) : DSA_STEP_FAULT;
}

DSAStep dsa_step_compval(DSATask *t, size_t max, size_t *moved)
{
    uint8_t a[DSA_CHUNK], b[DSA_CHUNK];
    size_t n;

    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, a,
                    dsa_op_left(t, max));
    for (size_t i = 0; i < n; i++) {
        b[i] = t->desc[DSA_D_DST + (t->op_pos + i) % 8];
    }
    return n ? dsa_compare_chunk(t, a, b, n, moved) : DSA_STEP_FAULT;
}
