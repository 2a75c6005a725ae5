// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the command queue.  The two registers are plain memory: the
 * test is the device, which finishes a command by clearing the active bit.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "command.h"
#include "device.h"
#include "regs.h"

#define REGS_LEN	0x100
#define TICK		msecs_to_jiffies(20)

/**
 * struct fake - a device that is no more than a command register
 * @idxd: the device
 * @regs: its BAR 0
 * @finish: finishes the command in the register, some time later
 */
struct fake {
	struct idxd_device idxd;
	u8 regs[REGS_LEN];
	struct delayed_work finish;
};

static u32 *fake_reg(struct fake *fake, unsigned int off)
{
	return (u32 *)(fake->regs + off);
}

/* The command in the register ends, and the next one may be taken. */
static void fake_finish(struct fake *fake, u32 err)
{
	*fake_reg(fake, IDXD_CMDSTS) = err;
	idxd_cmd_irq(&fake->idxd);
	*fake_reg(fake, IDXD_CMDSTS) = CMDSTS_ACTIVE;
}

static void fake_finish_work(struct work_struct *work)
{
	fake_finish(container_of(work, struct fake, finish.work), 0);
}

static int fake_init(struct kunit *test)
{
	struct fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->idxd.regs = (void __iomem __force *)fake->regs;
	*fake_reg(fake, IDXD_CMDSTS) = CMDSTS_ACTIVE;
	INIT_DELAYED_WORK(&fake->finish, fake_finish_work);
	idxd_cmd_queue_init(&fake->idxd);
	idxd_cmd_queue_open(&fake->idxd);
	test->priv = fake;
	return 0;
}

static void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;

	cancel_delayed_work_sync(&fake->finish);
	idxd_cmd_queue_close(&fake->idxd);
}

static struct idxd_cmd *give(struct kunit *test, u32 code, u32 operand,
			     struct idxd_cmd *after)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *cmd = idxd_cmd_alloc(code, operand);

	KUNIT_ASSERT_NOT_NULL(test, cmd);
	return idxd_cmd_submit(&fake->idxd, cmd, after);
}

/* As if another process had. */
static struct idxd_cmd *give_by_other(struct kunit *test, u32 code, u32 operand)
{
	struct idxd_cmd *cmd = give(test, code, operand, NULL);

	cmd->giver = NULL;
	return cmd;
}

static u32 written(struct kunit *test)
{
	return *fake_reg(test->priv, IDXD_CMD);
}

/* PASID 5 of command 11, with the request for an interrupt: 9.2.12. */
static void command_word(struct kunit *test)
{
	struct idxd_cmd *cmd = give(test, IDXD_CMD_DRAIN_PASID, 5, NULL);

	KUNIT_EXPECT_EQ(test, 0x80b00005, written(test));
	fake_finish(test->priv, 0);
	idxd_cmd_put(cmd);
}

static void command_one_at_a_time(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 2, NULL);

	KUNIT_EXPECT_EQ(test, 0x80b00001, written(test));
	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0x80b00002, written(test));
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, a, TICK));
	fake_finish(fake, 0x3);
	KUNIT_EXPECT_EQ(test, -EIO, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_EQ(test, 0x3, b->hw_status);
	idxd_cmd_put(a);
	idxd_cmd_put(b);
}

/* One that has started does not cover what came after. */
static void command_joins_waiting_only(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *c = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *d = give(test, IDXD_CMD_DRAIN_WQ, 1, NULL);

	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_PTR_EQ(test, b, c);
	KUNIT_EXPECT_PTR_NE(test, c, d);
	fake_finish(fake, 0);
	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, c, TICK));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
	idxd_cmd_put(c);
	idxd_cmd_put(d);
}

static void command_abort_goes_first(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 2, NULL);
	struct idxd_cmd *abort = give(test, IDXD_CMD_ABORT_PASID, 1, a);

	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0x80c00001, written(test));
	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0x80b00002, written(test));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
	idxd_cmd_put(abort);
}

static void command_times_out(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *abort;
	unsigned long start = jiffies;

	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, a, TICK));
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, start + TICK));

	/* The register stays taken, by a command of our own: the clock runs. */
	abort = give(test, IDXD_CMD_ABORT_PASID, 1, a);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT,
			idxd_cmd_wait(&fake->idxd, abort, TICK));
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 5 * TICK));
	idxd_cmd_put(a);
	idxd_cmd_put(abort);
}

static void command_queueing_does_not_count(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give_by_other(test, IDXD_CMD_DRAIN_PASID, 1);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 2, NULL);
	unsigned long start = jiffies;

	queue_delayed_work(system_wq, &fake->finish, 4 * TICK);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, start + 5 * TICK));
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, a, TICK));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
}

static void command_queueing_is_bounded(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give_by_other(test, IDXD_CMD_DRAIN_PASID, 1);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 2, NULL);
	unsigned long bound = 12 * TICK + msecs_to_jiffies(IDXD_CMD_TIMEOUT_MS);
	unsigned long start = jiffies;

	/* It's the other's patience that counts, if that is longer. */
	fake->idxd.cmds.patience = 4 * TICK;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, start + bound));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
}

/* A process's second drain, behind its first that hangs: it has to climb now. */
static void command_behind_ones_own(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 2, NULL);
	unsigned long start = jiffies;

	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, a, TICK));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 5 * TICK));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
}

