// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of off-CPU tasks: the states of a task, the ladder, what is pinned,
 * and kills that race with unbinds.  The device is a mock that logs what it is
 * asked to do.  It may call the core's interface and its two doors for tests:
 * bind of an mm that is not current's, and the hook of exit.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/offcpu_task.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#define MOCKS	8
#define RACES	500

enum mock_event { BEGIN, FINISH, DETACH, DEAD, FREE };

/* One call of a mock's operations. */
struct mock_call {
	struct mock *mock;
	enum mock_event event;
	enum offcpu_rung rung;
};

/**
 * struct mock_log - what all mocks of a test were asked to do, in order
 * @calls: the calls
 * @n: how many
 */
struct mock_log {
	struct mock_call calls[MOCKS * 10];
	atomic_t n;
};

/**
 * struct mock - a task of a mock device
 * @task: the task
 * @log: where its calls go
 * @quiet_at: the first rung that makes it quiet
 * @work: jiffies that a drain takes from its begin
 * @begun: when the last rung was begun
 * @mm_users: the mm's when the task was dead
 */
struct mock {
	struct offcpu_task task;
	struct mock_log *log;
	enum offcpu_rung quiet_at;
	unsigned long work;
	unsigned long begun;
	int mm_users;
};

static void mock_note(struct mock *mock, enum mock_event event,
		      enum offcpu_rung rung)
{
	int i = atomic_inc_return(&mock->log->n) - 1;

	if (i < ARRAY_SIZE(mock->log->calls))
		mock->log->calls[i] = (struct mock_call){ mock, event, rung };
}

static struct mock *to_mock(struct offcpu_task *task)
{
	return container_of(task, struct mock, task);
}

static void mock_begin(struct offcpu_task *task, enum offcpu_rung rung)
{
	struct mock *mock = to_mock(task);

	mock->begun = jiffies;
	mock_note(mock, BEGIN, rung);
}

static int mock_finish(struct offcpu_task *task, enum offcpu_rung rung,
		       unsigned long timeout)
{
	struct mock *mock = to_mock(task);
	unsigned long end = mock->begun + mock->work;

	mock_note(mock, FINISH, rung);
	if (mock->work && time_before(jiffies, end))
		schedule_timeout_idle(end - jiffies);
	return rung < mock->quiet_at ? -ETIMEDOUT : 0;
}

static void mock_detach(struct offcpu_task *task)
{
	mock_note(to_mock(task), DETACH, 0);
}

static void mock_dead(struct offcpu_task *task)
{
	struct mock *mock = to_mock(task);

	mock->mm_users = atomic_read(&task->mm->mm_users);
	mock_note(mock, DEAD, 0);
}

static void mock_free(struct offcpu_task *task)
{
	mock_note(to_mock(task), FREE, 0);
}

static const struct offcpu_task_ops mock_ops = {
	.drain_begin	= mock_begin,
	.drain_finish	= mock_finish,
	.detach		= mock_detach,
	.dead		= mock_dead,
	.free		= mock_free,
};

/**
 * struct offcpu_test - what a test has
 * @mm: an mm without CPU users, one reference on mm_users, one on mm_count
 * @dev: a device
 * @log: the mocks' calls
 * @mocks: the mocks
 */
struct offcpu_test {
	struct mm_struct *mm;
	struct device *dev;
	struct mock_log log;
	struct mock mocks[MOCKS];
};

static void offcpu_test_new_mm(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	t->mm = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(test, t->mm);
	mmgrab(t->mm);
}

static void offcpu_test_put_mm(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	mmput(t->mm);
	mmdrop(t->mm);
	t->mm = NULL;
}

static int offcpu_test_init(struct kunit *test)
{
	struct offcpu_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->dev = kunit_device_register(test, "offcpu-mock");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dev);
	offcpu_test_new_mm(test);
	return 0;
}

static void offcpu_test_exit(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	if (t && t->mm)
		offcpu_test_put_mm(test);
}

static int mock_bind(struct offcpu_test *t, int i)
{
	t->mocks[i].log = &t->log;
	return offcpu_task_bind_mm(&t->mocks[i].task, t->mm, t->dev, i,
				   &mock_ops);
}

/* Where in the log is that call?  -1: nowhere.  A second one is a failure. */
static int mock_find(struct kunit *test, int i, enum mock_event event,
		     enum offcpu_rung rung)
{
	struct offcpu_test *t = test->priv;
	int n, found = -1;

