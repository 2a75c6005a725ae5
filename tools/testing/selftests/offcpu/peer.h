/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that share an address space without being threads of each other.
 */
#ifndef SELFTESTS_OFFCPU_PEER_H
#define SELFTESTS_OFFCPU_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * peer_spawn() - run a function in a new process with the caller's mm
 * @fn: what it does; it exits with 0 if @fn returns.  No malloc(), no stdio:
 *	both are the caller's, which may be at them
 * @arg: for @fn
 * @vfork: as vfork() does, return only when the new process has gone or has
 *	another program
 *
 * Return: its process ID, or -1.
 */
pid_t peer_spawn(void (*fn)(void *arg), void *arg, bool vfork);

/** peer_adopt() - be the parent of all descendants whose own one has gone */
void peer_adopt(void);

#endif
