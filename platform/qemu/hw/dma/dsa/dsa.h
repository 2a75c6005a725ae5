/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel Data Streaming Accelerator 1.0 (8086:0b25): the device's state and
 * what its files call of each other.  Section numbers are those of the
 * architecture specification, Intel order number 341204.
 *
 *   dsa-pci.c      configuration space, reset, properties
 *   dsa-regs.c     BAR0
 *   dsa-cmd.c      administrative commands
 *   dsa-config.c   what is checked when the device or a queue is enabled
 *   dsa-wq.c       work queues: configuration registers, storage, occupancy
 *   dsa-portal.c   BAR2: submission
 *   dsa-engine.c   groups and engines: who works on what, and when
 *   dsa-task.c     the life of one descriptor
 *   dsa-batch.c    Batch descriptors
 *   dsa-mem.c      memory accesses, address translation cache
 *   dsa-prs.c      page requests
 *   dsa-irq.c      interrupts, interrupt handles, the software error register
 *   dsa-inject.c   misbehaviour on command
 *   dsa-op*.c      the data operations; see dsa-op.h
 *
 * All of it runs with the big lock held, in virtual CPUs or in timers of the
 * virtual clock.  There are no threads and no bottom halves.
 */
#ifndef HW_DMA_DSA_H
#define HW_DMA_DSA_H

#include "qemu/timer.h"
#include "hw/pci/pci_device.h"
#include "hw/i386/vtd_ats.h"
#include "dsa-op.h"

#define TYPE_DSA "dsa"
OBJECT_DECLARE_SIMPLE_TYPE(DSADevice, DSA)

#define DSA_NUM_WQS         8
#define DSA_NUM_GROUPS      4
#define DSA_NUM_ENGINES     4
#define DSA_NUM_VECTORS     9
#define DSA_TOTAL_WQ_SIZE   128     /* descriptors */
#define DSA_READ_BUFFERS    96
#define DSA_MAX_XFER_SHIFT  31
#define DSA_MAX_BATCH_SHIFT 10
#define DSA_WQCFG_WORDS     8
#define DSA_MAX_PRS         512     /* page requests outstanding */
#define DSA_BATCH_FETCH     16      /* descriptors read at a time */
#define DSA_CR_SIZE         32
#define DSA_MAX_GROUP       16      /* page requests in a group */
#define DSA_PAGE_SHIFT      12
#define DSA_PAGE_SIZE       (1ull << DSA_PAGE_SHIFT)

/* Most that one engine has in hand, waiting for pages or for a batch */
#define DSA_ENGINE_BLOCKED  8
#define DSA_ENGINE_BATCHES  4

/* BAR0 */
#define DSA_BAR0_SIZE       0x10000
#define DSA_MSIXPERM        0x400
#define DSA_GRPCFG          0x600
#define DSA_WQCFG           0x800
#define DSA_PERFMON         0x2000
#define DSA_MSIX_TABLE      0x4000
#define DSA_MSIX_PBA        0x5000

/* GENSTS (9.2.10) and, but for HALT, the state of a queue (9.2.24) */
enum {
    DSA_STATE_DISABLED  = 0,
    DSA_STATE_ENABLED   = 1,
    DSA_STATE_DRAINING  = 2,
    DSA_STATE_HALT      = 3,
};

/* INTCAUSE (9.2.11) */
#define DSA_CAUSE_SWERR     BIT(0)
#define DSA_CAUSE_CMD       BIT(1)
#define DSA_CAUSE_OCCUPANCY BIT(2)
#define DSA_CAUSE_HALT      BIT(4)

/* GENCFG, GENCTRL (9.2.8, 9.2.9) */
#define DSA_GENCFG_RDBUF_LIMIT  0xff
#define DSA_GENCFG_USER_INT     BIT(12)
#define DSA_GENCTRL_SWERR       BIT(0)
#define DSA_GENCTRL_HALT        BIT(1)

