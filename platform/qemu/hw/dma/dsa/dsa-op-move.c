// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that only move bytes: Memory Move, Fill, Dualcast, Cache Flush.
 */
#include "qemu/osdep.h"
#include "dsa-op-impl.h"

static DSAStep dsa_move_up(DSATask *t, uint64_t src, uint64_t dst, size_t max,
                           size_t *moved)
{
    uint8_t buf[DSA_CHUNK];
    size_t n;

    n = dsa_op_read(t, src + t->op_pos, buf, dsa_op_left(t, max));
    if (n) {
        n = dsa_op_write(t, dst + t->op_pos, buf, n);
    }
    return n ? dsa_op_advance(t, n, moved) : DSA_STEP_FAULT;
}

/*
 * From the end to the beginning.  A piece that crossed a page could fault with
 * its lower part written already, which may be source that is still to be
 * read; so no piece does.
 */
static DSAStep dsa_move_down(DSATask *t, uint64_t src, uint64_t dst, size_t max,
                             size_t *moved)
{
    uint8_t buf[DSA_CHUNK];
    uint64_t end = dsa_desc_u32(t, DSA_D_SIZE) - t->op_pos;
    size_t n = MIN(max, end);

    n = MIN(n, (src + end - 1) % DSA_PAGE + 1);
    n = MIN(n, (dst + end - 1) % DSA_PAGE + 1);
    if (!dsa_op_read(t, src + end - n, buf, n) ||
        !dsa_op_write(t, dst + end - n, buf, n)) {
        t->result = 1;
        return DSA_STEP_FAULT;
    }
    return dsa_op_advance(t, n, moved);
}

DSAStep dsa_step_memmove(DSATask *t, size_t max, size_t *moved)
{
    uint64_t src = dsa_desc_u64(t, DSA_D_SRC);
    uint64_t dst = dsa_desc_u64(t, DSA_D_DST);
    bool down = dst != src && dst - src < dsa_desc_u32(t, DSA_D_SIZE);

    return (down ? dsa_move_down : dsa_move_up)(t, src, dst, max, moved);
}

DSAStep dsa_step_fill(DSATask *t, size_t max, size_t *moved)
{
    uint8_t buf[DSA_CHUNK];
    size_t n = dsa_op_left(t, max);

    for (size_t i = 0; i < n; i++) {
        buf[i] = t->desc[DSA_D_SRC + (t->op_pos + i) % 8];
    }
    n = dsa_op_write(t, dsa_desc_u64(t, DSA_D_DST) + t->op_pos, buf, n);
    return n ? dsa_op_advance(t, n, moved) : DSA_STEP_FAULT;
}

uint64_t dsa_op_ahead(const DSATask *t)
{
    uint64_t size = dsa_desc_u32(t, DSA_D_SIZE), done;

    if (t->opcode != DSA_OP_FILL && t->opcode != DSA_OP_MEMMOVE) {
        return 0;
    }
    done = t->fault_va - dsa_desc_u64(t, t->fault_write ? DSA_D_DST :
                                                          DSA_D_SRC);
    return done < size ? size - done : 0;
}

uint8_t dsa_check_dualcast(const DSATask *t)
{
    uint64_t src = dsa_desc_u64(t, DSA_D_SRC);
    uint64_t dst1 = dsa_desc_u64(t, DSA_D_DST);
    uint64_t dst2 = dsa_desc_u64(t, DSA_D_DST2);
    uint32_t size = dsa_desc_u32(t, DSA_D_SIZE);

    if ((dst1 ^ dst2) & 0xfff) {
        return DSA_ST_DUALCAST_ALIGN;
    }
    if (dsa_overlap(src, size, dst1, size) ||
        dsa_overlap(src, size, dst2, size) ||
        dsa_overlap(dst1, size, dst2, size)) {
        return DSA_ST_OVERLAP;
    }
    return 0;
}

DSAStep dsa_step_dualcast(DSATask *t, size_t max, size_t *moved)
{
    uint8_t buf[DSA_CHUNK];
    size_t n;

    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_SRC) + t->op_pos, buf,
                    dsa_op_left(t, max));
    if (n) {
        n = dsa_op_write(t, dsa_desc_u64(t, DSA_D_DST) + t->op_pos, buf, n);
    }
    if (n) {
        n = dsa_op_write(t, dsa_desc_u64(t, DSA_D_DST2) + t->op_pos, buf, n);
    }
    return n ? dsa_op_advance(t, n, moved) : DSA_STEP_FAULT;
}

/* There is no cache to flush, but every page of the range is translated */
DSAStep dsa_step_cflush(DSATask *t, size_t max, size_t *moved)
{
    uint8_t buf[DSA_CHUNK];
    size_t n;

    n = dsa_op_read(t, dsa_desc_u64(t, DSA_D_DST) + t->op_pos, buf,
                    dsa_op_left(t, max));
    return n ? dsa_op_advance(t, n, moved) : DSA_STEP_FAULT;
}
