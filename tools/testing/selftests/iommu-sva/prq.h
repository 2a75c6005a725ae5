/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page request queue of a device's VT-d IOMMU, by its registers: a test can
 * keep its driver away, and make it full.  Nothing but the head and the mask of its
 * interrupt is written.
 */
#ifndef SELFTESTS_IOMMU_SVA_PRQ_H
#define SELFTESTS_IOMMU_SVA_PRQ_H

#include <stdbool.h>
#include <stdint.h>

struct prq {
	uint8_t *reg;	/* of the IOMMU */
	uint32_t mask;		/* of an offset in the queue */
};

/**
 * prq_open() - map the registers
 * @prq: overwritten
 * @device: dsa0
 *
 * Return: 0; -ENOENT: no VT-d, or no /dev/mem; -EOPNOTSUPP: the queue is off;
 * -errno.
 */
int prq_open(struct prq *prq, const char *device);

/** prq_close() - unmap them */
void prq_close(struct prq *prq);

/** prq_is_empty() - has the driver taken all requests? */
bool prq_is_empty(const struct prq *prq);

/** prq_overflowed() - has a request found it full, and the driver not seen that? */
bool prq_overflowed(const struct prq *prq);

/**
 * prq_hold() - have requests wait: the driver is not told
 * @prq: open
 *
 * A drain looks all the same.  Until prq_release(), which tells what came.
 */
void prq_hold(const struct prq *prq);

/** prq_release() - undo prq_hold() */
void prq_release(const struct prq *prq);

/**
 * prq_fill() - make the hardware think that the queue is full
 * @prq: open
 * @room: but for so many requests
 *
 * The one after them overflows.  If the hardware writes one meanwhile, or the
 * driver the head, it is not full; do it again then.
 */
void prq_fill(const struct prq *prq, unsigned int room);

/** prq_unfill() - take that back, unless a request has; none may be on its way */
void prq_unfill(const struct prq *prq);

#endif