/* Errors that are reported in SWERROR alone (5.8.2) */
enum {
    DSA_SWERR_PCI_CONFIG    = 0x51,
    DSA_SWERR_CMD_ACTIVE    = 0x52,
    DSA_SWERR_DWQ_FULL      = 0x53,
};

/* Error codes of commands (5.8.3) */
enum {
    DSA_CMD_OK                  = 0x00,
    DSA_CMD_ERR_CODE            = 0x01,
    DSA_CMD_ERR_WQ_INDEX        = 0x02,
    DSA_CMD_ERR_RESERVED        = 0x04,
    DSA_CMD_ERR_HALTED          = 0x05,
    DSA_CMD_ERR_DEV_ENABLED     = 0x10,
    DSA_CMD_ERR_CONFIG          = 0x11,
    DSA_CMD_ERR_BUS_MASTER      = 0x12,
    DSA_CMD_ERR_PRS_ALLOC       = 0x13,
    DSA_CMD_ERR_WQ_SIZE_SUM     = 0x14,
    DSA_CMD_ERR_GRP_EMPTY       = 0x15,
    DSA_CMD_ERR_GRP_WQS         = 0x16,
    DSA_CMD_ERR_GRP_ENGINES     = 0x17,
    DSA_CMD_ERR_GRP_RDBUFS      = 0x18,
    DSA_CMD_ERR_DEV_NOT_ENABLED = 0x20,
    DSA_CMD_ERR_WQ_ENABLED      = 0x21,
    DSA_CMD_ERR_WQ_SIZE         = 0x22,
    DSA_CMD_ERR_WQ_PRIORITY     = 0x23,
    DSA_CMD_ERR_WQ_MODE         = 0x24,
    DSA_CMD_ERR_WQ_BOF          = 0x25,
    DSA_CMD_ERR_WQ_PASID        = 0x26,
    DSA_CMD_ERR_WQ_BATCH        = 0x27,
    DSA_CMD_ERR_WQ_XFER         = 0x28,
    DSA_CMD_ERR_WQ_PRIV         = 0x2a,
    DSA_CMD_ERR_WQ_OCCUP_INT    = 0x2b,
    DSA_CMD_ERR_DEV_DISABLED    = 0x31,
    DSA_CMD_ERR_WQ_NOT_ENABLED  = 0x32,
    DSA_CMD_ERR_INT_INDEX       = 0x41,
};

/* Where a descriptor is in its life */
typedef enum DSAPhase {
    DSA_PHASE_CHECK,    /* checked, the record's address translated */
    DSA_PHASE_WORK,     /* the operation */
    DSA_PHASE_LIST,     /* Batch: descriptors being read */
    DSA_PHASE_RECORD,   /* the completion record is to be written */
} DSAPhase;

/* What a descriptor in flight waits for, if it does */
typedef enum DSAWait {
    DSA_WAIT_NONE,      /* nothing: an engine has it */
    DSA_WAIT_ENGINE,    /* an engine, in its group's list @ready */
    DSA_WAIT_PAGE,      /* a page response */
    DSA_WAIT_SLOT,      /* leave to send one more page request */
    DSA_WAIT_CHILDREN,  /* Batch: the descriptors of the batch */
    DSA_WAIT_EARLIER,   /* Drain: those accepted before it */
} DSAWait;

typedef enum DSARun {
    DSA_RUN_MORE,       /* the engine goes on with it */
    DSA_RUN_AWAY,       /* it waits for something, or is gone */
} DSARun;

typedef QTAILQ_HEAD(DSATaskList, DSATask) DSATaskList;

struct DSABatch {
    DSATask *parent;
    uint32_t count;     /* descriptors in the list */
    uint32_t base;      /* index of the first in @desc */
    uint32_t read;      /* of them read from memory */
    uint32_t next;      /* of them begun */
    uint32_t done;      /* of them completed */
    bool failed;        /* one completed with a status other than Success */
    bool list_fault;    /* the rest of the list cannot be read */
    uint8_t desc[DSA_BATCH_FETCH][DSA_DESC_SIZE];   /* the last ones read */
    QTAILQ_ENTRY(DSABatch) link;
};

