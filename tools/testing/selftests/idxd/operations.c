// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that go right: each through ENQCMD on a shared and MOVDIR64B on a
 * dedicated queue, result compared byte by byte with what the CPU computes.
 */
#include "desc.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define BYTES		(64 * 1024)
#define WAIT_MS		5000
#define CRC32C_POLY	0x82f63b78	/* reflected */

FIXTURE(operations) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;	/* 16 of them */
	uint8_t *src, *dst, *dst2;
};

FIXTURE_VARIANT(operations) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(operations, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(operations, dedicated) { .dedicated = true };

FIXTURE_SETUP(operations)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(16 * sizeof(*self->desc));
	self->src = proc_shared(BYTES);
	self->dst = proc_shared(2 * BYTES);
	self->dst2 = proc_shared(2 * BYTES);
	for (int i = 0; i < BYTES; i++)
		self->src[i] = i * 7 + (i >> 8);
}

FIXTURE_TEARDOWN(operations)
{
	portal_close(&self->portal);
}

/* Submit and wait; the status. */
static int run(struct portal *portal, struct desc *desc)
{
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

static bool all_zero(const uint8_t *mem, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (mem[i])
			return false;
	return true;
}

TEST_F(operations, noop)
{
	desc_init(self->desc, DSA_OPCODE_NOOP);
	EXPECT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
}

/* All that it was told to move, and not one byte more. */
TEST_F(operations, memmove_sizes_and_offsets)
{
	static const unsigned int sizes[] = { 1, 63, 64, 4095, 4096, 4097, 40000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned int at = 1 + i * 61, n = sizes[i];

		memset(self->dst, 0, 2 * BYTES);
		desc_memmove(self->desc, self->dst + at, self->src + i, n);
		ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
		EXPECT_EQ(0, memcmp(self->dst + at, self->src + i, n));
		EXPECT_TRUE(all_zero(self->dst, at));
		EXPECT_TRUE(all_zero(self->dst + at + n, 2 * BYTES - at - n));
	}
}

/* If the device says that it can copy between overlapping buffers, it can. */
TEST_F(operations, memmove_overlapping)
{
	uint64_t caps = queue_attr_u64(self->queue.device, "gen_cap");

	memcpy(self->dst, self->src, BYTES);
	desc_memmove(self->desc, self->dst + 100, self->dst, BYTES / 2);
	if (caps & 2) {
		EXPECT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
		EXPECT_EQ(0, memcmp(self->dst + 100, self->src, BYTES / 2));
	} else {
		EXPECT_EQ(DSA_COMP_OVERLAP_BUFFERS, run(&self->portal, self->desc));
		EXPECT_EQ(0, memcmp(self->dst, self->src, BYTES));
	}
}

TEST_F(operations, fill)
{
	const uint64_t pattern = 0x0123456789abcdef;
	const uint8_t *byte = (const uint8_t *)&pattern;

	desc_memfill(self->desc, self->dst + 3, pattern, 1001);
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
	for (int i = 0; i < 1001; i++)
		ASSERT_EQ(byte[i % 8], self->dst[3 + i]);
	EXPECT_TRUE(all_zero(self->dst, 3));
	EXPECT_TRUE(all_zero(self->dst + 1004, BYTES));
}

TEST_F(operations, compare)
{
	memcpy(self->dst, self->src, BYTES);
	desc_memmove(self->desc, self->dst, self->src, BYTES);
	self->desc->hw.opcode = DSA_OPCODE_COMPARE;
	EXPECT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
	EXPECT_EQ(0, self->desc->record.result);

	self->dst[5000] ^= 1;
	self->desc->record.status = 0;
	EXPECT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
	EXPECT_EQ(1, self->desc->record.result);

	/* Who checks for equality is told that it is not so. */
	self->desc->record.status = 0;
	self->desc->hw.flags |= IDXD_OP_FLAG_CR;
	EXPECT_EQ(DSA_COMP_SUCCESS_PRED, run(&self->portal, self->desc));
}

TEST_F(operations, dualcast)
{
	desc_memmove(self->desc, self->dst + 128, self->src, 10000);
	self->desc->hw.opcode = DSA_OPCODE_DUALCAST;
	self->desc->hw.dest2 = (uintptr_t)self->dst2 + 128;
	EXPECT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
	EXPECT_EQ(0, memcmp(self->dst + 128, self->src, 10000));
	EXPECT_EQ(0, memcmp(self->dst2 + 128, self->src, 10000));
	EXPECT_TRUE(all_zero(self->dst2 + 10128, 1000));
}

/* Differences found in one place and applied in another make it the same. */
TEST_F(operations, delta_created_and_applied)
{
	uint8_t *delta = self->dst2;

	memcpy(self->dst, self->src, 4096);
	self->dst[8] ^= 0xff;
	self->dst[4095] ^= 0xff;
	desc_memmove(self->desc, self->dst, self->src, 4096);
	self->desc->hw.opcode = DSA_OPCODE_CR_DELTA;
	self->desc->hw.delta_addr = (uintptr_t)delta;
	self->desc->hw.max_delta_size = 800;
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
	EXPECT_EQ(1, self->desc->record.result);
	ASSERT_EQ(20, self->desc->record.delta_rec_size);

	memcpy(self->dst + BYTES, self->src, 4096);
	desc_memmove(self->desc + 1, self->dst + BYTES, delta, 4096);
	self->desc[1].hw.opcode = DSA_OPCODE_AP_DELTA;
	self->desc[1].hw.delta_rec_size = 20;
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc + 1));
	EXPECT_EQ(0, memcmp(self->dst + BYTES, self->dst, 4096));
}

