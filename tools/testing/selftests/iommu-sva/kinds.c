// SPDX-License-Identifier: GPL-2.0
/*
 * A device's page faults in each kind of mapping: it gets the page that the CPU
 * would get, or is refused where the CPU would be or where nobody may be asked.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "../offcpu/fuse.h"
#include "../offcpu/list.h"

#define PAGE		4096UL
#define PAGES		8
#define HUGE		(2UL * 1024 * 1024)
#define WAIT_MS		10000
#define FILE_PATH	PROC_TMPFS "/file"
#define FAULT_WRITE(status)	((status) | DESC_FAULT_WRITE)

FIXTURE(kinds) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *src, *dst;	/* private, untouched */
};

static uint8_t *map(size_t size, int flags)
{
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | flags, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

FIXTURE_SETUP(kinds)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(2 * sizeof(*self->desc));
	self->src = pages_untouched(PAGES * PAGE);
	self->dst = pages_untouched(PAGES * PAGE);
	ASSERT_NE(NULL, self->src);
	ASSERT_NE(NULL, self->dst);
}

FIXTURE_TEARDOWN(kinds)
{
	portal_close(&self->portal);
}

/* Copy; whatever page is missing is waited for.  The status. */
static int copy(struct portal *portal, struct desc *desc, void *dst,
		const void *src, uint32_t size)
{
	desc_memmove(desc, dst, src, size);
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

/* Does a page that is copied to @mem arrive? */
static bool reaches(struct portal *portal, struct desc *desc, uint8_t *mem,
		    uint8_t *src)
{
	memset(src, 0x3a, PAGE);
	return copy(portal, desc, mem, src, PAGE) == DSA_COMP_SUCCESS &&
	       !memcmp(mem, src, PAGE);
}

/* ... or is it refused, at once and not after a page that does not help? */
static bool is_refused(struct portal *portal, struct desc *desc, uint8_t *mem,
		       uint8_t *src)
{
	long served;

	memset(src, 0x3b, PAGE);
	served = list_faults();
	return copy(portal, desc, mem, src, PAGE) ==
	       FAULT_WRITE(DSA_COMP_PAGE_FAULT_IR) &&
	       desc->record.fault_addr == (uintptr_t)mem && list_faults() == served;
}

/* Does it read as pages that all consist of @byte? */
static bool reads(struct portal *portal, struct desc *desc, uint8_t *dst,
		  const uint8_t *mem, uint8_t byte)
{
	memset(dst, ~byte, PAGE);
	return copy(portal, desc, dst, mem, PAGE) == DSA_COMP_SUCCESS &&
	       dst[0] == byte && !memcmp(dst, dst + 1, PAGE - 1);
}

static int file_of(uint8_t byte)
{
	uint8_t page[PAGE];
	int fd = memfd_create("kinds", MFD_CLOEXEC);

	memset(page, byte, PAGE);
	if (fd >= 0 && pwrite(fd, page, PAGE, 0) != PAGE) {
		close(fd);
		return -1;
	}
	return fd;
}

static int file_byte(int fd)
{
	uint8_t byte;

	return pread(fd, &byte, 1, 0) == 1 ? byte : -1;
}

/*
 * Memory of no file.
 */

/* Read first: the page of zeroes, which a write then replaces by a page. */
TEST_F(kinds, zeroes_then_a_page)
{
	EXPECT_TRUE(reads(&self->portal, self->desc, self->src, self->dst, 0));
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ(0, self->dst[PAGE]);
}

/* What is given back in between is faulted in anew. */
TEST_F(kinds, given_back)
{
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
	ASSERT_EQ(0, madvise(self->dst, PAGE, MADV_DONTNEED));
	EXPECT_TRUE(reads(&self->portal, self->desc, self->src, self->dst, 0));
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
}

/* Faults of one descriptor, on both sides, all over two mappings. */
TEST_F(kinds, many_pages)
{
	for (int i = 0; i < PAGES; i += 2)
		memset(self->src + i * PAGE, 0x40 + i, PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS, copy(&self->portal, self->desc, self->dst + 100,
					 self->src, (PAGES - 1) * PAGE));
	EXPECT_EQ(0, memcmp(self->dst + 100, self->src, (PAGES - 1) * PAGE));
}

/* A child that looks at what was there when it was made. */
struct witness {
	const uint8_t *page;
	uint8_t byte;
	atomic_int look;
};

static void look(void *arg)
{
	struct witness *witness = arg;

	if (!proc_wait_flag(&witness->look, 1, WAIT_MS))
		_exit(2);
	_exit(witness->page[0] == witness->byte ? 0 : 1);
}

/* After fork() @mem is shared for reading: does the device's write part it? */
static bool is_parted(struct portal *portal, struct desc *desc, uint8_t *mem,
		      uint8_t *src)
{
	struct witness *witness = proc_shared(sizeof(*witness));
	bool arrived;
	int status;
	pid_t pid;

	memset(mem, 0x38, PAGE);
	*witness = (struct witness){ .page = mem, .byte = 0x38 };
	pid = proc_spawn(look, witness);
	arrived = reaches(portal, desc, mem, src);
	witness->look = 1;
	return arrived && proc_wait(pid, 2 * WAIT_MS, &status) && !status;
}

TEST_F(kinds, copy_on_write)
{
	EXPECT_TRUE(is_parted(&self->portal, self->desc, self->dst, self->src));
}

/* A huge page that is there, or NULL: no transparent huge pages. */
static uint8_t *map_huge(void)
{
	uint8_t *area = map(2 * HUGE, MAP_PRIVATE);
	uint8_t *mem = (uint8_t *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));

	return area && !madvise(mem, HUGE, MADV_HUGEPAGE) ? mem : NULL;
}