	KUNIT_EXPECT_LE(test, atomic_read(&t->log.n),
			(int)ARRAY_SIZE(t->log.calls));
	for (n = 0; n < atomic_read(&t->log.n); n++) {
		struct mock_call *call = &t->log.calls[n];

		if (call->mock != &t->mocks[i] || call->event != event ||
		    call->rung != rung)
			continue;
		KUNIT_EXPECT_EQ(test, found, -1);
		found = n;
	}
	return found;
}

/* That task was drained, detached, said to be dead and freed, each once. */
static void expect_one_life(struct kunit *test, int i)
{
	int begin = mock_find(test, i, BEGIN, OFFCPU_DRAIN);
	int finish = mock_find(test, i, FINISH, OFFCPU_DRAIN);
	int detach = mock_find(test, i, DETACH, 0);
	int dead = mock_find(test, i, DEAD, 0);

	KUNIT_EXPECT_GE(test, begin, 0);
	KUNIT_EXPECT_GT(test, finish, begin);
	KUNIT_EXPECT_GT(test, detach, finish);
	KUNIT_EXPECT_GT(test, dead, detach);
	KUNIT_EXPECT_GT(test, mock_find(test, i, FREE, 0), dead);
}

static void offcpu_test_unbind(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	KUNIT_EXPECT_TRUE(test, offcpu_task_is_live(&t->mocks[0].task));
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 2);

	offcpu_task_unbind(&t->mocks[0].task);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 1);
	KUNIT_EXPECT_EQ(test, t->mocks[0].mm_users, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->log.n), 5);
	expect_one_life(test, 0);
}

/* Only current's own mm can be bound, and no kernel thread's. */
static void offcpu_test_foreign(struct kunit *test)
{
	struct offcpu_test *t = test->priv;
	struct offcpu_task *task = &t->mocks[0].task;

	KUNIT_EXPECT_EQ(test, offcpu_task_bind(task, t->mm, t->dev, 1,
					       &mock_ops), -EINVAL);
	KUNIT_EXPECT_EQ(test, offcpu_task_bind(task, NULL, t->dev, 1,
					       &mock_ops), -EINVAL);
	if (!current->mm) {
		kthread_use_mm(t->mm);
		KUNIT_EXPECT_EQ(test, offcpu_task_bind(task, t->mm, t->dev, 1,
						       &mock_ops), -EINVAL);
		kthread_unuse_mm(t->mm);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 1);
}

static void offcpu_test_kill_then_unbind(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	offcpu_task_kill(&t->mocks[0].task, OFFCPU_ADMIN);
	KUNIT_EXPECT_FALSE(test, offcpu_task_is_live(&t->mocks[0].task));
	KUNIT_EXPECT_EQ(test, t->mocks[0].task.state, (int)OFFCPU_DEAD);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 1);
	KUNIT_EXPECT_EQ(test, mock_find(test, 0, FREE, 0), -1);

	offcpu_task_kill(&t->mocks[0].task, OFFCPU_DEVICE);
	KUNIT_EXPECT_EQ(test, t->mocks[0].task.cause, OFFCPU_ADMIN);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->log.n), 4);

	/* A kill leaves the mm alone: it can be bound again. */
	KUNIT_ASSERT_EQ(test, mock_bind(t, 1), 0);
	offcpu_task_unbind(&t->mocks[1].task);
	offcpu_task_unbind(&t->mocks[0].task);
	expect_one_life(test, 0);
	expect_one_life(test, 1);
}

/* The task's reference may be the last, and then takes the mm along. */
static void offcpu_test_last_pin(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	mmput(t->mm);
	offcpu_task_unbind(&t->mocks[0].task);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 0);
	mmdrop(t->mm);
	t->mm = NULL;
}

static void offcpu_test_ladder(struct kunit *test)
{
	struct offcpu_test *t = test->priv;
	enum offcpu_rung rung;

	for (rung = OFFCPU_DRAIN; rung <= OFFCPU_ISOLATE; rung++) {
		t->mocks[rung].quiet_at = rung;
		KUNIT_ASSERT_EQ(test, mock_bind(t, rung), 0);
		offcpu_task_unbind(&t->mocks[rung].task);
	}
	KUNIT_EXPECT_EQ(test, mock_find(test, 0, BEGIN, OFFCPU_ABORT), -1);
	KUNIT_EXPECT_GE(test, mock_find(test, 1, FINISH, OFFCPU_DRAIN), 0);
	KUNIT_EXPECT_GE(test, mock_find(test, 1, FINISH, OFFCPU_ABORT), 0);
	KUNIT_EXPECT_EQ(test, mock_find(test, 1, BEGIN, OFFCPU_ISOLATE), -1);
	KUNIT_EXPECT_GE(test, mock_find(test, 2, FINISH, OFFCPU_ABORT), 0);
	KUNIT_EXPECT_GE(test, mock_find(test, 2, BEGIN, OFFCPU_ISOLATE), 0);
	KUNIT_EXPECT_EQ(test, mock_find(test, 2, FINISH, OFFCPU_ISOLATE), -1);
}

