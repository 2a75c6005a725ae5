// SPDX-License-Identifier: GPL-2.0
/*
 * A device that works on a range without a pause: see stream.h.  One thread
 * submits, and judges each descriptor when it is done; the test's own thread
 * changes the mapping and looks at the memory.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "stream.h"

#define RUN_MS		500	/* that a test takes, if it gets its rounds in */
#define WAIT_MS		30000

static bool is_writer(int slot)
{
	return slot < STREAM_WRITERS;
}

/* Offset in the range of what descriptor number @n of a slot works on. */
static size_t offset_of(const struct stream *stream, int slot, unsigned long n)
{
	return (slot * STREAM_BLOCKS + n % STREAM_BLOCKS) * stream->block;
}

/* Only the first: the others follow from it. */
static void complain(struct stream *stream, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pthread_mutex_lock(&stream->lock);
	if (!stream->trouble[0])
		vsnprintf(stream->trouble, sizeof(stream->trouble), format, args);
	pthread_mutex_unlock(&stream->lock);
	va_end(args);
}

/*
 * The device's side.
 */

/* Any of two values may be there, and more than these two: none. */
static void judge_words(struct stream *stream, const uint64_t *words,
			const struct stream_view *from,
			const struct stream_view *to)
{
	for (size_t i = 0; i < stream->block / sizeof(*words); i++) {
		if ((from->read && words[i] == from->value) ||
		    (to->read && words[i] == to->value))
			continue;
		complain(stream, "the device read %#llx, not %#llx or %#llx",
			 (unsigned long long)words[i],
			 (unsigned long long)from->value,
			 (unsigned long long)to->value);
		return;
	}
}

/* Is it a page fault that nobody serves, at an address that it worked on? */
static bool is_refusal(const struct stream *stream, int slot, unsigned long n)
{
	const struct dsa_completion_record *record = &stream->slots[slot].desc->record;
	uint64_t start = (uintptr_t)stream->range + offset_of(stream, slot, n);
	uint8_t status = DSA_COMP_PAGE_FAULT_IR |
			 (is_writer(slot) ? DESC_FAULT_WRITE : 0);

	return record->status == status && record->fault_addr < start + stream->block &&
	       record->fault_addr >= (start & ~(uint64_t)4095);
}

/* A descriptor has its record: could that be, before the change or after it? */
static void judge(struct stream *stream, int slot, unsigned long n)
{
	struct stream_slot *s = &stream->slots[slot];
	struct stream_view *from = &s->found, to;
	bool was = is_writer(slot) ? from->write : from->read, is;

	pthread_mutex_lock(&stream->lock);
	to = stream->to;
	pthread_mutex_unlock(&stream->lock);
	is = is_writer(slot) ? to.write : to.read;

	if (s->desc->record.status == DSA_COMP_SUCCESS) {
		if (!was && !is)
			complain(stream, "slot %d was let in", slot);
		else if (is_writer(slot))
			s->landed[n % STREAM_BLOCKS] = n;
		else
			judge_words(stream, (void *)(uintptr_t)s->desc->hw.dst_addr,
				    from, &to);
	} else if ((was && is) || !is_refusal(stream, slot, n)) {
		complain(stream, "slot %d: status %#x at %#llx, let in: %d, then %d",
			 slot, s->desc->record.status,
			 (unsigned long long)s->desc->record.fault_addr, was, is);
	}
}

static void submit(struct stream *stream, int slot)
{
	struct stream_slot *s = &stream->slots[slot];
	unsigned long n = ++s->started;	/* first: see settle */
	size_t offset = offset_of(stream, slot, n);
	uint64_t fill;

	pthread_mutex_lock(&stream->lock);
	s->found = stream->from;
	fill = stream->to.fill;
	pthread_mutex_unlock(&stream->lock);

	if (is_writer(slot))
		desc_memfill(s->desc, stream->range + offset, fill ?: n,
			     stream->block);
	else
		desc_memmove(s->desc, stream->sink + offset,
			     stream->range + offset, stream->block);
	s->desc->hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(&stream->portal, &s->desc->hw) < 0)
		complain(stream, "the queue takes nothing more");
}

static void finish(struct stream *stream, int slot)
{
	struct stream_slot *s = &stream->slots[slot];

	judge(stream, slot, s->started);
	s->done = s->started;
}

static void *run(void *arg)
{
	struct stream *stream = arg;

	for (int i = 0; i < STREAM_SLOTS; i++)
		submit(stream, i);
	while (!stream->stop) {
		bool idle = true;

		for (int i = 0; i < STREAM_SLOTS; i++) {
			if (desc_wait(&stream->slots[i].desc->record, 0) < 0)
				continue;
			finish(stream, i);
			submit(stream, i);
			idle = false;
		}
		if (idle)
			proc_nap();
	}
	for (int i = 0; i < STREAM_SLOTS; i++)
		if (desc_wait(&stream->slots[i].desc->record, WAIT_MS) < 0)
			complain(stream, "slot %d does not end", i);
	return NULL;
}

/*
 * The test's side.
 */

/* What the device touches is shared: it works on where others have forked. */
static void alloc_memory(struct stream *stream)
{
	struct desc *descs = proc_shared(STREAM_SLOTS * sizeof(*descs));

	for (int i = 0; i < STREAM_SLOTS; i++)
		stream->slots[i].desc = &descs[i];
	stream->sink = proc_shared(stream->size);
	stream->kept = proc_shared(stream->size);
}

static void free_memory(struct stream *stream)
{
	munmap(stream->slots[0].desc, STREAM_SLOTS * sizeof(struct desc));
	munmap(stream->sink, stream->size);
	munmap(stream->kept, stream->size);
}

