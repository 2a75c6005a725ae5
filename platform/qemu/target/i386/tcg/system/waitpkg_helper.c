/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UMONITOR, UMWAIT and TPAUSE (Intel SDM volume 2, WAITPKG).
 *
 * A waiting CPU is halted, so that it costs neither host time nor counted
 * instructions.  A timer on the virtual clock looks every WAIT_POLL_NS whether
 * the deadline has come or the monitored line has changed, and wakes it.  A
 * store that leaves the line as it was goes unseen; WAIT_GIVE_UP_NS bounds what
 * that costs, by a wake-up without cause, which the architecture allows.
 *
 * Touches CPUX86State.waitpkg and .wait_state; reads guest memory.
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "cpu.h"
#include "exec/helper-proto.h"
#include "exec/exec-all.h"
#include "exec/memory.h"
#include "exec/ramblock.h"
#include "tcg/helper-tcg.h"

#define WAIT_POLL_NS            (20 * SCALE_US)
#define WAIT_GIVE_UP_NS         (1 * SCALE_MS)
#define LINE_SIZE               sizeof(((X86WaitPkg *)0)->line)
#define WAIT_CONTROL_MASK       1u      /* wanted state: C0.1 or C0.2 */

/*
 * CPUX86State.wait_state.  The CPU's own thread sets AWAKE and ASLEEP, the
 * timer moves ASLEEP to WOKEN; the rest of the state is the CPU's while AWAKE
 * and only read otherwise.
 */
enum { WAIT_AWAKE, WAIT_ASLEEP, WAIT_WOKEN };

static uint64_t guest_tsc(CPUX86State *env)
{
    return cpu_get_tsc(env) + env->tsc_offset;
}

static bool line_changed(CPUX86State *env)
{
    const X86WaitPkg *w = &env->waitpkg;
    hwaddr offset, len = LINE_SIZE;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(env_cpu(env)->as, w->line_addr, &offset, &len,
                                 false, MEMTXATTRS_UNSPECIFIED);
    return !memory_region_is_ram(mr) || len < LINE_SIZE ||
           memcmp(qemu_map_ram_ptr(mr->ram_block, offset), w->line, LINE_SIZE);
}

static bool wait_is_over(CPUX86State *env)
{
    const X86WaitPkg *w = &env->waitpkg;

    return guest_tsc(env) >= w->deadline ||
           qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= w->give_up ||
           (w->monitored && line_changed(env));
}

/* A tick of the TSC is no longer than a nanosecond: this is never too late. */
static void arm_poll(CPUX86State *env)
{
    const X86WaitPkg *w = &env->waitpkg;
    uint64_t now = guest_tsc(env);
    uint64_t left = w->deadline > now ? w->deadline - now : 0;

    timer_mod(w->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                        MIN(left, WAIT_POLL_NS));
}

static void wait_poll(void *opaque)
{
    CPUX86State *env = opaque;

    if (qatomic_load_acquire(&env->wait_state) != WAIT_ASLEEP) {
        return;
    }
    if (!wait_is_over(env)) {
        arm_poll(env);
    } else if (qatomic_cmpxchg(&env->wait_state, WAIT_ASLEEP, WAIT_WOKEN) ==
               WAIT_ASLEEP) {
        /* An interrupt request without consequence, for cpu_has_work(). */
        cpu_interrupt(env_cpu(env), CPU_INTERRUPT_POLL);
    }
}

void waitpkg_realize(X86CPU *cpu)
{
    cpu->env.waitpkg.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, wait_poll,
                                          &cpu->env);
    /* CPUID[5]: the smallest and the largest line that is monitored. */
    cpu->mwait.eax = LINE_SIZE;
    cpu->mwait.ebx = LINE_SIZE;
}

bool waitpkg_may_resume(CPUX86State *env, bool has_work)
{
    const X86WaitPkg *w = &env->waitpkg;
    int state = qatomic_load_acquire(&env->wait_state);

    if (state == WAIT_AWAKE) {
        return has_work;
    }
    if (state == WAIT_ASLEEP && !has_work) {
        return false;
    }
    qatomic_set(&env->wait_state, WAIT_AWAKE);
    if (w->os_limit && guest_tsc(env) >= w->deadline) {
        env->eflags |= CC_C;
    }
    return true;
}

void helper_umonitor(CPUX86State *env, target_ulong ptr)
{
    X86WaitPkg *w = &env->waitpkg;
    CPUTLBEntryFull *full;
    void *host;

    probe_access_full(env, ptr, 1, MMU_DATA_LOAD,
                      cpu_mmu_index(env_cpu(env), false), false, &host, &full,
                      GETPC());
    /* What is not memory cannot be watched: the monitor is not armed. */
    w->armed = host != NULL;
    if (host) {
        w->line_addr = (full->phys_addr | (ptr & ~TARGET_PAGE_MASK)) &
                       ~(hwaddr)(LINE_SIZE - 1);
        memcpy(w->line, QEMU_ALIGN_PTR_DOWN(host, LINE_SIZE), LINE_SIZE);
    }
}

/* The instruction's own deadline, or the limit of the OS if that is earlier. */
static void set_deadline(CPUX86State *env, uint64_t now)
{
    X86WaitPkg *w = &env->waitpkg;
    uint32_t limit = env->umwait & MSR_IA32_UMWAIT_CONTROL_TIME;

    w->deadline = (uint32_t)env->regs[R_EAX] |
                  (uint64_t)(uint32_t)env->regs[R_EDX] << 32;
    w->os_limit = limit && now + limit < w->deadline;
    if (w->os_limit) {
        w->deadline = now + limit;
    }
}

static G_NORETURN void begin_wait(CPUX86State *env)
{
    CPUState *cs = env_cpu(env);

    env->waitpkg.give_up = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                           WAIT_GIVE_UP_NS;
    qatomic_store_release(&env->wait_state, WAIT_ASLEEP);
    arm_poll(env);

    do_end_instruction(env);
    cs->halted = 1;
    cs->exception_index = EXCP_HLT;
    cpu_loop_exit(cs);
}

static G_NORETURN void do_wait(CPUX86State *env, uint32_t control,
                               int insn_len, bool monitored, uintptr_t ra)
{
    X86WaitPkg *w = &env->waitpkg;
    bool armed = w->armed || !monitored;
    uint64_t now = guest_tsc(env);

    if ((control & ~WAIT_CONTROL_MASK) ||
        ((env->cr[4] & CR4_TSD_MASK) && (env->hflags & HF_CPL_MASK))) {
        raise_exception_ra(env, EXCP0D_GPF, ra);
    }

    set_deadline(env, now);
    w->monitored = monitored;
    w->armed = w->armed && !monitored;

    /* From here on the instruction is complete but for the wait and CF. */
    env->eip += insn_len;
    CC_SRC = 0;
    CC_OP = CC_OP_EFLAGS;
    if (!armed || now >= w->deadline || (monitored && line_changed(env))) {
        helper_pause(env);
    }
    begin_wait(env);
}

void helper_umwait(CPUX86State *env, target_ulong control, int insn_len)
{
    do_wait(env, control, insn_len, true, GETPC());
}

void helper_tpause(CPUX86State *env, target_ulong control, int insn_len)
{
    do_wait(env, control, insn_len, false, GETPC());
}