/* Exit kills all; every drain is begun before one is waited for. */
static void offcpu_test_exit_parallel(struct kunit *test)
{
	struct offcpu_test *t = test->priv;
	unsigned long start, work = msecs_to_jiffies(100);
	int i, j;

	for (i = 0; i < MOCKS; i++) {
		t->mocks[i].work = work;
		KUNIT_ASSERT_EQ(test, mock_bind(t, i), 0);
	}
	start = jiffies;
	__offcpu_exit_mm(t->mm);
	KUNIT_EXPECT_LT(test, jiffies - start, 3 * work);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 1);

	for (i = 0; i < MOCKS; i++) {
		KUNIT_EXPECT_EQ(test, t->mocks[i].task.state, (int)OFFCPU_DEAD);
		KUNIT_EXPECT_EQ(test, t->mocks[i].task.cause, OFFCPU_EXIT);
		for (j = 0; j < MOCKS; j++)
			KUNIT_EXPECT_LT(test,
					mock_find(test, i, BEGIN, OFFCPU_DRAIN),
					mock_find(test, j, FINISH,
						  OFFCPU_DRAIN));
	}
	for (i = 0; i < MOCKS; i++) {
		offcpu_task_unbind(&t->mocks[i].task);
		expect_one_life(test, i);
	}
}

/* A stuck task does not hold back one that is quiet. */
static void offcpu_test_climb_apart(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	t->mocks[0].quiet_at = OFFCPU_ISOLATE;
	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	KUNIT_ASSERT_EQ(test, mock_bind(t, 1), 0);
	__offcpu_exit_mm(t->mm);
	KUNIT_EXPECT_LT(test, mock_find(test, 0, BEGIN, OFFCPU_ABORT),
			mock_find(test, 1, DETACH, 0));
	KUNIT_EXPECT_LT(test, mock_find(test, 1, DEAD, 0),
			mock_find(test, 0, FINISH, OFFCPU_ABORT));
	offcpu_task_unbind(&t->mocks[0].task);
	offcpu_task_unbind(&t->mocks[1].task);
}

static void offcpu_test_dying(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	__offcpu_exit_mm(t->mm);
	KUNIT_EXPECT_EQ(test, mock_bind(t, 1), -ESRCH);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 1);
	offcpu_task_unbind(&t->mocks[0].task);
}

/* References that are no CPU user's, as /proc takes, don't keep a task. */
static void offcpu_test_exit_with_others(struct kunit *test)
{
	struct offcpu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	mmget(t->mm);
	__offcpu_exit_mm(t->mm);
	KUNIT_EXPECT_FALSE(test, offcpu_task_is_live(&t->mocks[0].task));
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mm->mm_users), 2);
	mmput(t->mm);
	offcpu_task_unbind(&t->mocks[0].task);
}

static void offcpu_test_device(struct kunit *test)
{
	struct offcpu_test *t = test->priv;
	struct device *other = kunit_device_register(test, "offcpu-other");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
	KUNIT_ASSERT_EQ(test, mock_bind(t, 1), 0);
	t->mocks[2].log = &t->log;
	KUNIT_ASSERT_EQ(test, offcpu_task_bind_mm(&t->mocks[2].task, t->mm,
						  other, 2, &mock_ops), 0);
	offcpu_task_kill_device(t->dev, OFFCPU_DEVICE);
	KUNIT_EXPECT_FALSE(test, offcpu_task_is_live(&t->mocks[0].task));
	KUNIT_EXPECT_FALSE(test, offcpu_task_is_live(&t->mocks[1].task));
	KUNIT_EXPECT_TRUE(test, offcpu_task_is_live(&t->mocks[2].task));
	KUNIT_EXPECT_LT(test, mock_find(test, 1, BEGIN, OFFCPU_DRAIN),
			mock_find(test, 0, FINISH, OFFCPU_DRAIN));
	offcpu_task_unbind(&t->mocks[0].task);
	offcpu_task_unbind(&t->mocks[1].task);
	offcpu_task_unbind(&t->mocks[2].task);
}

/*
 * Races.  A thread kills in one of these ways while the test unbinds, or kills
 * as well.
 */
static void kill_by_exit(struct offcpu_test *t)
{
	__offcpu_exit_mm(t->mm);
}

static void kill_by_device(struct offcpu_test *t)
{
	offcpu_task_kill_device(t->dev, OFFCPU_DEVICE);
}

