// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are not there, or not for writing: what a descriptor says that was
 * told not to wait for them, and that one that may wait gets them as the CPU
 * would.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "desc.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define PAGE		4096
#define PAGES		8
#define WAIT_MS		5000
#define FAULT_WRITE(status)	((status) | DESC_FAULT_WRITE)
#define HUGE		(2UL * 1024 * 1024)
#define KERNEL_ADDRESS	0xffff888000000000

FIXTURE(faults) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *src, *dst;	/* private, untouched */
};

FIXTURE_VARIANT(faults) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(faults, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(faults, dedicated) { .dedicated = true };

static uint8_t *map(int prot)
{
	uint8_t *mem = mmap(NULL, PAGES * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, PAGES * PAGE, MADV_NOHUGEPAGE);
	return mem;
}

FIXTURE_SETUP(faults)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_TRUE(self->queue.block_on_fault);
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(2 * sizeof(*self->desc));
	self->src = map(PROT_READ | PROT_WRITE);
	self->dst = map(PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->src);
	ASSERT_NE(NULL, self->dst);
}

FIXTURE_TEARDOWN(faults)
{
	portal_close(&self->portal);
}

/* Copy; the status. */
static int copy(struct portal *portal, struct desc *desc, void *dst,
		const void *src, uint32_t size, bool block)
{
	desc_memmove(desc, dst, src, size);
	if (block)
		desc->hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

/* Three pages are there, the fourth is not: it says so, and can be gone on with. */
TEST_F(faults, partial_at_destination)
{
	const struct dsa_completion_record *record = &self->desc->record;

	memset(self->src, 0x31, PAGES * PAGE);
	memset(self->dst, 0, 3 * PAGE);
	ASSERT_EQ(FAULT_WRITE(DSA_COMP_PAGE_FAULT_NOBOF),
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, false));
	EXPECT_EQ(3 * PAGE, record->bytes_completed);
	EXPECT_EQ((uintptr_t)self->dst + 3 * PAGE, record->fault_addr);
	EXPECT_EQ(0, memcmp(self->dst, self->src, 3 * PAGE));

	memset(self->dst + 3 * PAGE, 0, 5 * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst + 3 * PAGE,
		       self->src + 3 * PAGE, 5 * PAGE, false));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGES * PAGE));
}

TEST_F(faults, partial_at_source)
{
	const struct dsa_completion_record *record = &self->desc->record;

	memset(self->src, 0x32, 2 * PAGE);
	memset(self->dst, 0, PAGES * PAGE);
	ASSERT_EQ(DSA_COMP_PAGE_FAULT_NOBOF,
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, false));
	EXPECT_EQ(2 * PAGE, record->bytes_completed);
	EXPECT_EQ((uintptr_t)self->src + 2 * PAGE, record->fault_addr);
	EXPECT_EQ(0x32, self->dst[2 * PAGE - 1]);
	EXPECT_EQ(0, self->dst[2 * PAGE]);
}

/* A page that the middle of the transfer begins in: not only at its start. */
TEST_F(faults, partial_from_within_a_page)
{
	const struct dsa_completion_record *record = &self->desc->record;

	memset(self->src, 0x33, PAGES * PAGE);
	memset(self->dst, 0, PAGE);
	ASSERT_EQ(FAULT_WRITE(DSA_COMP_PAGE_FAULT_NOBOF),
		  copy(&self->portal, self->desc, self->dst + 1000, self->src,
		       2 * PAGE, false));
	EXPECT_EQ(PAGE - 1000, record->bytes_completed);
	EXPECT_EQ((uintptr_t)self->dst + PAGE,
		  record->fault_addr & ~(uint64_t)(PAGE - 1));
}

TEST_F(faults, blocking_on_untouched_destination)
{
	memset(self->src, 0x34, PAGES * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, true));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGES * PAGE));
}

TEST_F(faults, blocking_on_untouched_source)
{
	memset(self->dst, 0x35, PAGES * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, true));
	for (int i = 0; i < PAGES * PAGE; i++)
		ASSERT_EQ(0, self->dst[i]);
}