struct DSAWQ {
    DSADevice *dev;
    unsigned index;
    uint32_t cfg[DSA_WQCFG_WORDS];  /* as written; state and occupancy apart */
    uint8_t state;
    unsigned credit;                /* dispatches left in this round (4.1) */
    unsigned occupancy;
    bool occupancy_raised;
    DSATaskList queue;
};

typedef struct DSAGroup {
    DSADevice *dev;
    /* GRPCFG, as written */
    uint64_t wqs[4];
    uint64_t engines;
    uint64_t flags;
    /* At run time */
    unsigned turn;                  /* queue that the arbiter looks at next */
    bool batch_turn;
    DSATaskList ready;              /* begun, and able to go on */
    QTAILQ_HEAD(, DSABatch) batches;
} DSAGroup;

typedef struct DSAEngine {
    DSADevice *dev;
    DSATask *cur;
    QEMUTimer *timer;               /* pending: busy until then */
} DSAEngine;

typedef struct DSAPageRequest {     /* a group of them */
    bool used;
    unsigned pages;
    uint32_t pasid;
    DSATask *task;                  /* NULL: nobody waits any longer */
} DSAPageRequest;

typedef struct DSACommand {
    uint32_t reg;
    bool started;                   /* else: its latency has not passed */
    uint64_t seq;                   /* descriptors up to here are meant */
    QEMUTimer *timer;
} DSACommand;

struct DSADevice {
    PCIDevice parent_obj;

    MemoryRegion mmio;
    MemoryRegion portals;

    /* Properties */
    uint64_t bandwidth;             /* bytes per virtual second and engine */
    uint64_t latency_ns;            /* of each descriptor */
    uint64_t command_ns;            /* of each command */

    /* Registers */
    uint32_t gencfg;
    uint32_t genctrl;
    uint8_t state;
    uint32_t intcause;
    uint32_t cmdsts;
    uint64_t swerr[4];
    uint32_t msixperm[DSA_NUM_VECTORS];
    bool handle_given[DSA_NUM_VECTORS];

    DSAWQ wq[DSA_NUM_WQS];
    DSAGroup group[DSA_NUM_GROUPS];
    DSAEngine engine[DSA_NUM_ENGINES];
    DSACommand cmd;

    uint64_t seq;                   /* of the last descriptor accepted */
    DSATaskList inflight;

    bool iommu;                     /* a VT-d knows of us */
    GHashTable *atc;
    DSAPageRequest prs[DSA_MAX_PRS];
    unsigned prs_next;
    unsigned prs_used;

    uint16_t ats_cap;
    uint16_t pasid_cap;
    uint16_t pri_cap;
    uint16_t inject_cap;
};

/* WQCFG fields (9.2.24) */
static inline unsigned dsa_wq_size(const DSAWQ *wq)
{
    return extract32(wq->cfg[0], 0, 16);
}

static inline bool dsa_wq_dedicated(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 0, 1);
}

static inline bool dsa_wq_bof(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 1, 1);
}

static inline bool dsa_wq_ats_off(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 2, 1);
}

static inline unsigned dsa_wq_priority(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 4, 4);
}

static inline uint32_t dsa_wq_pasid(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 8, 20);
}

static inline bool dsa_wq_pasid_on(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 28, 1);
}

static inline bool dsa_wq_priv(const DSAWQ *wq)
{
    return extract32(wq->cfg[2], 29, 1);
}

static inline unsigned dsa_wq_xfer_shift(const DSAWQ *wq)
{
    return extract32(wq->cfg[3], 0, 5);
}

static inline unsigned dsa_wq_batch_shift(const DSAWQ *wq)
{
    return extract32(wq->cfg[3], 5, 4);
}

/* dsa-pci.c */

/* What the function's control bits say at the moment */
bool dsa_bus_master(const DSADevice *dev);
bool dsa_ats_on(const DSADevice *dev);
bool dsa_pasid_on(const DSADevice *dev);
bool dsa_priv_on(const DSADevice *dev);
bool dsa_pri_on(const DSADevice *dev);