static void kill_by_task(struct offcpu_test *t)
{
	offcpu_task_kill(&t->mocks[0].task, OFFCPU_ADMIN);
}

static void unbind_task(struct offcpu_test *t)
{
	offcpu_task_unbind(&t->mocks[0].task);
}

/**
 * struct racer - a thread that does something once
 * @t: the test's
 * @what: what it does
 * @go: closed until it may
 * @done: it has
 */
struct racer {
	struct offcpu_test *t;
	void (*what)(struct offcpu_test *t);
	struct completion *go;
	struct completion done;
};

static int racer_thread(void *arg)
{
	struct racer *racer = arg;

	wait_for_completion(racer->go);
	udelay(get_random_u32_below(20));
	racer->what(racer->t);
	complete(&racer->done);
	return 0;
}

static bool race_once(struct offcpu_test *t, void (*a)(struct offcpu_test *),
		      void (*b)(struct offcpu_test *))
{
	DECLARE_COMPLETION_ONSTACK(go);
	struct racer racers[2] = { { t, a, &go }, { t, b, &go } };
	struct task_struct *threads[2];
	int i;

	for (i = 0; i < 2; i++) {
		init_completion(&racers[i].done);
		threads[i] = kthread_run(racer_thread, &racers[i], "offcpu-racer");
		if (IS_ERR(threads[i]))
			break;
		get_task_struct(threads[i]);
	}
	complete_all(&go);
	while (i--) {
		wait_for_completion(&racers[i].done);
		kthread_stop_put(threads[i]);
	}
	return !IS_ERR(threads[0]) && !IS_ERR(threads[1]);
}

static void race_many(struct kunit *test, void (*a)(struct offcpu_test *),
		      void (*b)(struct offcpu_test *), bool unbinds)
{
	struct offcpu_test *t = test->priv;
	int i;

	for (i = 0; i < RACES; i++) {
		atomic_set(&t->log.n, 0);
		KUNIT_ASSERT_EQ(test, mock_bind(t, 0), 0);
		KUNIT_ASSERT_TRUE(test, race_once(t, a, b));
		if (!unbinds)
			unbind_task(t);
		KUNIT_ASSERT_EQ(test, atomic_read(&t->log.n), 5);
		expect_one_life(test, 0);
		KUNIT_ASSERT_EQ(test, atomic_read(&t->mm->mm_users), 1);
		offcpu_test_put_mm(test);
		offcpu_test_new_mm(test);
	}
}

static void offcpu_test_race_exit_unbind(struct kunit *test)
{
	race_many(test, kill_by_exit, unbind_task, true);
}

static void offcpu_test_race_device_unbind(struct kunit *test)
{
	race_many(test, kill_by_device, unbind_task, true);
}

static void offcpu_test_race_kill_kill(struct kunit *test)
{
	race_many(test, kill_by_task, kill_by_task, false);
}

static void offcpu_test_race_exit_exit(struct kunit *test)
{
	race_many(test, kill_by_exit, kill_by_exit, false);
}

static void offcpu_test_race_exit_device(struct kunit *test)
{
	race_many(test, kill_by_exit, kill_by_device, false);
}

static struct kunit_case offcpu_test_cases[] = {
	KUNIT_CASE(offcpu_test_unbind),
	KUNIT_CASE(offcpu_test_foreign),
	KUNIT_CASE(offcpu_test_kill_then_unbind),
	KUNIT_CASE(offcpu_test_last_pin),
	KUNIT_CASE(offcpu_test_ladder),
	KUNIT_CASE(offcpu_test_exit_parallel),
	KUNIT_CASE(offcpu_test_climb_apart),
	KUNIT_CASE(offcpu_test_dying),
	KUNIT_CASE(offcpu_test_exit_with_others),
	KUNIT_CASE(offcpu_test_device),
	KUNIT_CASE_SLOW(offcpu_test_race_exit_unbind),
	KUNIT_CASE_SLOW(offcpu_test_race_device_unbind),
	KUNIT_CASE_SLOW(offcpu_test_race_kill_kill),
	KUNIT_CASE_SLOW(offcpu_test_race_exit_exit),
	KUNIT_CASE_SLOW(offcpu_test_race_exit_device),
	{}
};

static struct kunit_suite offcpu_test_suite = {
	.name		= "offcpu_task",
	.init		= offcpu_test_init,
	.exit		= offcpu_test_exit,
	.test_cases	= offcpu_test_cases,
};

kunit_test_suite(offcpu_test_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit test of off-CPU tasks");
MODULE_LICENSE("GPL");