static uint32_t crc32c(const uint8_t *mem, size_t size)
{
	uint32_t crc = 0xffffffff;

	while (size--) {
		crc ^= *mem++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLY : 0);
	}
	return ~crc;
}

TEST_F(operations, crc_and_copy)
{
	desc_memmove(self->desc, self->dst, self->src, 5555);
	self->desc->hw.opcode = DSA_OPCODE_COPY_CRC;
	self->desc->hw.crc_seed = 0;
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc));
	EXPECT_EQ(crc32c(self->src, 5555), (uint32_t)self->desc->record.crc_val);
	EXPECT_EQ(0, memcmp(self->dst, self->src, 5555));

	desc_memmove(self->desc + 1, NULL, self->src, 5555);
	self->desc[1].hw.opcode = DSA_OPCODE_CRCGEN;
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc + 1));
	EXPECT_EQ(crc32c(self->src, 5555), (uint32_t)self->desc[1].record.crc_val);
}

/* A drain ends only after what was submitted to its queue before it. */
TEST_F(operations, drain)
{
	struct desc *drain = self->desc + 8;

	for (int i = 0; i < 8; i++) {
		desc_memmove(self->desc + i, self->dst + i * 4096,
			     self->src + i * 4096, 4096);
		ASSERT_LE(0, portal_submit(&self->portal, &self->desc[i].hw));
	}
	desc_init(drain, DSA_OPCODE_DRAIN);
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, drain));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(DSA_COMP_SUCCESS, self->desc[i].record.status);
	EXPECT_EQ(0, memcmp(self->dst, self->src, 8 * 4096));
}

/* ---- batches ---- */

static const struct dsa_hw_desc *make_list(struct desc *desc, unsigned int count)
{
	struct dsa_hw_desc *list = proc_shared(4096);

	for (unsigned int i = 0; i < count; i++)
		list[i] = desc[i].hw;
	return list;
}

TEST_F(operations, batch)
{
	struct desc *batch = self->desc + 8;

	for (int i = 0; i < 8; i++)
		desc_memmove(self->desc + i, self->dst + i * 4096,
			     self->src + i * 4096, 4096);
	desc_batch(batch, make_list(self->desc, 8), 8);
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, batch));
	EXPECT_EQ(8, batch->record.bytes_completed);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(DSA_COMP_SUCCESS, self->desc[i].record.status);
	EXPECT_EQ(0, memcmp(self->dst, self->src, 8 * 4096));
}

/* One bad member: the batch says so, the others are done. */
TEST_F(operations, batch_with_a_bad_member)
{
	struct desc *batch = self->desc + 8;

	for (int i = 0; i < 4; i++)
		desc_memmove(self->desc + i, self->dst + i * 4096,
			     self->src + i * 4096, 4096);
	self->desc[2].hw.opcode = 0x3f;
	desc_batch(batch, make_list(self->desc, 4), 4);
	ASSERT_EQ(DSA_COMP_BATCH_FAIL, run(&self->portal, batch));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(i == 2 ? DSA_COMP_BAD_OPCODE : DSA_COMP_SUCCESS,
			  self->desc[i].record.status);
	EXPECT_EQ(0, memcmp(self->dst, self->src, 2 * 4096));
	EXPECT_TRUE(all_zero(self->dst + 2 * 4096, 4096));
	EXPECT_EQ(0, memcmp(self->dst + 3 * 4096, self->src + 3 * 4096, 4096));
}

/* With a fence, a member sees what those before it wrote. */
TEST_F(operations, batch_fence_orders)
{
	struct desc *batch = self->desc + 8;

	desc_memmove(self->desc, self->dst, self->src, BYTES);
	desc_memmove(self->desc + 1, self->dst2, self->dst, BYTES);
	self->desc[1].hw.flags |= IDXD_OP_FLAG_FENCE;
	desc_batch(batch, make_list(self->desc, 2), 2);
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, batch));
	EXPECT_EQ(0, memcmp(self->dst2, self->src, BYTES));
}

/* What follows a failed member behind a fence is not done. */
TEST_F(operations, batch_fence_stops_after_failure)
{
	struct desc *batch = self->desc + 8;

	desc_memmove(self->desc, self->dst, self->src, 4096);
	self->desc[0].hw.opcode = 0x3f;
	desc_memmove(self->desc + 1, self->dst + 4096, self->src, 4096);
	self->desc[1].hw.flags |= IDXD_OP_FLAG_FENCE;
	desc_batch(batch, make_list(self->desc, 2), 2);
	ASSERT_EQ(DSA_COMP_BATCH_FAIL, run(&self->portal, batch));
	EXPECT_EQ(DSA_COMP_BAD_OPCODE, self->desc[0].record.status);
	EXPECT_TRUE(all_zero(self->dst, 2 * 4096));
}

TEST_HARNESS_MAIN
