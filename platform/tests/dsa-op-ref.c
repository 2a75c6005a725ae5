// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plain implementation of DSA's data operations that dsa-op-test.c
 * compares with.  It shares no code and no names with the device model.
 */
#include <string.h>
#include "dsa-op-ref.h"

uint64_t get(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n--) {
        v = v << 8 | p[n];
    }
    return v;
}

void put(uint8_t *p, unsigned n, uint64_t v)
{
    for (; n--; v >>= 8) {
        *p++ = v;
    }
}

static uint64_t get_be(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n--) {
        v = v << 8 | *p++;
    }
    return v;
}

static void put_be(uint8_t *p, unsigned n, uint64_t v)
{
    for (; n--; v >>= 8) {
        p[n] = v;
    }
}

/* The memory that the descriptor's field at @off points to, if it does */
static uint8_t *buffer(uint8_t *mem, const uint8_t *desc, unsigned off)
{
    uint64_t where = get(desc + off, 8) - ARENA_VA;

    return where < ARENA_SIZE ? mem + where : NULL;
}

static uint32_t mirror(uint32_t v, int bits)
{
    uint32_t r = 0;

    for (; bits--; v >>= 1) {
        r = r << 1 | (v & 1);
    }
    return r;
}

uint32_t ref_crc32c(uint32_t crc, const uint8_t *p, uint32_t len, int reflect)
{
    while (len--) {
        crc ^= (reflect ? mirror(*p, 8) : *p) << 24;
        p++;
        for (int i = 0; i < 8; i++) {
            crc = crc & 0x80000000 ? crc << 1 ^ 0x1edc6f41 : crc << 1;
        }
    }
    return crc;
}

uint16_t ref_crc_t10(uint16_t crc, const uint8_t *p, uint32_t len)
{
    while (len--) {
        crc ^= *p++ << 8;
        for (int i = 0; i < 8; i++) {
            crc = crc & 0x8000 ? crc << 1 ^ 0x8bb7 : crc << 1;
        }
    }
    return crc;
}

static void ref_crc(const uint8_t *desc, const uint8_t *src, uint8_t *mem,
                    RefResult *res)
{
    uint32_t flags = get(desc + 4, 3);
    uint32_t len = get(desc + 32, 4);
    uint32_t crc = get(desc + 40, 4);

    if (flags & 0x10000) {
        crc = get(buffer(mem, desc, 48), 4);
    }
    if (!(flags & 0x20000)) {
        crc = mirror(~crc, 32);
    }
    crc = ref_crc32c(crc, src, len, !(flags & 0x40000));
    if (!(flags & 0x20000)) {
        crc = ~mirror(crc, 32);
    }
    put(res->op, 4, crc);
}

static void ref_compared(const uint8_t *desc, uint32_t same, RefResult *res)
{
    uint32_t flags = get(desc + 4, 3);

    res->result = same < get(desc + 32, 4);
    res->bytes = res->result ? same : 0;
    if ((flags & 0x80) && res->result != (desc[40] & 1)) {
        res->status = 2;
    }
}

static void ref_create_delta(const uint8_t *desc, uint8_t *mem, RefResult *res)
{
    const uint8_t *a = buffer(mem, desc, 16);
    const uint8_t *b = buffer(mem, desc, 24);
    uint8_t *rec = buffer(mem, desc, 40);
    uint32_t max = get(desc + 48, 4), len = 0;

    for (uint32_t i = 0; i < get(desc + 32, 4); i += 8) {
        if (get(a + i, 8) == get(b + i, 8)) {
            continue;
        }
        if (len + 10 > max) {
            res->result = 2;
            res->bytes = i;
            break;
        }
        res->result = 1;
        put(rec + len, 2, i / 8);
        put(rec + len + 2, 8, get(b + i, 8));
        len += 10;
    }
    put(res->op, 4, len);
    if ((get(desc + 4, 3) & 0x80) && !(desc[56] & 1 << res->result)) {
        res->status = 2;
    }
}

static void ref_apply_delta(const uint8_t *desc, uint8_t *mem, RefResult *res)
{
    const uint8_t *rec = buffer(mem, desc, 16);
    uint8_t *dst = buffer(mem, desc, 24);
    int last = -1;

    for (uint32_t i = 0; i < get(desc + 40, 4); i += 10) {
        int off = get(rec + i, 2);

        if (off <= last || off * 8u >= get(desc + 32, 4)) {
            res->status = off <= last ? 7 : 8;
            res->bytes = i;
            return;
        }
        put(dst + off * 8, 8, get(rec + i + 2, 8));
        last = off;
    }
}

