/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device's file may want of QEMU's header of this name when it is
 * compiled into a test without QEMU.
 */
#ifndef TEST_QEMU_OSDEP_H
#define TEST_QEMU_OSDEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN(a, b)               ((a) < (b) ? (a) : (b))
#define MAX(a, b)               ((a) > (b) ? (a) : (b))
/* The first is for powers of two only, as QEMU's is */
#define ROUND_DOWN(n, d)        ((n) & -(size_t)(d))
#define QEMU_ALIGN_DOWN(n, m)   ((n) / (m) * (m))
#define ARRAY_SIZE(x)           (sizeof(x) / sizeof((x)[0]))

#endif
