// SPDX-License-Identifier: GPL-2.0
/*
 * Every field of a descriptor that a user can get wrong: the status code is
 * the one that the DSA architecture specification gives it, and nothing is
 * written but the completion record.
 */
#include "desc.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define WAIT_MS		5000
#define BYTES		8192

/* Flags that only some operations know. */
#define FLAG_RESERVED	0x40
#define FLAG_CRC_SEED	0x010000

/* What is special about a case. */
enum change {
	AS_IT_IS,
	BEYOND_MAX_TRANSFER,	/* the size is one more than the queue allows */
	BEYOND_MAX_BATCH,
	MISALIGNED_LIST,
	DST2_UNLIKE_DST,	/* of dualcast: bits 11:0 differ */
	DST2_OVERLAPS_DST,
	MISALIGNED_SRC,
};

FIXTURE(invalid) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	struct dsa_hw_desc *list;
	uint8_t *src, *dst;
};

FIXTURE_VARIANT(invalid) {
	unsigned int opcode;
	uint32_t flags;		/* in addition to those that ask for a record */
	unsigned int byte;	/* offset of one to be made non-zero; 0: none */
	uint32_t size;		/* 0: 4096; the number of descriptors of a batch */
	bool size_zero;
	enum change change;
	int status;
};

/* Opcodes: never defined, not of this device, not for users */
FIXTURE_VARIANT_ADD(invalid, opcode_0x3f) {
	.opcode = 0x3f, .status = DSA_COMP_BAD_OPCODE,
};

FIXTURE_VARIANT_ADD(invalid, opcode_0x0b) {
	.opcode = 0x0b, .status = DSA_COMP_BAD_OPCODE,
};

FIXTURE_VARIANT_ADD(invalid, opcode_0xff) {
	.opcode = 0xff, .status = DSA_COMP_BAD_OPCODE,
};

/* Flags */
FIXTURE_VARIANT_ADD(invalid, flag_reserved) {
	.opcode = DSA_OPCODE_MEMMOVE, .flags = FLAG_RESERVED,
	.status = DSA_COMP_INVALID_FLAGS,
};

FIXTURE_VARIANT_ADD(invalid, flag_of_another_operation) {
	.opcode = DSA_OPCODE_MEMMOVE, .flags = FLAG_CRC_SEED,
	.status = DSA_COMP_INVALID_FLAGS,
};

FIXTURE_VARIANT_ADD(invalid, flag_fence_outside_batch) {
	.opcode = DSA_OPCODE_MEMMOVE, .flags = IDXD_OP_FLAG_FENCE,
	.status = DSA_COMP_INVALID_FLAGS,
};

FIXTURE_VARIANT_ADD(invalid, flag_check_result_of_memmove) {
	.opcode = DSA_OPCODE_MEMMOVE, .flags = IDXD_OP_FLAG_CR,
	.status = DSA_COMP_INVALID_FLAGS,
};

FIXTURE_VARIANT_ADD(invalid, flag_block_on_fault_of_noop) {
	.opcode = DSA_OPCODE_NOOP, .flags = IDXD_OP_FLAG_BOF,
	.status = DSA_COMP_INVALID_FLAGS,
};

FIXTURE_VARIANT_ADD(invalid, flag_cache_control_of_compare) {
	.opcode = DSA_OPCODE_COMPARE, .flags = IDXD_OP_FLAG_CC,
	.status = DSA_COMP_INVALID_FLAGS,
};

