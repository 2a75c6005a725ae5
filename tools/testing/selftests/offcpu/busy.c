// SPDX-License-Identifier: GPL-2.0
/*
 * A process that keeps a device at work until it loses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "busy.h"
#include "inject.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define PATIENCE	"60000"

#define PAGE		4096
#define BACK_MS		300000	/* the device may be away for long */
#define EACH_MS		10
#define SLOWDOWN	32
#define ATTEMPTS	4

struct use {
	struct busy *busy;
	struct portal portal;
	int write_fd;
};

struct busy *busy_alloc(const struct queue *queue)
{
	struct busy *busy = proc_shared(sizeof(*busy));

	busy->queue = *queue;
	busy->slowdown = SLOWDOWN;
	busy->work = work_alloc();
	return busy;
}

static unsigned int unfinished(const struct busy *busy)
{
	unsigned int count = 0;

	/*
	 * Nobody knows whether the one at hand was taken.  It is named before its
	 * record is cleared: look at the record first.
	 */
	for (unsigned int i = 0; i < BUSY_SLOTS; i++)
		count += !busy->work->descs[i].record.status && i != busy->at;
	return count;
}

/* Ends with a signal, or when something is wrong. */
static void submit_for_ever(void *arg)
{
	struct use *use = arg;
	struct busy *busy = use->busy;

	for (unsigned int n = 0;; n++) {
		struct desc *desc = &busy->work->descs[n % BUSY_SLOTS];

		if (desc_wait(&desc->record, BUSY_WAIT_MS) != DSA_COMP_SUCCESS)
			return;
		busy->at = n % BUSY_SLOTS;
		desc->record.status = 0;
		if (portal_submit(&use->portal, &desc->hw) < 0)
			return;
		if (n == BUSY_SLOTS - 1)
			busy->stage = BUSY_WORKS;
	}
}

/* The same by write(), one after the other. */
static void *write_for_ever(void *arg)
{
	struct use *use = arg;
	struct desc *desc = &use->busy->written;

	for (;;) {
		desc_init(desc, DSA_OPCODE_NOOP);
		if (write(use->write_fd, &desc->hw, sizeof(desc->hw)) >= 0) {
			if (desc_wait(&desc->record, BUSY_WAIT_MS) != DSA_COMP_SUCCESS)
				return NULL;
		} else if (errno != EAGAIN) {
			use->busy->submitter = errno;
			return NULL;
		}
	}
}

static int make_ready(struct use *use)
{
	struct busy *busy = use->busy;
	int ret = portal_open(&use->portal, &busy->queue);

	if (!ret)
		ret = work_prepare(busy->work, &use->portal, EACH_MS);
	if (ret)
		return ret;
	busy->work->submitted = BUSY_SLOTS;
	for (unsigned int i = 0; i < BUSY_SLOTS; i++)
		busy->work->descs[i].record.status = DSA_COMP_SUCCESS;
	use->write_fd = use->portal.fd;
	if (!busy->queue.dedicated)
		use->write_fd = open(busy->queue.path, O_RDWR | O_CLOEXEC);
	return use->write_fd < 0 ? -errno : 0;
}

static void look(struct busy_view *view, int fd)
{
	view->map = file_map_errno(fd);
	view->write = file_write_errno(fd);
	view->events = file_poll(fd, 0);
}

/* Have the device write to a page that it must ask for. */
static bool fault(struct portal *portal)
{
	struct desc *desc = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *page = (uint8_t *)desc + PAGE;

	if (desc == MAP_FAILED)
		return false;
	desc_memfill(desc, page, 0x5a5a5a5a5a5a5a5aULL, PAGE);
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	return portal_submit(portal, &desc->hw) >= 0 &&
	       desc_wait(&desc->record, BUSY_WAIT_MS) == DSA_COMP_SUCCESS &&
	       page[PAGE - 1] == 0x5a;
}

static void open_again(struct busy *busy)
{
	struct portal portal;

	busy->open = portal_open(&portal, &busy->queue);
	if (busy->open)
		return;
	busy->copied = file_portal_copies(&portal);
	busy->faulted = busy->queue.block_on_fault && fault(&portal);
	portal_close(&portal);
}

static void work_on(void *arg)
{
	struct use use = { .busy = arg };
	struct busy *busy = arg;
	pthread_t writer;

	busy->error = make_ready(&use);
	busy->stage = BUSY_READY;
	if (busy->error || !proc_wait_flag(&busy->stage, BUSY_GO, BUSY_WAIT_MS))
		return;
	pthread_create(&writer, NULL, write_for_ever, &use);
	busy->signal = proc_signal_of(submit_for_ever, &use);
	pthread_join(writer, NULL);
	look(&busy->lost, use.portal.fd);
	busy->stage = BUSY_LOST;
	if (!proc_wait_flag(&busy->stage, BUSY_BACK, BACK_MS))
		return;
	look(&busy->back, use.portal.fd);
	open_again(busy);
}

int busy_start(struct busy *busy, unsigned int slowdown)
{
	busy->stage = 0;
	busy->pid = proc_spawn(work_on, busy);
	if (!proc_wait_flag(&busy->stage, BUSY_READY, BUSY_WAIT_MS))
		return -ETIMEDOUT;
	if (busy->error)
		return busy->error;
	inject_slow(busy->queue.device, slowdown);
	busy->stage = BUSY_GO;
	return proc_wait_flag(&busy->stage, BUSY_WORKS, BUSY_WAIT_MS) ? 0 : -EIO;
}

bool busy_end(struct busy *busy)
{
	int status;

	inject_slow(busy->queue.device, 0);
	busy->stage = BUSY_BACK;
	return proc_wait(busy->pid, BUSY_WAIT_MS, &status) && !status;
}

static int lose_once(struct busy *busy, struct trace *trace,
		     struct busy_loss *loss, unsigned int slowdown,
		     int (*go)(void *arg), void *arg)
{
	int ret = busy_start(busy, slowdown);

	if (ret)
		return ret;
	ret = go(arg);
	if (ret)
		return ret;
	loss->when = proc_now();
	loss->unfinished = unfinished(busy);
	if (!proc_wait_flag(&busy->stage, BUSY_LOST, BUSY_WAIT_MS))
		return -ETIMEDOUT;
	trace_read(trace);
	loss->tasks = trace_lives(trace, busy->pid, loss->life, 2);
	return 0;
}

/* Did the device have work left that its drain had to wait for? */
static bool was_at_work(const struct trace *trace, const struct busy_loss *loss,
			const struct busy *busy)
{
	const struct trace_life *life = &loss->life[0];

	return loss->tasks > 0 && life->kill >= 0 && life->drained >= 0 &&
	       trace->events[life->drained].time - trace->events[life->kill].time >
	       busy->work->each_ns;
}

int busy_lose(struct busy *busy, struct trace *trace, struct busy_loss *loss,
	      int (*go)(void *arg), int (*come)(void *arg), void *arg)
{
	char timeout[32] = "";
	int ret;

	/* Slow is not stuck. */
	proc_read_file(TIMEOUT_FILE, timeout, sizeof(timeout));
	proc_write_file(TIMEOUT_FILE, PATIENCE);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		ret = lose_once(busy, trace, loss, busy->slowdown << attempt, go, arg);
		if (ret || was_at_work(trace, loss, busy))
			break;
		/* A machine under load was late. */
		ret = come(arg);
		if (!ret)
			ret = busy_end(busy) ? -EAGAIN : -ETIMEDOUT;
		if (ret != -EAGAIN)
			break;
	}
	proc_write_file(TIMEOUT_FILE, timeout);
	return ret;
}