TEST_F(kinds, transparent_huge_page)
{
	uint8_t *mem = map_huge();

	if (!mem)
		SKIP(return, "no transparent huge pages");
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + PAGE, self->src));
	/* Split under the device's cached translation: only that half goes. */
	ASSERT_EQ(0, mprotect(mem, HUGE / 2, PROT_READ));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem + PAGE, self->src));
	EXPECT_EQ(0x3a, mem[PAGE]);
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + HUGE / 2, self->src));
}

TEST_F(kinds, transparent_huge_page_copy_on_write)
{
	uint8_t *mem = map_huge();

	if (!mem)
		SKIP(return, "no transparent huge pages");
	EXPECT_TRUE(is_parted(&self->portal, self->desc, mem + 7 * PAGE, self->src));
}

/* For the time of the test: @before is how many huge pages there are else. */
static uint8_t *map_hugetlb(char *before, int len)
{
	uint8_t *mem;

	if (pages_hugetlb_pool(before, len))
		return NULL;
	mem = map(HUGE, MAP_PRIVATE | MAP_HUGETLB);
	if (!mem)
		pages_hugetlb_pool_over(before);
	return mem;
}

TEST_F(kinds, hugetlb_page)
{
	char before[16];
	uint8_t *mem = map_hugetlb(before, sizeof(before));

	if (!mem)
		SKIP(return, "no hugetlbfs, or no huge page is free");
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + 5 * PAGE, self->src));
	EXPECT_EQ(0, mem[0]);
	EXPECT_TRUE(is_parted(&self->portal, self->desc, mem, self->src));
	munmap(mem, HUGE);
	pages_hugetlb_pool_over(before);
}

/*
 * Memory of files.
 */

TEST_F(kinds, shared_memory)
{
	uint8_t *mem = map(PAGE, MAP_SHARED);

	ASSERT_NE(NULL, mem);
	EXPECT_TRUE(reads(&self->portal, self->desc, self->dst, mem, 0));
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
}

TEST_F(kinds, shared_file)
{
	int fd = file_of(0x11);
	uint8_t *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(reads(&self->portal, self->desc, self->dst, mem, 0x11));
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
	EXPECT_EQ(0x3a, file_byte(fd));
	close(fd);
}

/* The device writes to a copy, as the CPU would, and reads what the file has. */
TEST_F(kinds, private_file)
{
	int fd = file_of(0x12);
	uint8_t *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(reads(&self->portal, self->desc, self->dst, mem, 0x12));
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
	EXPECT_EQ(0x12, file_byte(fd));
	close(fd);
}

/* Mapped for reading: also when the file itself could be written. */
TEST_F(kinds, read_only_file)
{
	int fd = file_of(0x14);
	uint8_t *mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem, self->src));
	EXPECT_TRUE(reads(&self->portal, self->desc, self->dst, mem, 0x14));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem, self->src));
	EXPECT_EQ(0x14, file_byte(fd));
	close(fd);
}

/* Behind the end of the file there is nothing: the CPU would get SIGBUS. */
TEST_F(kinds, behind_the_end_of_a_file)
{
	int fd = file_of(0x13);
	uint8_t *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem + PAGE, self->src));
	close(fd);
}

static void run_server(void *fuse)
{
	fuse_serve(fuse);
}

/* Start a copy of a page which its server keeps back; the file, or NULL. */
static uint8_t *copy_slowly(struct portal *portal, struct desc *desc, uint8_t *dst,
			    struct fuse *fuse)
{
	uint8_t *mem;

	fuse->path = FILE_PATH;
	fuse->hold = 1;
	if (proc_tmpfs())
		return NULL;
	proc_spawn(run_server, fuse);
	mem = fuse_wait(fuse) ? NULL : fuse_map(fuse);
	if (!mem)
		return NULL;
	memset(dst, 0xff, PAGE);
	desc_memmove(desc, dst, mem + 3 * PAGE, PAGE);
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	return portal_submit(portal, &desc->hw) >= 0 &&
	       proc_wait_flag(&fuse->held, 1, WAIT_MS) ? mem : NULL;
}