/* Page requests that software allows to be outstanding */
uint32_t dsa_pri_alloc(const DSADevice *dev);

/* Set bits of the page request status register, which stay until cleared */
void dsa_pri_status(DSADevice *dev, uint16_t bits);

/* dsa-regs.c */
void dsa_regs_init(DSADevice *dev);

/* Give all registers, but those that only hardware resets, their first value */
void dsa_regs_reset(DSADevice *dev);

/* dsa-cmd.c */
void dsa_cmd_init(DSADevice *dev);

/* Take a write to the command register (9.2.12) */
void dsa_cmd_write(DSADevice *dev, uint32_t val);

/* See whether the command in progress waits for nothing any more */
void dsa_cmd_poll(DSADevice *dev);

/* Forget the command in progress without an answer: reset of the function */
void dsa_cmd_cancel(DSADevice *dev);

/* dsa-config.c */

/* The checks of 5.1 and 5.2; return a DSA_CMD_* code */
uint8_t dsa_config_check_device(const DSADevice *dev);
uint8_t dsa_config_check_wq(const DSAWQ *wq);

/* dsa-wq.c */
void dsa_wq_init(DSADevice *dev);
uint32_t dsa_wqcfg_read(const DSADevice *dev, unsigned offset);
void dsa_wqcfg_write(DSADevice *dev, unsigned offset, uint32_t val,
                     uint32_t mask);
uint32_t dsa_grpcfg_read(const DSADevice *dev, unsigned offset);
void dsa_grpcfg_write(DSADevice *dev, unsigned offset, uint32_t val,
                      uint32_t mask);

/* First values of a queue's registers; its size stays if @keep_size */
void dsa_wq_reset(DSAWQ *wq, bool keep_size);
void dsa_group_reset(DSAGroup *g);

/* The group that queue or engine is in, or NULL */
DSAGroup *dsa_wq_group(const DSAWQ *wq);
DSAGroup *dsa_engine_group(const DSAEngine *e);

/* Put a descriptor of 64 bytes, for which there is room, into the queue */
void dsa_wq_push(DSAWQ *wq, const void *desc);

/* Take the first, or this, descriptor out of the queue's storage */
DSATask *dsa_wq_pop(DSAWQ *wq);
void dsa_wq_remove(DSAWQ *wq, DSATask *t);

/* Raise the occupancy interrupt if its condition holds */
void dsa_wq_occupancy(DSAWQ *wq);

/* dsa-portal.c */
void dsa_portal_init(DSADevice *dev);

/* dsa-engine.c */
void dsa_engine_init(DSADevice *dev);

/* Wake the idle engines of @g, or of all groups */
void dsa_group_kick(DSAGroup *g);
void dsa_kick_all(DSADevice *dev);

/* @t, which waited, can go on: the next engine that is free takes it */
void dsa_task_ready(DSATask *t);

/* No engine has @t in hand, nor waits to have it, after this */
void dsa_engine_forget(DSATask *t);

/* dsa-task.c */

/* Advance @t by one step of at most about @budget bytes */
DSARun dsa_task_run(DSATask *t, size_t budget, size_t *used);

/* @t is complete with @status: its record is the next step */
void dsa_task_finish(DSATask *t, uint8_t status);

/* The page response, or the lack of one, for the fault recorded in @t */
void dsa_task_page_response(DSATask *t, unsigned code);

/* Look for Drain descriptors that wait for nothing any more */
void dsa_task_poll_drains(DSADevice *dev);

typedef bool DSATaskMatch(const DSATask *t, const void *arg);

/* Whether any descriptor in the device, queued or in flight, matches */
bool dsa_task_any(DSADevice *dev, DSATaskMatch *match, const void *arg);

/* Abandon those that match, without record or interrupt (3.15) */
void dsa_task_abort(DSADevice *dev, DSATaskMatch *match, const void *arg);

/* dsa-batch.c */

/* Check a Batch descriptor; 0 or DSA_ST_* */
uint8_t dsa_batch_check(DSATask *t);

/* Begin the batch of @t, which is its descriptor */
void dsa_batch_begin(DSATask *t);

