// SPDX-License-Identifier: GPL-2.0
/*
 * Work queues of a data streaming accelerator: sysfs, accel-config, the
 * character device and its portal.  Changes the configuration only if it finds
 * no queue enabled, and disables only what a test tells it to.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "insn.h"
#include "proc.h"
#include "queue.h"

#define SYSFS_DEVICES	"/sys/bus/dsa/devices"
#define SYSFS_DRIVERS	"/sys/bus/dsa/drivers"
#define PCI_DRIVER	"/sys/bus/pci/drivers/idxd"
#define ANY_DEVICE	(-1)

int queue_attr(const char *name, const char *attr, char *buf, int len)
{
	char path[256];

	snprintf(path, sizeof(path), SYSFS_DEVICES "/%.63s/%.63s", name, attr);
	return proc_read_file(path, buf, len);
}

uint64_t queue_attr_u64(const char *name, const char *attr)
{
	char buf[64];

	return queue_attr(name, attr, buf, sizeof(buf)) ? 0 : strtoull(buf, NULL, 0);
}

static bool attr_is(const char *name, const char *attr, const char *value)
{
	char buf[64];

	return !queue_attr(name, attr, buf, sizeof(buf)) && !strcmp(buf, value);
}

bool queue_device_exists(void)
{
	char * const modprobe[] = { "modprobe", "-q", "idxd", NULL };
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (access(SYSFS_DEVICES, F_OK))
		proc_run(modprobe);
	dir = opendir(SYSFS_DEVICES);
	while (dir && !found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, "dsa", 3);
	if (dir)
		closedir(dir);
	return found;
}

static void fill_in(struct queue *queue, const char *name, unsigned int device,
		    unsigned int index)
{
	memset(queue, 0, sizeof(*queue));
	snprintf(queue->name, sizeof(queue->name), "%.31s", name);
	snprintf(queue->device, sizeof(queue->device), "dsa%u", device);
	snprintf(queue->path, sizeof(queue->path), "/dev/dsa/%.31s", name);
	queue->index = index;
	queue->dedicated = attr_is(name, "mode", "dedicated");
	queue->block_on_fault = queue_attr_u64(name, "block_on_fault");
	queue->size = queue_attr_u64(name, "size");
	queue->threshold = queue_attr_u64(name, "threshold");
	queue->max_batch = queue_attr_u64(name, "max_batch_size");
	queue->max_transfer = queue_attr_u64(name, "max_transfer_size");
}

/* An enabled user queue of a DSA (not an IAX), that nobody uses. */
static bool usable(const char *name, unsigned int *device, unsigned int *index)
{
	char parent[32];

	if (sscanf(name, "wq%u.%u", device, index) != 2)
		return false;
	snprintf(parent, sizeof(parent), "dsa%u", *device);
	return attr_is(parent, "state", "enabled") &&
	       attr_is(name, "state", "enabled") &&
	       attr_is(name, "type", "user") && attr_is(name, "clients", "0");
}