/* A page that has to be read in comes late, but it does. */
TEST_F(kinds, file_that_has_to_be_read)
{
	struct fuse *fuse = proc_shared(sizeof(*fuse));

	if (access("/dev/fuse", F_OK))
		SKIP(return, "no FUSE");
	ASSERT_NE(NULL, copy_slowly(&self->portal, self->desc, self->dst, fuse));
	EXPECT_EQ(0, self->desc->record.status);
	fuse->hold = 0;
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));
	EXPECT_EQ(FUSE_FILE_BYTE, self->dst[0]);
	EXPECT_EQ(FUSE_FILE_BYTE, self->dst[PAGE - 1]);
}

/* By the time it comes there is something else: the device gets that. */
TEST_F(kinds, file_that_goes_while_it_is_read)
{
	struct fuse *fuse = proc_shared(sizeof(*fuse));
	uint8_t *mem;

	if (access("/dev/fuse", F_OK))
		SKIP(return, "no FUSE");
	mem = copy_slowly(&self->portal, self->desc, self->dst, fuse);
	ASSERT_NE(NULL, mem);
	ASSERT_EQ(mem, mmap(mem, FUSE_FILE_PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	fuse->hold = 0;
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));
	EXPECT_EQ(0, self->dst[0]);
	EXPECT_EQ(0, self->dst[PAGE - 1]);
}

/* Huge pages of a file: what the device writes the others who map it see. */
TEST_F(kinds, hugetlb_file)
{
	char before[16];
	uint8_t *mem, *other;
	int fd;

	mem = map_hugetlb(before, sizeof(before));
	if (!mem)
		SKIP(return, "no hugetlbfs, or no huge page is free");
	munmap(mem, HUGE);
	fd = memfd_create("kinds", MFD_CLOEXEC | MFD_HUGETLB);
	ASSERT_EQ(0, ftruncate(fd, HUGE));
	mem = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	other = mmap(NULL, HUGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_TRUE(reads(&self->portal, self->desc, self->dst, mem + PAGE, 0));
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem + PAGE, self->src));
	EXPECT_EQ(0x3a, other[PAGE]);
	EXPECT_TRUE(is_refused(&self->portal, self->desc, other + PAGE, self->src));
	munmap(mem, HUGE);
	munmap(other, HUGE);
	close(fd);
	pages_hugetlb_pool_over(before);
}

/*
 * Memory that is not for the device.
 */

/* Be it not there, the page of zeroes, or a page: it is for reading. */
TEST_F(kinds, read_only)
{
	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_TRUE(reads(&self->portal, self->desc, self->src, self->dst, 0));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));

	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ(0x3a, self->dst[0]);
}

/* A private mapping of a file is written to a copy, of which there is none here. */
TEST_F(kinds, read_only_private_file)
{
	int fd = file_of(0x15);
	uint8_t *mem = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem, self->src));
	EXPECT_TRUE(reads(&self->portal, self->desc, self->dst, mem, 0x15));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem, self->src));
	EXPECT_EQ(0x15, file_byte(fd));
	close(fd);
}

/* Present, but not for anybody. */
TEST_F(kinds, no_access)
{
	memset(self->dst, 0x63, PAGE);
	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_NONE));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ(DSA_COMP_PAGE_FAULT_IR,
		  copy(&self->portal, self->desc, self->src + PAGE, self->dst, PAGE));
	ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0x63, self->dst[0]);
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
}

/* Growing would be judged by the limits of who serves the fault. */
TEST_F(kinds, stack_does_not_grow)
{
	uint8_t *area = map(PAGES * PAGE, MAP_PRIVATE);
	uint8_t *mem = area + 7 * PAGE;

	ASSERT_NE(NULL, area);
	ASSERT_EQ(0, munmap(area, PAGES * PAGE));
	ASSERT_EQ(mem, mmap(mem, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE,
			    -1, 0));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, mem - PAGE, self->src));
	EXPECT_TRUE(reaches(&self->portal, self->desc, mem, self->src));
}

/* A file of userfaultfd's that answers for a page at @mem, or -1. */
static int userfault(uint8_t *mem, uint64_t mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)mem, PAGE },
		.mode = mode,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && (ioctl(fd, UFFDIO_API, &api) ||
			ioctl(fd, UFFDIO_REGISTER, &reg))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Who would have to answer may be who is being killed: nobody is asked. */
TEST_F(kinds, userfaultfd)
{
	int fd = userfault(self->dst, UFFDIO_REGISTER_MODE_MISSING);

	if (fd < 0)
		SKIP(return, "no userfaultfd");
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst + PAGE,
			    self->src));
	close(fd);
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
}

TEST_F(kinds, userfaultfd_write_protected)
{
	struct uffdio_writeprotect protect = {
		.range = { (uintptr_t)self->dst, PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd;

	memset(self->dst, 0x63, PAGE);
	fd = userfault(self->dst, UFFDIO_REGISTER_MODE_WP);
	if (fd < 0)
		SKIP(return, "no userfaultfd for writes");
	ASSERT_EQ(0, ioctl(fd, UFFDIO_WRITEPROTECT, &protect));
	EXPECT_TRUE(is_refused(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ(0x63, self->dst[0]);
	close(fd);
	EXPECT_TRUE(reaches(&self->portal, self->desc, self->dst, self->src));
}

TEST_HARNESS_MAIN
