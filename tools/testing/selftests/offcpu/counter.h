/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words in memory that the engine of the off-CPU task sample counts in
 * (samples/offcpu): a device that keeps no file.
 */
#ifndef SELFTESTS_OFFCPU_COUNTER_H
#define SELFTESTS_OFFCPU_COUNTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In memory that the process shares with who looks at it. */
struct counter {
	atomic_ullong word;	/* what the engine stored last */
};

/** counter_load() - load the sample's module, or unload it; modprobe's status */
int counter_load(bool load);

/**
 * counter_start() - have the engine count, in the caller's name
 * @counter: where
 * @stores: up to that; 0: until it is told to stop
 * @pause_us: between two
 * @deaf: it obeys no command
 * @device: PCI device under whose PASID it works, "" without one
 *
 * Return: 0 or -errno.
 */
int counter_start(struct counter *counter, uint64_t stores, unsigned int pause_us,
		  bool deaf, const char *device);

/** counter_moves() - wait until it has counted on; false if it does not */
bool counter_moves(const struct counter *counter);

/** counter_stays() - write to it and see that nobody else does */
bool counter_stays(struct counter *counter);

#endif
