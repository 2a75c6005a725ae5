// SPDX-License-Identifier: GPL-2.0
/*
 * A process dies while the device waits for a page of it, and nobody has told the
 * kernel so: the event of the page request queue is masked.  Its request must
 * have been answered all the same when another process gets its PASID, or that
 * one would be given the answer.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "../kselftest_harness.h"
#include "subject.h"
#include "tables.h"
#include "witness.h"

#define TEST_S		150
#define ATTEMPTS	50	/* to get the PASID that the first one had */
#define NOTHING_MS	100	/* in which a descriptor would be done */

enum { BEGINS, ASKS, FAILED };

struct user {
	atomic_int step;
	uint32_t pasid;
};

/* Has the device ask for a page, with nobody to hear it. */
static void ask(void *arg)
{
	struct user *user = arg;
	struct subject s;

	if (!subject_bind(&s)) {
		user->step = FAILED;
		return;
	}
	tables_set_register(TABLES_PECTL, TABLES_PECTL_MASKED);
	desc_memmove(s.desc, subject_page(&s, 3), s.mem, SUBJECT_PAGE);
	s.desc->hw.flags |= IDXD_OP_FLAG_BOF;
	user->pasid = s.pasid;
	if (portal_submit(&s.portal, &s.desc->hw) < 0 ||
	    desc_wait(&s.desc->record, NOTHING_MS) != -ETIMEDOUT)
		user->step = FAILED;
	else
		user->step = ASKS;
	pause();
}

static void come_after(void *arg)
{
	struct user *user = arg;
	struct subject s;

	user->pasid = subject_bind(&s) ? s.pasid : 0;
}

/* Has a process had @pasid after the first one? */
static bool is_reused(struct user *next, uint32_t pasid)
{
	int status;

	for (int i = 0; i < ATTEMPTS; i++) {
		/* A PASID goes with the mm, which an idle CPU may hold. */
		proc_visit_cpus();
		if (!proc_wait(proc_spawn(come_after, next), SUBJECT_WAIT_MS,
			       &status) || !next->pasid)
			return false;
		if (next->pasid == pasid)
			return true;
	}
	return false;
}

FIXTURE(answered) {
	struct user *first, *next;
};

FIXTURE_SETUP(answered)
{
	if (!witness_exists())
		SKIP(return, "not the emulated server");
	ASSERT_TRUE(tables_open());
	self->first = proc_shared(sizeof(*self->first));
	self->next = proc_shared(sizeof(*self->next));
	witness_forget();
}

FIXTURE_TEARDOWN(answered)
{
	tables_set_register(TABLES_PECTL, 0);
}

TEST_F_TIMEOUT(answered, before_the_pasid_is_reused, TEST_S)
{
	pid_t pid = proc_spawn(ask, self->first);
	int status;

	EXPECT_TRUE(proc_wait_flag(&self->first->step, ASKS, SUBJECT_WAIT_MS));
	EXPECT_EQ(ASKS, self->first->step);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_NE(0, proc_wait(pid, SUBJECT_WAIT_MS, &status));
	EXPECT_TRUE(is_reused(self->next, self->first->pasid));
	EXPECT_TRUE(witness_is_silent());
}

TEST_HARNESS_MAIN