TEST_F(faults, read_only_destination)
{
	for (int block = 0; block < 2; block++) {
		memset(self->src, 0x36, PAGE);
		memset(self->dst, 0x63, PAGE);
		ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ));
		EXPECT_EQ(FAULT_WRITE(block ? DSA_COMP_PAGE_FAULT_IR :
					      DSA_COMP_PAGE_FAULT_NOBOF),
			  copy(&self->portal, self->desc, self->dst, self->src,
			       PAGE, block));
		EXPECT_EQ(0, self->desc->record.bytes_completed);
		EXPECT_EQ((uintptr_t)self->dst, self->desc->record.fault_addr);
		EXPECT_EQ(0x63, self->dst[0]);
		ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ | PROT_WRITE));
	}
}

TEST_F(faults, source_that_is_not_mapped)
{
	memset(self->dst, 0x63, PAGE);
	ASSERT_EQ(0, munmap(self->src, PAGES * PAGE));
	for (int block = 0; block < 2; block++) {
		EXPECT_EQ(block ? DSA_COMP_PAGE_FAULT_IR : DSA_COMP_PAGE_FAULT_NOBOF,
			  copy(&self->portal, self->desc, self->dst, self->src,
			       PAGE, block));
		EXPECT_EQ((uintptr_t)self->src, self->desc->record.fault_addr);
		EXPECT_EQ(0x63, self->dst[0]);
	}
}

/* The kernel is in the page tables that the device walks, but not for it. */
TEST_F(faults, kernel_memory_is_out_of_reach)
{
	memset(self->dst, 0x63, PAGE);
	for (int block = 0; block < 2; block++) {
		EXPECT_LT(DSA_COMP_SUCCESS_PRED,
			  copy(&self->portal, self->desc, self->dst,
			       (void *)KERNEL_ADDRESS, PAGE, block));
		EXPECT_EQ(0x63, self->dst[0]);
		EXPECT_EQ(0x63, self->dst[PAGE - 1]);
		EXPECT_LT(DSA_COMP_SUCCESS_PRED,
			  copy(&self->portal, self->desc, (void *)KERNEL_ADDRESS,
			       self->dst, 8, block));
	}
}

struct cow {
	uint8_t *page;
	atomic_int look;
};

static void child_of_cow(void *arg)
{
	struct cow *cow = arg;

	if (!proc_wait_flag(&cow->look, 1, WAIT_MS))
		_exit(2);
	_exit(cow->page[0] == 0x38 ? 0 : 1);
}

/* After fork() a page is shared for reading; the device's write parts it. */
TEST_F(faults, copy_on_write)
{
	struct cow *cow = proc_shared(sizeof(*cow));
	int status;
	pid_t pid;

	memset(self->src, 0x37, PAGE);
	memset(self->dst, 0x38, PAGE);
	cow->page = self->dst;
	pid = proc_spawn(child_of_cow, cow);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src, PAGE, true));
	cow->look = 1;
	ASSERT_NE(0, proc_wait(pid, 2 * WAIT_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0x37, self->dst[0]);
}

/* Copies a page to @mem, blocking; does it arrive? */
static bool reaches(struct portal *portal, struct desc *desc, uint8_t *mem,
		    uint8_t *src)
{
	memset(src, 0x3a, PAGE);
	return copy(portal, desc, mem, src, PAGE, true) == DSA_COMP_SUCCESS &&
	       !memcmp(mem, src, PAGE);
}

/* ... or is it refused, and nothing written? */
static bool is_refused(struct portal *portal, struct desc *desc, uint8_t *mem,
		       uint8_t *src)
{
	memset(src, 0x3b, PAGE);
	return copy(portal, desc, mem, src, PAGE, true) ==
	       FAULT_WRITE(DSA_COMP_PAGE_FAULT_IR) &&
	       desc->record.fault_addr == (uintptr_t)mem;
}

static int file_of(uint8_t byte, unsigned int flags)
{
	uint8_t page[PAGE];
	int fd = memfd_create("faults", MFD_CLOEXEC | flags);

	memset(page, byte, PAGE);
	if (fd >= 0 && pwrite(fd, page, PAGE, 0) != PAGE) {
		close(fd);
		return -1;
	}
	return fd;
}

