/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run one instruction that may fault, and tell how it did.  Each test program
 * includes this once; it takes over SIGSEGV, SIGBUS and SIGILL.
 */
#ifndef X86_OFFLOAD_GUARDED_H
#define X86_OFFLOAD_GUARDED_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <unistd.h>

#define TRAP_UD 6
#define TRAP_GP 13
#define TRAP_PF 14

#define FLAG_CF 0x001UL
#define FLAG_PF 0x004UL
#define FLAG_AF 0x010UL
#define FLAG_ZF 0x040UL
#define FLAG_SF 0x080UL
#define FLAG_OF 0x800UL
#define FLAGS_STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* What the last guarded instruction ended with; @signo 0: it completed. */
struct fault {
	int signo;
	int code;
	uint64_t addr;
	int trap;
	uint64_t rip;
};

static struct fault fault;
uint64_t insn_start, insn_end;	/* the asm statements store to these */

/*
 * Wraps the text of an instruction in an asm statement that clobbers r11 and
 * memory.  A fault goes on behind the instruction.
 */
#define GUARDED(insn)					\
	"leaq 771f(%%rip), %%r11\n\t"			\
	"movq %%r11, insn_start(%%rip)\n\t"		\
	"leaq 772f(%%rip), %%r11\n\t"			\
	"movq %%r11, insn_end(%%rip)\n\t"		\
	"771: " insn "\n\t"				\
	"772:\n\t"

/* Set the status flags to %[before] ahead of it, read them into %[after]. */
#define GUARDED_FLAGS(insn)				\
	"leaq -128(%%rsp), %%rsp\n\t"			\
	"pushq %[before]\n\t"				\
	"popfq\n\t"					\
	GUARDED(insn)					\
	"pushfq\n\t"					\
	"popq %[after]\n\t"				\
	"leaq 128(%%rsp), %%rsp\n\t"

static void fault_handler(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	fault.signo = signo;
	fault.code = info->si_code;
	fault.addr = (uint64_t)info->si_addr;
	fault.trap = regs[REG_TRAPNO];
	fault.rip = regs[REG_RIP];
	regs[REG_RIP] = insn_end;
}

static inline void catch_faults(void)
{
	struct sigaction sa = {
		.sa_sigaction = fault_handler,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
}

/* Forget the last fault; between two guarded instructions. */
static inline void forget_fault(void)
{
	memset(&fault, 0, sizeof(fault));
}

/* @pages zeroed pages, and after them one that nothing may touch. */
static inline uint8_t *pages_before_hole(int pages)
{
	long size = sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, (pages + 1) * size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p + pages * size, size))
		abort();
	return p;
}

static inline void fill(void *to, int from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = from + i;
}

#define EXPECT_NO_FAULT() EXPECT_EQ(0, fault.signo)

#define EXPECT_FAULT(sig, sicode, trapno) do {		\
	EXPECT_EQ(sig, fault.signo);			\
	EXPECT_EQ(sicode, fault.code);			\
	EXPECT_EQ(trapno, fault.trap);			\
	EXPECT_EQ(insn_start, fault.rip);		\
} while (0)

#define EXPECT_UD() EXPECT_FAULT(SIGILL, ILL_ILLOPN, TRAP_UD)
#define EXPECT_GP() EXPECT_FAULT(SIGSEGV, SI_KERNEL, TRAP_GP)
#define EXPECT_PF(sicode, at) do {			\
	EXPECT_FAULT(SIGSEGV, sicode, TRAP_PF);		\
	EXPECT_EQ((uint64_t)(at), fault.addr);		\
} while (0)

/* Run the bytes of an instruction that must be refused as undefined. */
#define EXPECT_UNDEFINED(bytes) do {			\
	forget_fault();					\
	asm volatile(GUARDED(".byte " bytes)		\
		     : : "a" (scratch), "c" (scratch), "d" (0UL)	\
		     : "r11", "memory");		\
	EXPECT_UD();					\
} while (0)

/* Where an undefined instruction would write if it were defined after all. */
static uint8_t scratch[4096];

#endif /* X86_OFFLOAD_GUARDED_H */