static void command_interrupt_lost(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);

	*fake_reg(fake, IDXD_CMDSTS) = 0;
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, a, TICK));
	idxd_cmd_put(a);
}

static void command_closed(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give(test, IDXD_CMD_DRAIN_PASID, 1, NULL);
	struct idxd_cmd *b = give(test, IDXD_CMD_DRAIN_PASID, 2, NULL);
	struct idxd_cmd *c;

	KUNIT_EXPECT_TRUE(test, idxd_cmd_queue_close(&fake->idxd));
	KUNIT_EXPECT_FALSE(test, idxd_cmd_queue_close(&fake->idxd));
	c = give(test, IDXD_CMD_DRAIN_PASID, 3, NULL);
	KUNIT_EXPECT_EQ(test, -ENODEV, idxd_cmd_wait(&fake->idxd, a, TICK));
	KUNIT_EXPECT_EQ(test, -ENODEV, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_EQ(test, -ENODEV, idxd_cmd_wait(&fake->idxd, c, TICK));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
	idxd_cmd_put(c);
}

/* "Drain WQ" of the second queue. */
static struct idxd_cmd_cover cover = {
	.code = IDXD_CMD_DRAIN_WQ, .operand = 2,
};

static struct idxd_cmd *give_covered(struct kunit *test, u32 pasid)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *cmd = idxd_cmd_alloc(IDXD_CMD_DRAIN_PASID, pasid);

	KUNIT_ASSERT_NOT_NULL(test, cmd);
	cmd->cover = &cover;
	return idxd_cmd_submit(&fake->idxd, cmd, NULL);
}

/* The first had to begin alone; all that wait behind it have one in common. */
static void command_covers_those_that_wait(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give_covered(test, 1);
	struct idxd_cmd *b = give_covered(test, 2);
	struct idxd_cmd *other = give(test, IDXD_CMD_DRAIN_PASID, 9, NULL);
	struct idxd_cmd *c = give_covered(test, 3);

	KUNIT_EXPECT_EQ(test, 0x80b00001, written(test));
	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0x80800002, written(test));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, c, TICK));
	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_EQ(test, 0, idxd_cmd_wait(&fake->idxd, c, TICK));
	/* What it says nothing about still has its turn. */
	KUNIT_EXPECT_EQ(test, 0x80b00009, written(test));
	fake_finish(fake, 0);
	idxd_cmd_put(a);
	idxd_cmd_put(b);
	idxd_cmd_put(c);
	idxd_cmd_put(other);
}

static void command_covers_nobody_with_outsiders(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a, *b, *c;

	idxd_cmd_cover_enter(&fake->idxd, &cover);
	a = give_covered(test, 1);
	b = give_covered(test, 2);
	c = give_covered(test, 3);
	fake_finish(fake, 0);
	KUNIT_EXPECT_EQ(test, 0x80b00002, written(test));
	idxd_cmd_cover_leave(&fake->idxd, &cover);
	fake_finish(fake, 0);
	/* One alone needs no other command than its own. */
	KUNIT_EXPECT_EQ(test, 0x80b00003, written(test));
	fake_finish(fake, 0);
	idxd_cmd_put(a);
	idxd_cmd_put(b);
	idxd_cmd_put(c);
}

/* An abort's clock runs while what covers the drain has the register. */
static void command_abort_of_a_covered_drain(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct idxd_cmd *a = give_covered(test, 1);
	struct idxd_cmd *b = give_covered(test, 2);
	struct idxd_cmd *c = give_covered(test, 3);
	struct idxd_cmd *abort;

	fake_finish(fake, 0);
	b->giver = NULL;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, idxd_cmd_wait(&fake->idxd, c, TICK));
	abort = give(test, IDXD_CMD_ABORT_PASID, 3, c);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT,
			idxd_cmd_wait(&fake->idxd, abort, TICK));
	idxd_cmd_queue_close(&fake->idxd);
	KUNIT_EXPECT_EQ(test, -ENODEV, idxd_cmd_wait(&fake->idxd, b, TICK));
	KUNIT_EXPECT_EQ(test, -ENODEV, idxd_cmd_wait(&fake->idxd, c, TICK));
	idxd_cmd_put(a);
	idxd_cmd_put(b);
	idxd_cmd_put(c);
	idxd_cmd_put(abort);
}

static struct kunit_case command_cases[] = {
	KUNIT_CASE(command_word),
	KUNIT_CASE(command_one_at_a_time),
	KUNIT_CASE(command_joins_waiting_only),
	KUNIT_CASE(command_abort_goes_first),
	KUNIT_CASE(command_times_out),
	KUNIT_CASE(command_queueing_does_not_count),
	KUNIT_CASE_SLOW(command_queueing_is_bounded),
	KUNIT_CASE(command_behind_ones_own),
	KUNIT_CASE(command_interrupt_lost),
	KUNIT_CASE(command_closed),
	KUNIT_CASE(command_covers_those_that_wait),
	KUNIT_CASE(command_covers_nobody_with_outsiders),
	KUNIT_CASE(command_abort_of_a_covered_drain),
	{ }
};

static struct kunit_suite command_suite = {
	.name = "idxd_command",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = command_cases,
};

kunit_test_suites(&command_suite);

MODULE_DESCRIPTION("KUnit tests of the idxd driver's command queue");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
