// SPDX-License-Identifier: GPL-2.0
/*
 * UMONITOR, UMWAIT and TPAUSE: deadlines, flags, faults, and a store that ends a
 * wait.  Touches its own memory; reads umwait_control in sysfs.
 */
#include "../kselftest_harness.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <x86intrin.h>
#include "guarded.h"
#include "cpu.h"

#define FOREVER (~0UL)

FIXTURE(waitpkg) {
	uint64_t *line;
};

FIXTURE_SETUP(waitpkg)
{
	if (!has_waitpkg())
		SKIP(return, "the CPU has no WAITPKG");
	catch_faults();
	self->line = (uint64_t *)pages_before_hole(1);
	/* so that no store of a test is a first touch */
	*self->line = 1;
}

FIXTURE_TEARDOWN(waitpkg)
{
}

static void run_umonitor(void *at)
{
	forget_fault();
	asm volatile(GUARDED("umonitor %0") : : "r" (at) : "r11", "memory");
}

/* Each returns the status flags after it; all of them were set before. */
static uint64_t run_umwait(uint32_t control, uint64_t deadline)
{
	uint64_t after;

	forget_fault();
	asm volatile(GUARDED_FLAGS("umwait %[control]")
		     : [after] "=&r" (after)
		     : [before] "r" (FLAGS_STATUS | 0x202), [control] "r" (control),
		       "a" ((uint32_t)deadline), "d" ((uint32_t)(deadline >> 32))
		     : "r11", "memory", "cc");
	return after & FLAGS_STATUS;
}

static uint64_t run_tpause(uint32_t control, uint64_t deadline)
{
	uint64_t after;

	forget_fault();
	asm volatile(GUARDED_FLAGS("tpause %[control]")
		     : [after] "=&r" (after)
		     : [before] "r" (FLAGS_STATUS | 0x202), [control] "r" (control),
		       "a" ((uint32_t)deadline), "d" ((uint32_t)(deadline >> 32))
		     : "r11", "memory", "cc");
	return after & FLAGS_STATUS;
}

/* The OS's limit in TSC ticks; 0: none. */
static uint64_t os_limit(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/umwait_control/max_time", "r");
	unsigned long limit = 0;

	if (f) {
		if (fscanf(f, "%lu", &limit) != 1)
			limit = 0;
		fclose(f);
	}
	return limit;
}

TEST_F(waitpkg, a_deadline_in_the_past_ends_it_at_once)
{
	EXPECT_EQ(0, run_tpause(0, 0));
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, run_tpause(1, __rdtsc()));
	EXPECT_NO_FAULT();
	run_umonitor(self->line);
	EXPECT_NO_FAULT();
	EXPECT_EQ(0, run_umwait(0, 0));
	EXPECT_NO_FAULT();
}

/* A wait may end early for reasons of the CPU's own, but not every time. */
TEST_F(waitpkg, waits_for_the_deadline)
{
	uint64_t ticks = 20000;
	int late = 0;

	if (os_limit() && os_limit() <= ticks)
		SKIP(return, "the OS's limit is too short");
	for (int i = 0; i < 100; i++) {
		uint64_t deadline = __rdtsc() + ticks;

		EXPECT_EQ(0, run_tpause(i & 1, deadline));
		late += __rdtsc() >= deadline;
	}
	EXPECT_LE(50, late);
}

TEST_F(waitpkg, the_limit_of_the_os_sets_carry)
{
	uint64_t limit = os_limit();
	int limited = 0;

	if (!limit)
		SKIP(return, "the OS has set no limit");
	for (int i = 0; i < 100; i++) {
		uint64_t start = __rdtsc();
		uint64_t flags = run_tpause(0, FOREVER);

		EXPECT_EQ(0, flags & ~FLAG_CF);
		if (flags & FLAG_CF) {
			EXPECT_LE(limit & ~3UL, __rdtsc() - start);
			limited++;
		}
	}
	EXPECT_LE(50, limited);

	for (int i = limited = 0; i < 100; i++) {
		run_umonitor(self->line);
		limited += run_umwait(0, FOREVER) == FLAG_CF;
	}
	EXPECT_LE(50, limited);
}