/* Read the next part of the descriptor list; then @t waits for the children */
DSAMemResult dsa_batch_read(DSATask *t, size_t *used);

/* The list cannot be read any further */
void dsa_batch_list_fault(DSATask *t);

/* The next descriptor of @b that may begin, or NULL */
DSATask *dsa_batch_next(DSABatch *b);

/* A descriptor of @b completed with @status */
void dsa_batch_child_done(DSABatch *b, uint8_t status);

void dsa_batch_free(DSABatch *b);

/* dsa-mem.c */
void dsa_mem_init(DSADevice *dev);

/* See that @va can be written, and be translated, without writing */
DSAMemResult dsa_mem_probe_write(DSATask *t, uint64_t va);

/* Whether the IOMMU has no page at @va for an access as the one at fault */
bool dsa_mem_missing(DSATask *t, uint64_t va);

/* Write a completion record: the first 8 bytes last, as one store */
DSAMemResult dsa_mem_write_record(DSATask *t, uint64_t va,
                                  const uint8_t rec[DSA_CR_SIZE]);

/* Forget all translations */
void dsa_atc_flush(DSADevice *dev);

/* VTDAtsOps.invalidate */
void dsa_atc_invalidate(void *opaque, const VTDAtsInvalidation *inv);

/* dsa-prs.c */

/* Whether page requests can be sent for descriptors of @wq */
bool dsa_prs_on(const DSAWQ *wq);

/* Ask for the page that @t faulted on; @t waits */
void dsa_prs_request(DSATask *t);

/* @t is being abandoned: a response that is still to come is ignored */
void dsa_prs_forget(DSATask *t);

/* The function was reset: no request is outstanding */
void dsa_prs_reset(DSADevice *dev);

/* VTDAtsOps.page_response */
void dsa_prs_response(void *opaque, uint32_t pasid, uint16_t group,
                      unsigned code);

/* dsa-irq.c */

/* Raise vector 0 for one of DSA_CAUSE_* */
void dsa_irq_cause(DSADevice *dev, uint32_t cause);

/* Raise a vector; INTCAUSE says @cause if it is vector 0 */
void dsa_irq_vector(DSADevice *dev, unsigned vector, uint32_t cause);

/* Vector of an interrupt handle, or -1 */
int dsa_irq_handle_vector(const DSADevice *dev, uint16_t handle);

/* Handle of an interrupt table entry */
uint16_t dsa_irq_handle(unsigned vector);

/* Whether @t may raise the interrupt that it asks for (5.4) */
bool dsa_irq_allowed(const DSATask *t);

/* The completion interrupt of @t */
void dsa_irq_complete(const DSATask *t);

/* Record an error without a descriptor, or the failure of @t (9.2.15) */
void dsa_swerr(DSADevice *dev, uint8_t error, const DSAWQ *wq);
void dsa_swerr_task(const DSATask *t, uint8_t error);

/* Stop everything until the device is reset (5.7) */
void dsa_halt(DSADevice *dev);

/* dsa-inject.c */
void dsa_inject_init(DSADevice *dev, uint16_t offset);
void dsa_inject_class_init(ObjectClass *klass);

/* Something may have been switched off: go on with what hung */
void dsa_inject_changed(DSADevice *dev);

bool dsa_inject_hang_engines(const DSADevice *dev);
bool dsa_inject_hang_drain(const DSADevice *dev);
bool dsa_inject_hang_abort(const DSADevice *dev);
bool dsa_inject_mute_invalidations(const DSADevice *dev);
bool dsa_inject_drop_submissions(const DSADevice *dev);
bool dsa_inject_ignore_flr(const DSADevice *dev);

/* Factor by which work takes longer, at least 1 */
uint32_t dsa_inject_slowdown(const DSADevice *dev);

/* Pages that a page request group may ask for */
unsigned dsa_inject_group_pages(const DSADevice *dev);

/* Whether the descriptor about to start is to fail; counts down */
bool dsa_inject_fail_next(DSADevice *dev);

#endif