TEST_F(faults, shared_memory)
{
	int fd = file_of(0x11, 0);
	uint8_t *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint8_t byte;

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
	ASSERT_EQ(1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(0x3a, byte);
	close(fd);
}

/* The device writes to a copy, as the CPU would, and reads what the file has. */
TEST_F(faults, private_file)
{
	int fd = file_of(0x12, 0);
	uint8_t *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	uint8_t byte;

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, mem, PAGE, true));
	EXPECT_EQ(0x12, self->dst[0]);
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
	ASSERT_EQ(1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(0x12, byte);
	close(fd);
}

/* Behind the end of the file there is nothing: the CPU would get SIGBUS. */
TEST_F(faults, behind_the_end_of_a_file)
{
	int fd = file_of(0x13, 0);
	uint8_t *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem + PAGE, self->src));
	close(fd);
}

TEST_F(faults, transparent_huge_page)
{
	uint8_t *area = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *mem = (uint8_t *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));

	ASSERT_NE(MAP_FAILED, area);
	if (madvise(mem, HUGE, MADV_HUGEPAGE))
		SKIP(return, "no transparent huge pages");
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + PAGE, self->src));
	/* Split under the device's cached translation: only that half goes. */
	ASSERT_EQ(0, mprotect(mem, HUGE / 2, PROT_READ));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem + PAGE, self->src));
	EXPECT_EQ(0x3a, mem[PAGE]);
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + HUGE / 2, self->src));
}

TEST_F(faults, hugetlb_page)
{
	char before[16];
	uint8_t *mem;

	ASSERT_EQ(0, proc_read_file("/proc/sys/vm/nr_hugepages", before, 16));
	if (proc_write_file("/proc/sys/vm/nr_hugepages", "2"))
		SKIP(return, "no hugetlbfs, or not for us");
	mem = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	proc_write_file("/proc/sys/vm/nr_hugepages", before);
	if (mem == MAP_FAILED)
		SKIP(return, "no huge page is free");
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + 5 * PAGE, self->src));
	EXPECT_EQ(0, mem[0]);
	munmap(mem, HUGE);
}

/* Present, but not for anybody. */
TEST_F(faults, no_access)
{
	memset(self->dst, 0x63, PAGE);
	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_NONE));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ(DSA_COMP_PAGE_FAULT_IR,
		  copy(&self->portal, self->desc, self->src + PAGE, self->dst,
		       PAGE, true));
	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0x63, self->dst[0]);
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
}

/* Growing would be judged by the limits of who serves the fault. */
TEST_F(faults, stack_does_not_grow)
{
	uint8_t *area = map(PROT_NONE);
	uint8_t *mem = area + 7 * PAGE;

	ASSERT_NE(NULL, area);
	ASSERT_EQ(0, munmap(area, PAGES * PAGE));
	ASSERT_EQ(mem, mmap(mem, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE,
			    -1, 0));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem - PAGE, self->src));
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
}

/* Who would have to answer may be who is being killed: nobody is asked. */
TEST_F(faults, userfaultfd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)self->dst, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &reg));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst + PAGE,
			    self->src));
	close(fd);
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
}

/* A translation that the device used is not used after munmap(). */
TEST_F(faults, unmapped_after_use)
{
	memset(self->src, 0x39, PAGE);
	memset(self->dst, 0, PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src, PAGE, false));
	ASSERT_EQ(0, munmap(self->dst, PAGE));
	EXPECT_EQ(FAULT_WRITE(DSA_COMP_PAGE_FAULT_NOBOF),
		  copy(&self->portal, self->desc, self->dst, self->src, PAGE, false));
}

TEST_F(faults, batch_list_that_is_not_mapped)
{
	ASSERT_EQ(0, munmap(self->src, PAGES * PAGE));
	desc_batch(self->desc, (void *)self->src, 4);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	EXPECT_EQ(DSA_COMP_BATCH_PAGE_FAULT, desc_wait(&self->desc->record, WAIT_MS));
	EXPECT_EQ(0, self->desc->record.bytes_completed);
	EXPECT_EQ((uintptr_t)self->src, self->desc->record.fault_addr);
}

TEST_HARNESS_MAIN