TEST_F(waitpkg, a_store_since_umonitor_ends_it_at_once)
{
	for (uint64_t i = 2; i < 100; i++) {
		run_umonitor(self->line);
		__atomic_store_n(self->line + 7, i, __ATOMIC_RELEASE);
		/* not by the OS's limit, then */
		EXPECT_EQ(0, run_umwait(0, FOREVER));
	}
}

TEST_F(waitpkg, without_umonitor_it_does_not_wait)
{
	run_umonitor(self->line);
	run_umwait(0, 0);
	EXPECT_EQ(0, run_umwait(0, FOREVER));
	EXPECT_NO_FAULT();
}

/* Stores once the other side has begun to wait, however late that is. */
struct storer {
	uint64_t *line;
	int waits;
	uint64_t stored_at;
};

static void *store_later(void *arg)
{
	struct timespec delay = { .tv_nsec = 1000000 };
	struct storer *s = arg;

	do
		nanosleep(&delay, NULL);
	while (!__atomic_load_n(&s->waits, __ATOMIC_ACQUIRE));
	s->stored_at = __rdtsc();
	__atomic_store_n(s->line, 2, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F(waitpkg, another_cpu_ends_it)
{
	struct storer s = { .line = self->line };
	pthread_t thread;
	uint64_t seen;

	ASSERT_EQ(0, pthread_create(&thread, NULL, store_later, &s));
	for (;;) {
		run_umonitor(self->line);
		if (__atomic_load_n(self->line, __ATOMIC_ACQUIRE) == 2)
			break;
		__atomic_fetch_add(&s.waits, 1, __ATOMIC_RELEASE);
		run_umwait(0, FOREVER);
	}
	seen = __rdtsc();
	pthread_join(thread, NULL);
	TH_LOG("%d waits, seen %llu ticks after the store", s.waits,
	       (unsigned long long)(seen - s.stored_at));
}

TEST_F(waitpkg, reserved_control_bits)
{
	for (int bit = 1; bit < 32; bit++) {
		EXPECT_EQ(FLAGS_STATUS, run_tpause(1U << bit, 0));
		EXPECT_GP();
		EXPECT_EQ(FLAGS_STATUS, run_umwait(1U << bit, 0));
		EXPECT_GP();
	}
}

TEST_F(waitpkg, umonitor_faults_as_a_load)
{
	run_umonitor((uint8_t *)self->line + 4096);
	EXPECT_PF(SEGV_MAPERR, (uint8_t *)self->line + 4096);

	ASSERT_EQ(0, mprotect(self->line, 4096, PROT_READ));
	run_umonitor((uint8_t *)self->line + 3);
	EXPECT_NO_FAULT();

	ASSERT_EQ(0, mprotect(self->line, 4096, PROT_NONE));
	run_umonitor(self->line);
	EXPECT_PF(SEGV_ACCERR, self->line);

	run_umonitor((void *)0x8000000000000000);
	EXPECT_GP();
}

/* CR4.TSD: who may not read the TSC may not wait for it either. */
TEST_F(waitpkg, needs_the_tsc)
{
	ASSERT_EQ(0, prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	run_tpause(0, 0);
	EXPECT_GP();
	run_umwait(0, 0);
	EXPECT_GP();
	run_umonitor(self->line);
	EXPECT_NO_FAULT();
	ASSERT_EQ(0, prctl(PR_SET_TSC, PR_TSC_ENABLE));
}

TEST_F(waitpkg, undefined_forms)
{
	EXPECT_UNDEFINED("0xf0, 0x66, 0x0f, 0xae, 0xf1");	/* LOCK TPAUSE */
	EXPECT_UNDEFINED("0xf0, 0xf2, 0x0f, 0xae, 0xf1");	/* LOCK UMWAIT */
	EXPECT_UNDEFINED("0xf0, 0xf3, 0x0f, 0xae, 0xf1");	/* LOCK UMONITOR */
}

TEST_HARNESS_MAIN