/* Tags at @at in the descriptor after @n blocks, to @at - 48 in the record */
static void ref_tags(const uint8_t *desc, int at, uint32_t n, uint16_t *app,
                     uint32_t *ref, RefResult *res)
{
    uint8_t kind = desc[at == 48 ? 40 : 41];

    *ref = get(desc + at, 4) + (kind & 0x80 ? 0 : n);
    *app = get(desc + at + 6, 2) + (kind & 0x10 ? n : 0);
    put(res->op + at - 48, 4, *ref);
    put(res->op + at - 44, 2, get(desc + at + 4, 2));
    put(res->op + at - 42, 2, *app);
}

static int ref_dif_bad(const uint8_t *desc, const uint8_t *p, uint32_t len,
                       uint16_t guard, uint16_t app, uint32_t ref)
{
    uint8_t f = desc[40];
    uint16_t care = ~get(desc + 52, 2);
    int bad = 0;

    if ((f & 2) && get(p + len, 8) == UINT64_MAX) {
        return f & 1 ? 8 : 0;
    }
    if ((f & 8) && get_be(p + len + 2, 6) == 0xffffffffffff) {
        return 0;
    }
    if ((f & 4) && get_be(p + len + 2, 2) == 0xffff) {
        return 0;
    }
    bad |= !(f & 0x20) && get_be(p + len, 2) != guard ? 1 : 0;
    bad |= (get_be(p + len + 2, 2) & care) != (app & care) ? 2 : 0;
    bad |= !(f & 0x40) && get_be(p + len + 4, 4) != ref ? 4 : 0;
    return bad;
}

static void ref_dif(const uint8_t *desc, uint8_t *mem, RefResult *res)
{
    static const int sizes[] = { 512, 520, 4096, 4104 };
    int op = desc[7], len = sizes[desc[42] & 3];
    int in = op == 0x13 ? len : len + 8;
    int out = op == 0x14 ? len : len + 8;
    uint32_t count = get(desc + 32, 4) / in;
    const uint8_t *src = buffer(mem, desc, 16);
    uint8_t *dst = buffer(mem, desc, 24);

    for (uint32_t i = 0; i <= count; i++, src += in, dst += out) {
        uint16_t app, guard = desc[42] & 4 ? 0xffff : 0;
        uint32_t ref;

        guard = ref_crc_t10(guard, src, i < count ? len : 0);
        guard = desc[42] & 8 ? ~guard : guard;
        if (op != 0x13) {
            ref_tags(desc, 48, i, &app, &ref, res);
            res->result = i < count ?
                ref_dif_bad(desc, src, len, guard, app, ref) : 0;
            if (res->result) {
                res->status = 9;
                res->bytes = i * in;
            }
        }
        if (op == 0x13 || op == 0x15) {
            ref_tags(desc, 56, i, &app, &ref, res);
        }
        if (i == count || res->result) {
            return;
        }
        if (op == 0x12) {
            continue;
        }
        memmove(dst, src, len);
        if (op == 0x14) {
            continue;
        }
        if (!(desc[41] & 0x20)) {
            put_be(dst + len, 2, guard);
        } else {
            memmove(dst + len, src + len, 2);
        }
        if (!(desc[41] & 0x08)) {
            put_be(dst + len + 2, 2, app & ~get(desc + 60, 2));
        } else {
            memmove(dst + len + 2, src + len + 2, 2);
        }
        if (!(desc[41] & 0x40)) {
            put_be(dst + len + 4, 4, ref);
        } else {
            memmove(dst + len + 4, src + len + 4, 4);
        }
    }
}

void ref_run(const uint8_t *desc, uint8_t *mem, RefResult *res)
{
    uint8_t *src = buffer(mem, desc, 16);
    uint8_t *dst = buffer(mem, desc, 24);
    uint32_t len = get(desc + 32, 4), i;

    memset(res, 0, sizeof(*res));
    res->status = 1;
    switch (desc[7]) {
    case 0x03:
        memmove(dst, src, len);
        break;
    case 0x04:
        for (i = 0; i < len; i++) {
            dst[i] = desc[16 + i % 8];
        }
        break;
    case 0x05:
        i = 0;
        while (i < len && src[i] == dst[i]) {
            i++;
        }
        ref_compared(desc, i, res);
        break;
    case 0x06:
        i = 0;
        while (i < len && src[i] == desc[24 + i % 8]) {
            i++;
        }
        ref_compared(desc, i, res);
        break;
    case 0x07:
        ref_create_delta(desc, mem, res);
        break;
    case 0x08:
        ref_apply_delta(desc, mem, res);
        break;
    case 0x09:
        memmove(dst, src, len);
        memmove(buffer(mem, desc, 40), src, len);
        break;
    case 0x10:
        ref_crc(desc, src, mem, res);
        break;
    case 0x11:
        ref_crc(desc, src, mem, res);
        memmove(dst, src, len);
        break;
    case 0x12:
    case 0x13:
    case 0x14:
    case 0x15:
        ref_dif(desc, mem, res);
        break;
    }
}