static int find(struct queue *queue, int wanted, bool dedicated)
{
	unsigned int device, index;
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *dir = opendir(SYSFS_DEVICES);

	while (dir && ret && (entry = readdir(dir))) {
		if (!usable(entry->d_name, &device, &index) ||
		    (wanted != ANY_DEVICE && wanted != (int)device))
			continue;
		fill_in(queue, entry->d_name, device, index);
		if (queue->dedicated == dedicated)
			ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

int queue_config_path(char *buf, int len)
{
	static const char * const where[] = { ".", "../idxd" };
	char self[4096];
	ssize_t got = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	if (got < 0)
		return -errno;
	self[got] = '\0';
	dir = dirname(self);
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(buf, len, "%s/%s/" QUEUE_CONFIG_FILE, dir, where[i]);
		if (!access(buf, R_OK))
			return 0;
	}
	return -ENOENT;
}

static int load_config(char *path)
{
	return proc_run((char *[]){
		"accel-config", "load-config", "-c", path, "-e", NULL });
}

int queue_load_config(void)
{
	char path[4200];

	if (queue_config_path(path, sizeof(path)))
		return -ENOENT;
	return load_config(path);
}

/* The configuration is dsa0's: name another device in it. */
static int load_config_of(unsigned int device)
{
	char path[4200], command[4400], temp[64];
	int ret;

	if (queue_config_path(path, sizeof(path)))
		return -ENOENT;
	snprintf(temp, sizeof(temp), "/tmp/queue-%d.conf", getpid());
	snprintf(command, sizeof(command),
		 "sed -E 's/(dsa|wq|engine|group)0/\\1%u/' '%s' > %s", device,
		 path, temp);
	if (proc_run((char *[]){ "sh", "-c", command, NULL }))
		return -EIO;
	ret = load_config(temp);
	unlink(temp);
	return ret;
}

int queue_find(struct queue *queue, bool dedicated)
{
	int ret = find(queue, ANY_DEVICE, dedicated);

	if (ret && !queue_load_config())
		ret = find(queue, ANY_DEVICE, dedicated);
	return ret;
}

int queue_find_on(struct queue *queue, unsigned int device, bool dedicated)
{
	int ret = find(queue, device, dedicated);

	if (ret && !load_config_of(device))
		ret = find(queue, device, dedicated);
	return ret;
}

int queue_release_device(unsigned int device)
{
	char name[16];

	snprintf(name, sizeof(name), "dsa%u", device);
	return proc_write_file(SYSFS_DRIVERS "/idxd/unbind", name);
}

int queue_pci_name(const char *device, char *buf, int len)
{
	char link[128], path[PATH_MAX];

	snprintf(link, sizeof(link), SYSFS_DEVICES "/%s/..", device);
	if (!realpath(link, path))
		return -errno;
	snprintf(buf, len, "%s", strrchr(path, '/') + 1);
	return 0;
}

int queue_bind_driver(const char *function, bool bind)
{
	return proc_write_file(bind ? PCI_DRIVER "/bind" : PCI_DRIVER "/unbind",
			       function);
}

int queue_enable(const struct queue *queue, bool enable)
{
	const char *file = enable ? SYSFS_DRIVERS "/user/bind" :
				    SYSFS_DRIVERS "/user/unbind";

	return proc_write_file(file, queue->name);
}

int portal_open(struct portal *portal, const struct queue *queue)
{
	void *reg;
	int ret;

	*portal = (struct portal){ .fd = -1, .queue = queue };
	portal->fd = open(queue->path, O_RDWR | O_CLOEXEC);
	if (portal->fd < 0)
		return -errno;
	reg = mmap(NULL, QUEUE_PORTAL_SIZE, PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		   portal->fd, 0);
	if (reg == MAP_FAILED) {
		ret = -errno;
		portal_close(portal);
		return ret;
	}
	portal->reg = reg;
	return 0;
}

void portal_close(struct portal *portal)
{
	if (portal->reg)
		munmap(portal->reg, QUEUE_PORTAL_SIZE);
	portal->reg = NULL;
	if (portal->fd >= 0)
		close(portal->fd);
	portal->fd = -1;
}

bool portal_submit_once(struct portal *portal, const struct dsa_hw_desc *desc)
{
	uint8_t *reg = portal->reg + portal->next;

	portal->next = (portal->next + sizeof(*desc)) % QUEUE_PORTAL_SIZE;
	if (!portal->queue->dedicated)
		return insn_enqcmd(reg, desc);
	insn_movdir64b(reg, desc);
	return true;
}

long portal_submit(struct portal *portal, const struct dsa_hw_desc *desc)
{
	uint64_t deadline = proc_now() + QUEUE_TIMEOUT_MS * NSEC_PER_MSEC;
	long retries = 0;

	while (!portal_submit_once(portal, desc)) {
		if (proc_now() > deadline)
			return -ETIMEDOUT;
		retries++;
		sched_yield();
	}
	return retries;
}
