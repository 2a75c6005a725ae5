// SPDX-License-Identifier: GPL-2.0
/*
 * A descriptor works on the address space of who submitted it, whatever PASID
 * is in its first four bytes, and by whatever way it goes to the device.
 */
#include <signal.h>

#include "desc.h"
#include "insn.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define PAGE		4096
#define WAIT_MS		5000
#define PASIDS		64	/* from 1 on: more than we make */
#define SECRET		0x5e
#define OURS		0x0e

/* The same address in both processes, with different memory behind it. */
struct meeting {
	struct queue queue;
	uint8_t *page;
	atomic_int stage;	/* 1: the other one is bound; 2: it may look */
	int error;
	uint8_t seen;		/* what it found in its page at last */
};

FIXTURE(pasid) {
	struct portal portal;
	struct meeting *meeting;
	struct desc *desc;
	uint8_t *copy;
	pid_t other;
};

static void other_process(void *arg)
{
	struct meeting *meeting = arg;
	struct portal portal;

	memset(meeting->page, SECRET, PAGE);
	meeting->error = portal_open(&portal, &meeting->queue);
	meeting->stage = 1;
	if (!proc_wait_flag(&meeting->stage, 2, 10 * WAIT_MS))
		_exit(1);
	meeting->seen = meeting->page[0];
	portal_close(&portal);
}

FIXTURE_SETUP(pasid)
{
	struct meeting *meeting;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	meeting = proc_shared(sizeof(*meeting));
	self->meeting = meeting;
	self->desc = proc_shared(2 * sizeof(*self->desc));
	self->copy = proc_shared(PAGE);
	meeting->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, meeting->page);
	ASSERT_EQ(0, queue_find(&meeting->queue, false));
	self->other = proc_spawn(other_process, meeting);
	ASSERT_TRUE(proc_wait_flag(&meeting->stage, 1, WAIT_MS));
	ASSERT_EQ(0, meeting->error);
	ASSERT_EQ(0, portal_open(&self->portal, &meeting->queue));
	memset(meeting->page, OURS, PAGE);
}

FIXTURE_TEARDOWN(pasid)
{
	int status;

	self->meeting->stage = 2;
	proc_wait(self->other, WAIT_MS, &status);
	portal_close(&self->portal);
}

struct attempt {
	struct portal *portal;
	const struct dsa_hw_desc *desc;
};

static void enqcmd(void *arg)
{
	struct attempt *attempt = arg;

	insn_enqcmd(attempt->portal->reg, attempt->desc);
}

/* Let all that was submitted before come to its end. */
static bool drain(struct portal *portal, struct desc *desc)
{
	desc_init(desc, DSA_OPCODE_DRAIN);
	return portal_submit(portal, &desc->hw) >= 0 &&
	       desc_wait(&desc->record, WAIT_MS) == DSA_COMP_SUCCESS;
}

/* Bits 31:0 of what ENQCMD reads must be zero. */
TEST_F(pasid, enqcmd_refuses_one)
{
	struct attempt attempt = { &self->portal, &self->desc->hw };

	for (uint32_t pasid = 1; pasid < PASIDS; pasid++) {
		desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
		self->desc->hw.pasid = pasid;
		ASSERT_EQ(SIGSEGV, proc_signal_of(enqcmd, &attempt));
	}
	desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
	self->desc->hw.priv = 1;
	EXPECT_EQ(SIGSEGV, proc_signal_of(enqcmd, &attempt));
	self->desc->hw.priv = 0;
	self->desc->hw.rsvd = 1;
	EXPECT_EQ(SIGSEGV, proc_signal_of(enqcmd, &attempt));

	ASSERT_TRUE(drain(&self->portal, self->desc + 1));
	EXPECT_EQ(0, self->desc->record.status);
	EXPECT_EQ(0, self->copy[0]);
}

/* MOVDIR64B writes what it is given; a shared queue does not take it. */
TEST_F(pasid, shared_queue_ignores_movdir64b)
{
	for (uint32_t pasid = 0; pasid < PASIDS; pasid++) {
		desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
		self->desc->hw.pasid = pasid;
		insn_movdir64b(self->portal.reg, &self->desc->hw);
	}
	ASSERT_TRUE(drain(&self->portal, self->desc + 1));
	EXPECT_EQ(0, self->desc->record.status);
	EXPECT_EQ(0, self->copy[0]);
}

/* The members of a batch are in memory, where anyone can write anything. */
TEST_F(pasid, batch_members_cannot_have_their_own)
{
	struct desc *batch = self->desc + 1;
	struct dsa_hw_desc *list = proc_shared(PAGE);

	for (uint32_t pasid = 0; pasid < PASIDS; pasid += 2) {
		desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
		for (int i = 0; i < 2; i++) {
			list[i] = self->desc->hw;
			list[i].pasid = pasid + i;
			list[i].flags = 0;
			list[i].completion_addr = 0;
		}
		desc_batch(batch, list, 2);
		ASSERT_LE(0, portal_submit(&self->portal, &batch->hw));
		ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&batch->record, WAIT_MS));
		ASSERT_EQ(OURS, self->copy[0]);
		ASSERT_EQ(OURS, self->copy[PAGE - 1]);
	}
}

/* Nor does the other's memory change when we write to that address. */
TEST_F(pasid, writes_go_to_ones_own_memory)
{
	int status;

	desc_memfill(self->desc, self->meeting->page, 0, PAGE);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));
	EXPECT_EQ(0, self->meeting->page[0]);
	self->meeting->stage = 2;
	ASSERT_NE(0, proc_wait(self->other, WAIT_MS, &status));
	EXPECT_EQ(SECRET, self->meeting->seen);
}

/* write() goes through the kernel, which does not believe it either. */
TEST_F(pasid, write_does_not_pass_it_on)
{
	for (uint32_t pasid = 0; pasid < PASIDS; pasid++) {
		memset(self->copy, 0, PAGE);
		desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
		self->desc->hw.pasid = pasid;
		self->desc->hw.priv = 1;
		if (write(self->portal.fd, &self->desc->hw, 64) != 64)
			continue;
		ASSERT_EQ(DSA_COMP_SUCCESS,
			  desc_wait(&self->desc->record, WAIT_MS));
		ASSERT_EQ(OURS, self->copy[0]);
	}
}

/* A dedicated queue has a PASID of its own, whatever the descriptor says. */
TEST_F(pasid, dedicated_queue_knows_its_own)
{
	struct portal portal;
	struct queue queue;

	ASSERT_EQ(0, queue_find(&queue, true));
	ASSERT_EQ(0, portal_open(&portal, &queue));
	for (uint32_t pasid = 0; pasid < PASIDS; pasid++) {
		memset(self->copy, 0, PAGE);
		desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
		self->desc->hw.pasid = pasid;
		ASSERT_LE(0, portal_submit(&portal, &self->desc->hw));
		ASSERT_EQ(DSA_COMP_SUCCESS,
			  desc_wait(&self->desc->record, WAIT_MS));
		ASSERT_EQ(OURS, self->copy[0]);
	}
	portal_close(&portal);
}

TEST_HARNESS_MAIN
