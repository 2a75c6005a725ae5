/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MOVDIR64B, ENQCMD and ENQCMDS: 64 bytes to a device as one transaction
 * (Intel SDM volume 2).
 *
 * Touches guest memory and, through MemoryRegionOps.store64, the device that
 * owns the destination.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "cpu.h"
#include "exec/helper-proto.h"
#include "exec/cpu_ldst.h"
#include "exec/exec-all.h"
#include "exec/memory.h"
#include "tcg/helper-tcg.h"
#include "tcg/access.h"

#define COMMAND_SIZE            64
/* First doubleword of a command: PASID, reserved bits, privilege. */
#define COMMAND_PASID           0x000fffff
#define COMMAND_RESERVED        0x7ff00000

/* What a 64-byte store finds at its destination. */
typedef struct Store64 {
    MemoryRegion *mr;   /* a region that takes 64 bytes whole, or NULL */
    hwaddr offset;      /* in @mr */
    void *host;         /* memory to be written directly, or NULL */
} Store64;

static void check_dest(CPUX86State *env, target_ulong dest, uintptr_t ra)
{
    if (dest & (COMMAND_SIZE - 1)) {
        raise_exception_ra(env, EXCP0D_GPF, ra);
    }
}

static void load_source(CPUX86State *env, uint8_t *data, target_ulong src,
                        uintptr_t ra)
{
    X86Access ac;

    access_prepare(&ac, env, src, COMMAND_SIZE, MMU_DATA_LOAD, ra);
    for (int i = 0; i < COMMAND_SIZE; i += 8) {
        stq_le_p(data + i, access_ldq(&ac, src + i));
    }
}

/*
 * Find out what is at @dest, or fault as a store there would.  The source has
 * been read by now: a later probe would invalidate this one's result.
 */
static Store64 probe_dest(CPUX86State *env, target_ulong dest, uintptr_t ra)
{
    CPUState *cs = env_cpu(env);
    hwaddr len = COMMAND_SIZE;
    CPUTLBEntryFull *full;
    Store64 to = { };
    MemoryRegion *mr;
    hwaddr addr;
    int flags;

    flags = probe_access_full(env, dest, COMMAND_SIZE, MMU_DATA_STORE,
                              cpu_mmu_index(cs, false), false, &to.host, &full,
                              ra);
    if (flags) {
        /* A device, or memory where a store must be noticed: no short cut. */
        to.host = NULL;
    }
    if (!(flags & TLB_MMIO)) {
        return to;
    }
    addr = full->phys_addr | (dest & ~TARGET_PAGE_MASK);
    mr = address_space_translate(cpu_addressspace(cs, full->attrs), addr,
                                 &to.offset, &len, true, full->attrs);
    if (mr->ops->store64 && len == COMMAND_SIZE) {
        to.mr = mr;
    }
    return to;
}

static bool store64(const Store64 *to, const uint8_t *data, bool posted)
{
    BQL_LOCK_GUARD();
    return to->mr->ops->store64(to->mr->opaque, to->offset, data, posted);
}

void helper_movdir64b(CPUX86State *env, target_ulong dest, target_ulong src)
{
    int mmu_idx = cpu_mmu_index(env_cpu(env), false);
    uint8_t data[COMMAND_SIZE];
    uintptr_t ra = GETPC();
    Store64 to;

    check_dest(env, dest, ra);
    load_source(env, data, src, ra);
    to = probe_dest(env, dest, ra);

    if (to.mr) {
        store64(&to, data, true);
    } else if (to.host) {
        memcpy(to.host, data, COMMAND_SIZE);
    } else {
        for (int i = 0; i < COMMAND_SIZE; i += 8) {
            cpu_stq_le_mmuidx_ra(env, dest + i, ldq_le_p(data + i),
                                 mmu_idx, ra);
        }
    }
}

/* The flags: ZF says retry, also of what cannot be enqueued to at all. */
static target_ulong enqueue(CPUX86State *env, target_ulong dest,
                            const uint8_t *data, uintptr_t ra)
{
    Store64 to = probe_dest(env, dest, ra);

    return to.mr && store64(&to, data, false) ? 0 : CC_Z;
}

target_ulong helper_enqcmd(CPUX86State *env, target_ulong dest,
                           target_ulong src)
{
    uint8_t data[COMMAND_SIZE];
    uintptr_t ra = GETPC();

    check_dest(env, dest, ra);
    if (!(env->pasid & MSR_IA32_PASID_VALID)) {
        raise_exception_ra(env, EXCP0D_GPF, ra);
    }
    load_source(env, data, src, ra);
    if (ldl_le_p(data)) {
        raise_exception_ra(env, EXCP0D_GPF, ra);
    }
    stl_le_p(data, env->pasid & COMMAND_PASID);
    return enqueue(env, dest, data, ra);
}

target_ulong helper_enqcmds(CPUX86State *env, target_ulong dest,
                            target_ulong src)
{
    uint8_t data[COMMAND_SIZE];
    uintptr_t ra = GETPC();

    check_dest(env, dest, ra);
    load_source(env, data, src, ra);
    if (ldl_le_p(data) & COMMAND_RESERVED) {
        raise_exception_ra(env, EXCP0D_GPF, ra);
    }
    return enqueue(env, dest, data, ra);
}
