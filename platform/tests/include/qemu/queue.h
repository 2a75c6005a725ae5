/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stand-in for QEMU's header of this name: list members in structures. */
#ifndef TEST_QEMU_QUEUE_H
#define TEST_QEMU_QUEUE_H

#define QTAILQ_ENTRY(type)      struct { struct type *next, **prev; }

#endif
