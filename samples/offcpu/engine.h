/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device of the off-CPU task sample, in software: an engine that stores to
 * one word of memory and takes the commands that hardware of this kind takes.
 */
#ifndef _OFFCPU_SAMPLE_ENGINE_H
#define _OFFCPU_SAMPLE_ENGINE_H

#include <linux/types.h>

struct engine;
struct page;

struct engine *engine_create(struct page *page, unsigned int offset, bool deaf);
void engine_destroy(struct engine *engine);
int engine_start(struct engine *engine, u64 stores, u32 pause_us);
void engine_drain(struct engine *engine);
void engine_abort(struct engine *engine);
void engine_cut_off(struct engine *engine);
bool engine_wait_quiet(struct engine *engine, unsigned long timeout);

#endif