struct stream_view stream_view(uint64_t value)
{
	return (struct stream_view){ .read = true, .write = true, .value = value };
}

void *stream_memory(size_t size)
{
	uint8_t *area = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *mem = (uint8_t *)(((uintptr_t)area + size - 1) & -size);

	if (area == MAP_FAILED)
		return NULL;
	munmap(area, mem - area);
	munmap(mem + size, area + size - mem);
	madvise(mem, size, MADV_NOHUGEPAGE);
	memset(mem, 1, size);
	return mem;
}

int stream_start(struct stream *stream, const struct queue *queue, void *range,
		 size_t size, uint64_t value)
{
	int ret;

	*stream = (struct stream){ .range = range, .size = size };
	stream->block = size / STREAM_SLOTS / STREAM_BLOCKS;
	stream->from = stream_view(value);
	stream->to = stream->from;
	pthread_mutex_init(&stream->lock, NULL);
	ret = portal_open(&stream->portal, queue);
	if (ret)
		return ret;
	alloc_memory(stream);
	stream_fill(stream, range, value);
	ret = -pthread_create(&stream->thread, NULL, run, stream);
	if (ret) {
		free_memory(stream);
		portal_close(&stream->portal);
		return ret;
	}
	stream->runs = true;
	stream->end = proc_now() + RUN_MS * NSEC_PER_MSEC;
	if (stream_settle(stream))
		return 0;
	stream_stop(stream);
	return -EIO;
}

void stream_stop(struct stream *stream)
{
	if (!stream->runs)
		return;
	stream->stop = true;
	pthread_join(stream->thread, NULL);
	stream->runs = false;
	portal_close(&stream->portal);
	free_memory(stream);
}

void stream_fill(const struct stream *stream, void *where, uint64_t value)
{
	uint64_t *words = where;

	for (size_t i = stream->size / 2 / sizeof(*words);
	     i < stream->size / sizeof(*words); i++)
		words[i] = value;
}

void stream_expect(struct stream *stream, struct stream_view next)
{
	pthread_mutex_lock(&stream->lock);
	stream->to = next;
	pthread_mutex_unlock(&stream->lock);
}

/* A round of all blocks, by descriptors that were started after the call. */
static bool wait_pass(struct stream *stream)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	unsigned long goal[STREAM_SLOTS];

	for (int i = 0; i < STREAM_SLOTS; i++)
		goal[i] = stream->slots[i].started + STREAM_BLOCKS;
	for (int i = 0; i < STREAM_SLOTS; i++) {
		while (stream->slots[i].done < goal[i]) {
			if (proc_now() > deadline)
				return false;
			proc_nap();
		}
	}
	return true;
}

bool stream_settle(struct stream *stream)
{
	bool passed;

	pthread_mutex_lock(&stream->lock);
	stream->from = stream->to;
	pthread_mutex_unlock(&stream->lock);

	passed = wait_pass(stream);
	if (!passed)
		complain(stream, "the device is stuck");
	pthread_mutex_lock(&stream->lock);
	if (stream->trouble[0]) {
		fprintf(stderr, "# stream: %s\n", stream->trouble);
		stream->trouble[0] = '\0';
		passed = false;
	}
	pthread_mutex_unlock(&stream->lock);
	return passed;
}

/* Are all words of a block of a slot from @low to what is under way now? */
static bool block_landed(struct stream *stream, const uint8_t *where, int slot,
			 unsigned long block)
{
	unsigned long low = stream->slots[slot].landed[block];
	size_t offset = offset_of(stream, slot, block);
	const uint64_t *words = (const void *)(where + offset);
	uint64_t fill = stream->to.fill, word;

	for (size_t i = 0; i < stream->block / sizeof(*words); i++) {
		word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
		if (fill ? word == fill : word >= low &&
		    word <= stream->slots[slot].started &&
		    word % STREAM_BLOCKS == block)
			continue;
		fprintf(stderr, "# stream: number %#llx at offset %#zx, not %#lx\n",
			(unsigned long long)word, offset + i * sizeof(word), low);
		return false;
	}
	return true;
}

bool stream_landed(struct stream *stream, const void *where)
{
	const uint64_t *words = where;
	uint64_t value = stream->to.value;

	for (int slot = 0; slot < STREAM_WRITERS; slot++)
		for (unsigned long block = 0; block < STREAM_BLOCKS; block++)
			if (!block_landed(stream, where, slot, block))
				return false;
	for (size_t i = stream->size / 2 / sizeof(*words);
	     i < stream->size / sizeof(*words); i++) {
		if (__atomic_load_n(&words[i], __ATOMIC_RELAXED) == value)
			continue;
		fprintf(stderr, "# stream: %#llx at offset %#zx, not %#llx\n",
			(unsigned long long)words[i], i * sizeof(*words),
			(unsigned long long)value);
		return false;
	}
	return true;
}

bool stream_refill(struct stream *stream, uint64_t value)
{
	stream_expect(stream, stream_view(value));
	stream_fill(stream, stream->range, value);
	return stream_settle(stream) && stream_landed(stream, stream->range);
}

void stream_keep(struct stream *stream, const void *where)
{
	memcpy(stream->kept, where, stream->size);
}

bool stream_kept(const struct stream *stream, const void *where)
{
	return !memcmp(stream->kept, where, stream->size);
}

bool stream_goes_on(const struct stream *stream, unsigned int rounds,
		    unsigned int min)
{
	return rounds < min || proc_now() < stream->end;
}
