// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that share an address space: clone(CLONE_VM), with a stack of their
 * own that nobody frees.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "peer.h"

#define STACK_BYTES	(256 * 1024)

struct start {
	void (*fn)(void *arg);
	void *arg;
};

static int run(void *arg)
{
	struct start *start = arg;

	start->fn(start->arg);
	_exit(0);
}

pid_t peer_spawn(void (*fn)(void *arg), void *arg, bool vfork)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct start *start = (struct start *)stack;

	if (stack == MAP_FAILED)
		return -1;
	*start = (struct start){ .fn = fn, .arg = arg };
	return clone(run, stack + STACK_BYTES,
		     CLONE_VM | SIGCHLD | (vfork ? CLONE_VFORK : 0), start);
}

void peer_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}