/* Reserved fields */
FIXTURE_VARIANT_ADD(invalid, reserved_byte_38) {
	.opcode = DSA_OPCODE_MEMMOVE, .byte = 38,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_39) {
	.opcode = DSA_OPCODE_MEMMOVE, .byte = 39,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_40) {
	.opcode = DSA_OPCODE_MEMMOVE, .byte = 40,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_63) {
	.opcode = DSA_OPCODE_MEMMOVE, .byte = 63,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_source_of_noop) {
	.opcode = DSA_OPCODE_NOOP, .byte = 16,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_size_of_noop) {
	.opcode = DSA_OPCODE_NOOP, .byte = 32,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_41_of_compare) {
	.opcode = DSA_OPCODE_COMPARE, .byte = 41,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_48_of_dualcast) {
	.opcode = DSA_OPCODE_DUALCAST, .byte = 48,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_44_of_crc) {
	.opcode = DSA_OPCODE_COPY_CRC, .byte = 44,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_byte_40_of_batch) {
	.opcode = DSA_OPCODE_BATCH, .size = 2, .byte = 40,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_VARIANT_ADD(invalid, reserved_source_of_cache_flush) {
	.opcode = DSA_OPCODE_CFLUSH, .byte = 16,
	.status = DSA_COMP_NOZERO_RESERVE,
};

/* Sizes and counts */
FIXTURE_VARIANT_ADD(invalid, size_zero) {
	.opcode = DSA_OPCODE_MEMMOVE, .size_zero = true,
	.status = DSA_COMP_XFER_ERANGE,
};

FIXTURE_VARIANT_ADD(invalid, size_zero_of_fill) {
	.opcode = DSA_OPCODE_MEMFILL, .size_zero = true,
	.status = DSA_COMP_XFER_ERANGE,
};

FIXTURE_VARIANT_ADD(invalid, size_beyond_queue) {
	.opcode = DSA_OPCODE_MEMMOVE, .change = BEYOND_MAX_TRANSFER,
	.status = DSA_COMP_XFER_ERANGE,
};

FIXTURE_VARIANT_ADD(invalid, batch_of_none) {
	.opcode = DSA_OPCODE_BATCH, .size_zero = true,
	.status = DSA_COMP_DESC_CNT_ERANGE,
};

FIXTURE_VARIANT_ADD(invalid, batch_of_one) {
	.opcode = DSA_OPCODE_BATCH, .size = 1,
	.status = DSA_COMP_DESC_CNT_ERANGE,
};

FIXTURE_VARIANT_ADD(invalid, batch_beyond_queue) {
	.opcode = DSA_OPCODE_BATCH, .change = BEYOND_MAX_BATCH,
	.status = DSA_COMP_DESC_CNT_ERANGE,
};

/* Alignment and overlap */
FIXTURE_VARIANT_ADD(invalid, batch_list_misaligned) {
	.opcode = DSA_OPCODE_BATCH, .size = 2, .change = MISALIGNED_LIST,
	.status = DSA_COMP_DESCLIST_ALIGN,
};

FIXTURE_VARIANT_ADD(invalid, delta_source_misaligned) {
	.opcode = DSA_OPCODE_CR_DELTA, .change = MISALIGNED_SRC,
	.status = DSA_COMP_ADDR_ALIGN,
};

FIXTURE_VARIANT_ADD(invalid, dualcast_destinations_unlike) {
	.opcode = DSA_OPCODE_DUALCAST, .change = DST2_UNLIKE_DST,
	.status = DSA_COMP_DCAST_ERR,
};

FIXTURE_VARIANT_ADD(invalid, dualcast_destinations_overlap) {
	.opcode = DSA_OPCODE_DUALCAST, .change = DST2_OVERLAPS_DST,
	.status = DSA_COMP_OVERLAP_BUFFERS,
};

/* Interrupts, which the driver does not let users have */
FIXTURE_VARIANT_ADD(invalid, flag_interrupt) {
	.opcode = DSA_OPCODE_MEMMOVE, .flags = IDXD_OP_FLAG_RCI,
	.status = DSA_COMP_INVALID_FLAGS,
};

FIXTURE_VARIANT_ADD(invalid, interrupt_handle_without_flag) {
	.opcode = DSA_OPCODE_MEMMOVE, .byte = 36,
	.status = DSA_COMP_NOZERO_RESERVE,
};

FIXTURE_SETUP(invalid)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(sizeof(*self->desc));
	self->list = proc_shared(4096);
	self->src = proc_shared(BYTES);
	self->dst = proc_shared(2 * BYTES);
	memset(self->src, 0x77, BYTES);
}

FIXTURE_TEARDOWN(invalid)
{
	portal_close(&self->portal);
}

/* A descriptor of that operation to which nobody could object. */
static void make_valid(struct desc *desc, unsigned int opcode, uint8_t *dst,
		       uint8_t *src, struct dsa_hw_desc *list)
{
	desc_memmove(desc, dst, src, 4096);
	desc->hw.opcode = opcode;
	switch (opcode) {
	case DSA_OPCODE_NOOP:
		desc_init(desc, opcode);
		break;
	case DSA_OPCODE_BATCH:
		desc_batch(desc, list, 2);
		break;
	case DSA_OPCODE_CR_DELTA:
		desc->hw.delta_addr = (uintptr_t)dst + BYTES;
		desc->hw.max_delta_size = 800;
		break;
	case DSA_OPCODE_DUALCAST:
		desc->hw.dest2 = (uintptr_t)dst + BYTES;
		break;
	case DSA_OPCODE_CFLUSH:
		desc->hw.src_addr = 0;
		break;
	}
}

static void apply(struct dsa_hw_desc *hw, const struct queue *queue,
		  enum change change)
{
	switch (change) {
	case BEYOND_MAX_TRANSFER:
		hw->xfer_size = queue->max_transfer + 1;
		break;
	case BEYOND_MAX_BATCH:
		hw->desc_count = queue->max_batch + 1;
		break;
	case MISALIGNED_LIST:
		hw->desc_list_addr += 32;
		break;
	case DST2_UNLIKE_DST:
		hw->dest2 += 64;
		break;
	case DST2_OVERLAPS_DST:
		hw->dest2 = hw->dst_addr;
		break;
	case MISALIGNED_SRC:
		hw->src_addr += 4;
		break;
	default:
		break;
	}
}

static bool all_zero(const uint8_t *mem, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (mem[i])
			return false;
	return true;
}

TEST_F(invalid, exact_status_and_nothing_written)
{
	struct dsa_hw_desc *hw = &self->desc->hw;
	uint32_t shown;

	make_valid(self->desc, variant->opcode, self->dst, self->src, self->list);
	hw->flags |= variant->flags;
	if (variant->size || variant->size_zero)
		hw->xfer_size = variant->size;
	if (variant->byte)
		((uint8_t *)hw)[variant->byte] = 0x40;
	apply(hw, &self->queue, variant->change);

	ASSERT_LE(0, portal_submit(&self->portal, hw));
	EXPECT_EQ(variant->status, desc_wait(&self->desc->record, WAIT_MS));
	shown = variant->flags;
	if (variant->status == DSA_COMP_INVALID_FLAGS)
		shown = self->desc->record.invalid_flags;
	EXPECT_EQ(variant->flags, shown);
	EXPECT_TRUE(all_zero(self->dst, 2 * BYTES));
}

/* The base that the cases above change one thing of is valid. */
TEST_F(invalid, valid_without_the_change)
{
	int status;

	if (variant->status == DSA_COMP_BAD_OPCODE)
		return;
	make_valid(self->desc, variant->opcode, self->dst, self->src, self->list);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	status = desc_wait(&self->desc->record, WAIT_MS);
	EXPECT_EQ(DSA_COMP_SUCCESS, status);
}

TEST_HARNESS_MAIN
