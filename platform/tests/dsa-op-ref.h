/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second implementation of DSA's data operations, as plain as can be, to
 * compare the device model's with: one byte, one bit at a time, no faults.
 */
#ifndef DSA_OP_REF_H
#define DSA_OP_REF_H

#include <stdint.h>

/* The memory that descriptors of the test refer to */
#define ARENA_VA        0x7f1234560000ull
#define ARENA_PAGES     64
#define ARENA_SIZE      (ARENA_PAGES * 4096)

typedef struct RefResult {
    uint8_t status;
    uint8_t result;
    uint32_t bytes;
    uint8_t op[16];
} RefResult;

/* CRC-32C, in a register that is not reflected, of data that may be */
uint32_t ref_crc32c(uint32_t crc, const uint8_t *p, uint32_t len, int reflect);

/* CRC-16 of T10 */
uint16_t ref_crc_t10(uint16_t crc, const uint8_t *p, uint32_t len);

/* Run the descriptor @desc, which is valid, on @mem, the arena */
void ref_run(const uint8_t *desc, uint8_t *mem, RefResult *res);

/* Number fields, little endian */
uint64_t get(const uint8_t *p, unsigned n);
void put(uint8_t *p, unsigned n, uint64_t v);

#endif
