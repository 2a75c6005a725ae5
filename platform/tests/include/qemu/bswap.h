/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for QEMU's header of this name: loads and stores of a given
 * byte order, byte by byte, so that the host's order does not matter.
 */
#ifndef TEST_QEMU_BSWAP_H
#define TEST_QEMU_BSWAP_H

#include <stdint.h>

static inline uint64_t test_ld(const void *p, unsigned n, unsigned flip)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++) {
        v |= (uint64_t)((const uint8_t *)p)[i ^ flip] << 8 * i;
    }
    return v;
}

static inline void test_st(void *p, uint64_t v, unsigned n, unsigned flip)
{
    for (unsigned i = 0; i < n; i++) {
        ((uint8_t *)p)[i ^ flip] = v >> 8 * i;
    }
}

/* @flip turns byte i of a little endian number into that of a big endian one */
#define lduw_le_p(p)    ((uint16_t)test_ld(p, 2, 0))
#define ldl_le_p(p)     ((int)test_ld(p, 4, 0))
#define ldq_le_p(p)     test_ld(p, 8, 0)
#define lduw_be_p(p)    ((uint16_t)test_ld(p, 2, 1))
#define ldl_be_p(p)     ((int)test_ld(p, 4, 3))
#define stw_le_p(p, v)  test_st(p, v, 2, 0)
#define stl_le_p(p, v)  test_st(p, v, 4, 0)
#define stq_le_p(p, v)  test_st(p, v, 8, 0)
#define stw_be_p(p, v)  test_st(p, v, 2, 1)
#define stl_be_p(p, v)  test_st(p, v, 4, 3)

#endif
