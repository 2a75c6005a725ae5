// SPDX-License-Identifier: GPL-2.0
/*
 * The device of the off-CPU task sample, in software.
 *
 * A thread stands in for the engine.  This file knows nothing of processes or
 * off-CPU tasks: a driver has registers here instead.
 */
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "engine.h"

/**
 * struct engine - what the hardware would keep
 * @thread: the engine itself
 * @lock: guards all below; held for the time of a store
 * @event: @left or @closed has changed
 * @page: where it stores; NULL: it can reach no memory any more
 * @offset: of the word in @page
 * @value: stored last
 * @left: stores that are left to do
 * @pause_us: between two
 * @closed: takes no more work
 * @deaf: obeys no command
 * @commanded: when it began to work on the last command, in jiffies
 */
struct engine {
	struct task_struct *thread;
	spinlock_t lock;	/* all below */
	wait_queue_head_t event;
	struct page *page;
	unsigned int offset;
	u64 value;
	u64 left;
	u32 pause_us;
	bool closed;
	bool deaf;
	unsigned long commanded;
};

static bool engine_busy(const struct engine *engine)
{
	return READ_ONCE(engine->left);
}

/* All that can reach the page does so here, under the lock. */
static void engine_store(struct engine *engine)
{
	u64 *word;

	spin_lock(&engine->lock);
	if (engine->left && engine->page) {
		word = kmap_local_page(engine->page) + engine->offset;
		WRITE_ONCE(*word, ++engine->value);
		kunmap_local(word);
	}
	/* 0 was asked for: it never ends by itself. */
	if (engine->left && engine->left != U64_MAX)
		WRITE_ONCE(engine->left, engine->left - 1);
	spin_unlock(&engine->lock);
	if (!engine_busy(engine))
		wake_up_all(&engine->event);
}

static int engine_thread(void *data)
{
	struct engine *engine = data;

	while (!kthread_should_stop()) {
		wait_event_idle(engine->event,
				engine_busy(engine) || kthread_should_stop());
		engine_store(engine);
		if (engine->pause_us)
			fsleep(engine->pause_us);
		cond_resched();
	}
	return 0;
}

/**
 * engine_create() - make an engine that has nothing to do
 * @page: where it stores; the caller keeps it until engine_cut_off() or until
 *	the engine is quiet for good
 * @offset: of a 64-bit word in @page
 * @deaf: engine_drain() and engine_abort() have no effect
 *
 * May sleep.  Return: the engine or an ERR_PTR().
 */
struct engine *engine_create(struct page *page, unsigned int offset, bool deaf)
{
	struct engine *engine = kzalloc(sizeof(*engine), GFP_KERNEL);
	struct task_struct *thread;

	if (!engine)
		return ERR_PTR(-ENOMEM);

	spin_lock_init(&engine->lock);
	init_waitqueue_head(&engine->event);
	engine->page = page;
	engine->offset = offset;
	engine->deaf = deaf;
	thread = kthread_run(engine_thread, engine, "offcpu-sample");
	if (IS_ERR(thread)) {
		kfree(engine);
		return ERR_CAST(thread);
	}
	engine->thread = thread;
	return engine;
}

/**
 * engine_destroy() - switch it off and free it
 * @engine: the engine
 *
 * May sleep, for a pause between two stores.
 */
void engine_destroy(struct engine *engine)
{
	kthread_stop(engine->thread);
	kfree(engine);
}

/**
 * engine_start() - submit work
 * @engine: the engine
 * @stores: how many; 0: until told to stop
 * @pause_us: between two
 *
 * Any context.  Return: 0, or -ESHUTDOWN if it takes no more work.
 */
int engine_start(struct engine *engine, u64 stores, u32 pause_us)
{
	int ret = -ESHUTDOWN;

	spin_lock(&engine->lock);
	if (!engine->closed) {
		engine->pause_us = pause_us;
		WRITE_ONCE(engine->left, stores ?: U64_MAX);
		ret = 0;
	}
	spin_unlock(&engine->lock);
	wake_up_all(&engine->event);
	return ret;
}

/**
 * engine_drain() - take no more work, finish what is there
 * @engine: the engine
 *
 * Does not wait.  Any context.
 */
void engine_drain(struct engine *engine)
{
	spin_lock(&engine->lock);
	engine->closed = true;
	engine->commanded = jiffies;
	spin_unlock(&engine->lock);
}

/**
 * engine_abort() - take no more work, give up what is there
 * @engine: the engine
 *
 * Does not wait.  Any context.
 */
void engine_abort(struct engine *engine)
{
	spin_lock(&engine->lock);
	engine->closed = true;
	engine->commanded = jiffies;
	if (!engine->deaf)
		WRITE_ONCE(engine->left, 0);
	spin_unlock(&engine->lock);
	wake_up_all(&engine->event);
}

/**
 * engine_cut_off() - take its access to memory away
 * @engine: the engine, whatever it is at
 *
 * Upon return it makes no store any more.  Needs no help from the engine, as an
 * IOMMU needs none from a device.  Any context.
 */
void engine_cut_off(struct engine *engine)
{
	spin_lock(&engine->lock);
	engine->closed = true;
	engine->page = NULL;
	WRITE_ONCE(engine->left, 0);
	spin_unlock(&engine->lock);
	wake_up_all(&engine->event);
}

/**
 * engine_wait_quiet() - wait until the last command is done
 * @engine: the engine, after a command
 * @timeout: in jiffies, since it began to work on that command
 *
 * May sleep.  Return: true if it holds no work any more.
 */
bool engine_wait_quiet(struct engine *engine, unsigned long timeout)
{
	unsigned long gone = jiffies - engine->commanded;

	/* Not killable: in exit a SIGKILL is pending for good. */
	return wait_event_idle_timeout(engine->event, !engine_busy(engine),
				       gone < timeout ? timeout - gone : 0);
}
