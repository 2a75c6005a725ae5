// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what the driver does without a device: attributes in sysfs,
 * checking of a configuration, and its encoding, which is compared with words
 * worked out by hand from chapter 9 of the specification (version 1.2).  The
 * registers are plain memory here; no command is given.
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "config.h"
#include "device.h"
#include "regs.h"
#include "wq.h"

#define WQS		8
#define GROUPS		4
#define ENGINES		4
#define ENTRIES		128
#define RDBUFS		48

#define GRPCFG_OFF	0x400
#define WQCFG_OFF	0x800
#define WQCFG_STRIDE	64
#define REGS_LEN	0x1000

#define PORTALS		0x40000000ULL

static const struct idxd_model model = {
	.name = "dsa",
	.user_submission_safe = true,
};

static const struct idxd_model unsafe_model = { .name = "dsa" };

static const struct idxd_caps caps = {
	.version = 0x100,
	.opcap = { 0x0000000100000a7fUL },
	.max_xfer_bytes = SZ_2G,
	.max_batch_size = 1024,
	.max_wq_size = ENTRIES,
	.num_wqs = WQS,
	.num_groups = GROUPS,
	.num_engines = ENGINES,
	.max_rdbufs = RDBUFS,
	.wqcfg_size = WQCFG_STRIDE,
	.wqcfg_off = WQCFG_OFF,
	.grpcfg_off = GRPCFG_OFF,
	.configurable = true,
	.block_on_fault = true,
	.shared_mode = true,
	.dedicated_mode = true,
	.wq_ats_disable = true,
	.wq_prs_disable = true,
	.wq_opcfg = true,
	.rdbuf_ctrl = true,
	.rdbuf_limit = true,
	.progress_limit = true,
};

/**
 * struct fake - a device of memory
 * @idxd: the device
 * @regs: its BAR 0
 * @page: room for what an attribute shows
 */
struct fake {
	struct idxd_device *idxd;
	u8 *regs;
	char *page;
};

static int fake_init(struct kunit *test)
{
	struct idxd_device *idxd;
	struct pci_dev *pdev;
	struct fake *fake;

	fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	pdev = kunit_kzalloc(test, sizeof(*pdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	fake->regs = kunit_kzalloc(test, REGS_LEN, GFP_KERNEL);
	fake->page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake->regs);
	KUNIT_ASSERT_NOT_NULL(test, fake->page);

	set_dev_node(&pdev->dev, NUMA_NO_NODE);
	pdev->resource[IDXD_BAR_PORTALS].start = PORTALS;
	idxd = idxd_device_alloc(pdev, &model);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, idxd);
	fake->idxd = idxd;
	test->priv = fake;

	idxd->caps = caps;
	idxd->regs = (void __iomem __force *)fake->regs;
	KUNIT_ASSERT_EQ(test, 0, idxd_device_alloc_parts(idxd));
	guard(mutex)(&idxd->lock);
	idxd_config_reset(idxd);
	return 0;
}

static void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;

	if (fake)
		idxd_device_put(fake->idxd);
}

static struct idxd_device *fake_idxd(struct kunit *test)
{
	return ((struct fake *)test->priv)->idxd;
}

static struct device *fake_wq(struct kunit *test, int i)
{
	return &fake_idxd(test)->wqs[i]->conf_dev;
}

static struct device *fake_group(struct kunit *test, int i)
{
	return &fake_idxd(test)->groups[i]->conf_dev;
}

static struct device *fake_engine(struct kunit *test, int i)
{
	return &fake_idxd(test)->engines[i]->conf_dev;
}

static u32 fake_read32(struct kunit *test, unsigned int off)
{
	return *(u32 *)(((struct fake *)test->priv)->regs + off);
}

static u64 fake_read64(struct kunit *test, unsigned int off)
{
	return *(u64 *)(((struct fake *)test->priv)->regs + off);
}

static void fake_write_config(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);

	guard(mutex)(&idxd->lock);
	idxd_config_write(idxd);
}

/* The attribute @name of @dev, or NULL if @dev does not show it. */
static struct device_attribute *fake_attr(struct device *dev, const char *name)
{
	const struct attribute_group **grp;
	struct attribute **attr;

	for (grp = dev->type->groups; *grp; grp++)
		for (attr = (*grp)->attrs; *attr; attr++) {
			if (strcmp((*attr)->name, name))
				continue;
			if ((*grp)->is_visible &&
			    !(*grp)->is_visible(&dev->kobj, *attr, 0))
				return NULL;
			return container_of(*attr, struct device_attribute,
					    attr);
		}
	return NULL;
}

/* Write to an attribute: 0 if all was taken, else the error. */
static int store(struct kunit *test, struct device *dev, const char *name,
		 const char *val)
{
	struct device_attribute *attr = fake_attr(dev, name);
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL_MSG(test, attr, "no attribute %s", name);
	ret = attr->store(dev, attr, val, strlen(val));
	return ret == strlen(val) ? 0 : ret;
}

static const char *show(struct kunit *test, struct device *dev,
			const char *name)
{
	struct device_attribute *attr = fake_attr(dev, name);
	char *page = ((struct fake *)test->priv)->page;

	KUNIT_ASSERT_NOT_NULL_MSG(test, attr, "no attribute %s", name);
	KUNIT_ASSERT_GT(test, attr->show(dev, attr, page), 0);
	return page;
}

/* A queue of 16 entries in group 0, with all engines. */
static struct device *fake_configured_wq(struct kunit *test, const char *mode)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "mode", mode));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "size", "16"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "group_id", "0"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "priority", "10"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "block_on_fault", "1"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "type", "user"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "name", "queue"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "driver_name", "user"));
	return wq;
}

static void sizes_share_the_entries(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, store(test, fake_wq(test, 0), "size", "100"));
	KUNIT_EXPECT_EQ(test, 0, store(test, fake_wq(test, 1), "size", "28"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, fake_wq(test, 2), "size", "1"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, fake_wq(test, 1), "size", "29"));
	KUNIT_EXPECT_EQ(test, 0, store(test, fake_wq(test, 0), "size", "99"));
	KUNIT_EXPECT_EQ(test, 0, store(test, fake_wq(test, 2), "size", "1"));
}

static void numbers_are_numbers(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "size", "-1"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "size", "many"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "size", ""));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			store(test, wq, "size", "99999999999999999999"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "priority", "16"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "block_on_fault", "2"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "size", "0x10\n"));
	KUNIT_EXPECT_STREQ(test, "16\n", show(test, wq, "size"));
}

static void threshold_fits_the_size(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "threshold", "1"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "size", "16"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "threshold", "17"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "threshold", "0"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "threshold", "16"));

	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "size", "8"));
	KUNIT_EXPECT_STREQ(test, "8\n", show(test, wq, "threshold"));

	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "mode", "dedicated"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, wq, "threshold"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "threshold", "8"));
}

static void groups_have_bounds(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_STREQ(test, "-1\n", show(test, wq, "group_id"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "group_id", "4"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "group_id", "-2"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "group_id", "3"));
	KUNIT_EXPECT_EQ(test, 1, idxd->groups[3]->num_wqs);
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "group_id", "1"));
	KUNIT_EXPECT_EQ(test, 0, idxd->groups[3]->num_wqs);
	KUNIT_EXPECT_STREQ(test, "1\n", show(test, wq, "group_id"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "group_id", "-1"));
	KUNIT_EXPECT_EQ(test, 0, idxd->groups[1]->num_wqs);

	KUNIT_EXPECT_STREQ(test, "-1\n",
			   show(test, fake_engine(test, 0), "group_id"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, fake_engine(test, 0), "group_id", "4"));
}

static void groups_list_their_members(struct kunit *test)
{
	struct device *group = fake_group(test, 2);
	int id = fake_idxd(test)->id;
	char line[64];

	KUNIT_EXPECT_STREQ(test, "\n", show(test, group, "work_queues"));
	KUNIT_EXPECT_EQ(test, 0, store(test, fake_wq(test, 7), "group_id", "2"));
	KUNIT_EXPECT_EQ(test, 0, store(test, fake_wq(test, 1), "group_id", "2"));
	KUNIT_EXPECT_EQ(test, 0,
			store(test, fake_engine(test, 3), "group_id", "2"));

	scnprintf(line, sizeof(line), "wq%d.1 wq%d.7\n", id, id);
	KUNIT_EXPECT_STREQ(test, line, show(test, group, "work_queues"));
	scnprintf(line, sizeof(line), "engine%d.3\n", id);
	KUNIT_EXPECT_STREQ(test, line, show(test, group, "engines"));
}

static void read_buffers_are_shared_out(struct kunit *test)
{
	struct device *g0 = fake_group(test, 0), *g1 = fake_group(test, 1);

	KUNIT_EXPECT_STREQ(test, "48\n", show(test, g0, "read_buffers_allowed"));
	KUNIT_EXPECT_EQ(test, 0, store(test, g0, "read_buffers_reserved", "40"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, g1, "read_buffers_reserved", "9"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, g1, "read_buffers_allowed", "9"));
	KUNIT_EXPECT_EQ(test, 0, store(test, g1, "tokens_allowed", "8"));
	KUNIT_EXPECT_STREQ(test, "8\n", show(test, g1, "read_buffers_allowed"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, g0, "read_buffers_allowed", "39"));

	KUNIT_EXPECT_EQ(test, 0,
			store(test, fake_engine(test, 0), "group_id", "1"));
	KUNIT_EXPECT_EQ(test, 0,
			store(test, fake_engine(test, 1), "group_id", "1"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, g1, "read_buffers_allowed", "7"));
}

static void read_buffer_limit_comes_first(struct kunit *test)
{
	struct device *dev = &fake_idxd(test)->conf_dev;
	struct device *group = fake_group(test, 0);

	KUNIT_EXPECT_EQ(test, -EPERM,
			store(test, group, "use_read_buffer_limit", "1"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, dev, "read_buffer_limit", "49"));
	KUNIT_EXPECT_EQ(test, 0, store(test, dev, "read_buffer_limit", "12"));
	KUNIT_EXPECT_STREQ(test, "12\n", show(test, dev, "token_limit"));
	KUNIT_EXPECT_EQ(test, 0,
			store(test, group, "use_read_buffer_limit", "1"));
}

static void an_enabled_device_is_left_alone(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);
	struct device *wq = fake_wq(test, 0);

	idxd->state = IDXD_DEV_ENABLED;
	KUNIT_EXPECT_STREQ(test, "enabled\n",
			   show(test, &idxd->conf_dev, "state"));
	KUNIT_EXPECT_EQ(test, -EPERM, store(test, wq, "size", "16"));
	KUNIT_EXPECT_EQ(test, -EPERM, store(test, wq, "group_id", "0"));
	KUNIT_EXPECT_EQ(test, -EPERM,
			store(test, fake_engine(test, 0), "group_id", "0"));
	KUNIT_EXPECT_EQ(test, -EPERM,
			store(test, fake_group(test, 0),
			      "read_buffers_allowed", "48"));
	KUNIT_EXPECT_EQ(test, -EPERM,
			store(test, &idxd->conf_dev, "read_buffer_limit", "0"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "mode", "dedicated"));
}

static void an_enabled_queue_is_left_alone(struct kunit *test)
{
	static const char * const settings[][2] = {
		{ "mode", "shared" }, { "priority", "1" },
		{ "block_on_fault", "0" }, { "ats_disable", "0" },
		{ "prs_disable", "0" }, { "max_batch_size", "1" },
		{ "max_transfer_size", "1" }, { "type", "user" },
		{ "name", "x" }, { "driver_name", "user" },
		{ "op_config", "1" }, { "enqcmds_retries", "1" },
	};
	struct device *wq = fake_wq(test, 0);
	int i;

	fake_idxd(test)->wqs[0]->state = IDXD_WQ_ENABLED;
	KUNIT_EXPECT_STREQ(test, "enabled\n", show(test, wq, "state"));
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EPERM,
				    store(test, wq, settings[i][0],
					  settings[i][1]),
				    "%s", settings[i][0]);
	fake_idxd(test)->wqs[0]->state = IDXD_WQ_DISABLED;
}

static void a_fixed_device_still_has_names(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	fake_idxd(test)->caps.configurable = false;
	KUNIT_EXPECT_EQ(test, -EPERM, store(test, wq, "size", "16"));
	KUNIT_EXPECT_EQ(test, -EPERM, store(test, wq, "mode", "shared"));
	KUNIT_EXPECT_EQ(test, -EPERM, store(test, wq, "priority", "10"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "type", "user"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "name", "queue"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "driver_name", "user"));
}

static void names_are_one_line(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);
	char *name = kunit_kzalloc(test, IDXD_DRIVER_NAME_SIZE + 2, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, name);
	KUNIT_EXPECT_STREQ(test, "\n", show(test, wq, "name"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "name", ""));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "name", "\n"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "name", "my queue\n"));
	KUNIT_EXPECT_STREQ(test, "my queue\n", show(test, wq, "name"));

	memset(name, 'x', IDXD_DRIVER_NAME_SIZE);
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "driver_name", name));
	name[IDXD_DRIVER_NAME_SIZE] = 'x';
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "driver_name", name));

	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "type", "mdev"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "mode", "exclusive"));
}

static void op_config_is_a_subset(struct kunit *test)
{
	static const char * const words =
		"00000000,00000000,00000000,00000000,00000000,00000000,00000001,00000a7f\n";
	static const char * const fewer =
		"00000000,00000000,00000000,00000000,00000000,00000000,00000001,00000008\n";
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_STREQ(test, words,
			   show(test, &fake_idxd(test)->conf_dev, "op_cap"));
	KUNIT_EXPECT_STREQ(test, words, show(test, wq, "op_config"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "op_config", fewer));
	KUNIT_EXPECT_STREQ(test, fewer, show(test, wq, "op_config"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "op_config", "1,00000008"));
	KUNIT_EXPECT_STREQ(test, fewer, show(test, wq, "op_config"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "op_config", "80"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "op_config", "moves"));
	KUNIT_EXPECT_STREQ(test, fewer, show(test, wq, "op_config"));
}

/* The same without bit 1, on the device; a privileged user has it. */
static void unsafe_devices_offer_no_batches(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);

	idxd->model = &unsafe_model;
	KUNIT_EXPECT_STREQ(test,
			   "00000000,00000000,00000000,00000000,00000000,00000000,00000001,00000a7d\n",
			   show(test, &idxd->conf_dev, "op_cap"));
	KUNIT_EXPECT_STREQ(test,
			   "00000000,00000000,00000000,00000000,00000000,00000000,00000001,00000a7f\n",
			   show(test, fake_wq(test, 0), "op_config"));
}

static void limits_are_powers_of_two(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_STREQ(test, "2097152\n",
			   show(test, wq, "max_transfer_size"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "max_transfer_size", "3000"));
	KUNIT_EXPECT_STREQ(test, "2048\n", show(test, wq, "max_transfer_size"));
	KUNIT_EXPECT_EQ(test, 0,
			store(test, wq, "max_transfer_size", "2147483648"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, wq, "max_transfer_size", "2147483649"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, wq, "max_transfer_size", "0"));

	KUNIT_EXPECT_STREQ(test, "32\n", show(test, wq, "max_batch_size"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "max_batch_size", "1000"));
	KUNIT_EXPECT_STREQ(test, "512\n", show(test, wq, "max_batch_size"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, wq, "max_batch_size", "0"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, wq, "max_batch_size", "1025"));
}

static void no_page_requests_no_blocking(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "block_on_fault", "1"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "prs_disable", "1"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, wq, "block_on_fault"));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			store(test, wq, "block_on_fault", "1"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "prs_disable", "0"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "block_on_fault", "1"));
}

static void what_is_not_supported(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);
	struct device *wq = fake_wq(test, 0);

	idxd->caps.block_on_fault = false;
	idxd->caps.wq_ats_disable = false;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			store(test, wq, "block_on_fault", "1"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "block_on_fault", "0"));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			store(test, wq, "ats_disable", "1"));

	idxd->caps.wq_opcfg = false;
	idxd->caps.wq_prs_disable = false;
	idxd->caps.rdbuf_ctrl = false;
	idxd->caps.progress_limit = false;
	clear_bit(DSA_OPCODE_BATCH, idxd->caps.opcap);
	KUNIT_EXPECT_NULL(test, fake_attr(wq, "op_config"));
	KUNIT_EXPECT_NULL(test, fake_attr(wq, "prs_disable"));
	KUNIT_EXPECT_NULL(test, fake_attr(wq, "max_batch_size"));
	KUNIT_EXPECT_NULL(test, fake_attr(&idxd->conf_dev, "max_read_buffers"));
	KUNIT_EXPECT_NULL(test, fake_attr(&idxd->conf_dev, "max_batch_size"));
	KUNIT_EXPECT_NULL(test, fake_attr(fake_group(test, 0),
					  "tokens_allowed"));
	KUNIT_EXPECT_NULL(test, fake_attr(fake_group(test, 0),
					  "desc_progress_limit"));
}

static void traffic_classes_of_version_1_are_fixed(struct kunit *test)
{
	struct device *group = fake_group(test, 0);

	KUNIT_EXPECT_STREQ(test, "1\n", show(test, group, "traffic_class_a"));
	KUNIT_EXPECT_EQ(test, -EPERM,
			store(test, group, "traffic_class_a", "2"));
	fake_idxd(test)->caps.version = IDXD_VERSION_2;
	KUNIT_EXPECT_EQ(test, 0, store(test, group, "traffic_class_a", "7"));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			store(test, group, "traffic_class_b", "8"));
	KUNIT_EXPECT_STREQ(test, "7\n", show(test, group, "traffic_class_a"));
}

static void retries_are_capped(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "enqcmds_retries", "1000"));
	KUNIT_EXPECT_STREQ(test, "64\n", show(test, wq, "enqcmds_retries"));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "mode", "dedicated"));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			store(test, wq, "enqcmds_retries", "1"));
}

static void cmd_status_is_cleared_by_writing(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);

	idxd->cmd_status = IDXD_SCMD_WQ_NO_GRP;
	KUNIT_EXPECT_STREQ(test, "0x80030000\n",
			   show(test, &idxd->conf_dev, "cmd_status"));
	KUNIT_EXPECT_EQ(test, 0,
			store(test, &idxd->conf_dev, "cmd_status", "1"));
	KUNIT_EXPECT_STREQ(test, "0x0\n",
			   show(test, &idxd->conf_dev, "cmd_status"));
}

static struct kunit_case sysfs_cases[] = {
	KUNIT_CASE(sizes_share_the_entries),
	KUNIT_CASE(numbers_are_numbers),
	KUNIT_CASE(threshold_fits_the_size),
	KUNIT_CASE(groups_have_bounds),
	KUNIT_CASE(groups_list_their_members),
	KUNIT_CASE(read_buffers_are_shared_out),
	KUNIT_CASE(read_buffer_limit_comes_first),
	KUNIT_CASE(an_enabled_device_is_left_alone),
	KUNIT_CASE(an_enabled_queue_is_left_alone),
	KUNIT_CASE(a_fixed_device_still_has_names),
	KUNIT_CASE(names_are_one_line),
	KUNIT_CASE(op_config_is_a_subset),
	KUNIT_CASE(unsafe_devices_offer_no_batches),
	KUNIT_CASE(limits_are_powers_of_two),
	KUNIT_CASE(no_page_requests_no_blocking),
	KUNIT_CASE(what_is_not_supported),
	KUNIT_CASE(traffic_classes_of_version_1_are_fixed),
	KUNIT_CASE(retries_are_capped),
	KUNIT_CASE(cmd_status_is_cleared_by_writing),
	{}
};

static struct kunit_suite sysfs_suite = {
	.name = "idxd-sysfs",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = sysfs_cases,
};

/* What idxd_config_check() says, by cmd_status; 0 if it is content. */
static u32 config_error(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);

	guard(mutex)(&idxd->lock);
	idxd->cmd_status = 0;
	KUNIT_EXPECT_EQ(test, idxd_config_check(idxd),
			idxd->cmd_status ? -ENXIO : 0);
	return idxd->cmd_status;
}

static void check_says_what_is_missing(struct kunit *test)
{
	struct device *wq = fake_wq(test, 0);

	KUNIT_EXPECT_EQ(test, IDXD_SCMD_WQ_NONE_CONFIGURED, config_error(test));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "group_id", "0"));
	KUNIT_EXPECT_EQ(test, IDXD_SCMD_WQ_NO_SIZE, config_error(test));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "size", "16"));
	KUNIT_EXPECT_EQ(test, IDXD_SCMD_WQ_NO_THRESH, config_error(test));
	KUNIT_EXPECT_EQ(test, 0, store(test, wq, "threshold", "15"));
	KUNIT_EXPECT_EQ(test, 0, config_error(test));
}

static void a_dedicated_queue_needs_no_threshold(struct kunit *test)
{
	fake_configured_wq(test, "dedicated");
	KUNIT_EXPECT_EQ(test, 0, config_error(test));
}

static void a_shared_queue_as_wqcfg(struct kunit *test)
{
	struct device *wq = fake_configured_wq(test, "shared");

	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "threshold", "15"));
	fake_write_config(test);

	KUNIT_EXPECT_EQ(test, 0x00000010, fake_read32(test, WQCFG_OFF));
	KUNIT_EXPECT_EQ(test, 0x0000000f, fake_read32(test, WQCFG_OFF + 4));
	/* PASID enable 28, priority 7:4, block on fault 1, mode 0 = shared */
	KUNIT_EXPECT_EQ(test, 0x100000a2, fake_read32(test, WQCFG_OFF + 8));
	/* 2 MiB = 2^21 in 4:0, 32 = 2^5 in 8:5 */
	KUNIT_EXPECT_EQ(test, 0x000000b5, fake_read32(test, WQCFG_OFF + 12));
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, WQCFG_OFF + 16));
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, WQCFG_OFF + 24));
	KUNIT_EXPECT_EQ(test, 0x0000000100000a7fULL,
			fake_read64(test, WQCFG_OFF + 32));
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, WQCFG_OFF + 40));
}

static void a_dedicated_queue_as_wqcfg(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);
	unsigned int cfg = WQCFG_OFF + 5 * WQCFG_STRIDE;
	struct device *wq = fake_wq(test, 5);

	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "mode", "dedicated"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "size", "128"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "priority", "15"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "ats_disable", "1"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "prs_disable", "1"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "max_transfer_size", "1"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "max_batch_size", "1024"));
	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "op_config", "8"));
	scoped_guard(mutex, &idxd->wqs[5]->lock)
		idxd_config_write_wq(idxd->wqs[5], 0xabcde);

	KUNIT_EXPECT_EQ(test, 0x00000080, fake_read32(test, cfg));
	KUNIT_EXPECT_EQ(test, 0x00000000, fake_read32(test, cfg + 4));
	/* PASID enable 28, PASID 27:8, priority 7:4, PRS off 3, ATS off 2 */
	KUNIT_EXPECT_EQ(test, 0x1abcdefd, fake_read32(test, cfg + 8));
	KUNIT_EXPECT_EQ(test, 0x00000140, fake_read32(test, cfg + 12));
	KUNIT_EXPECT_EQ(test, 8, fake_read64(test, cfg + 32));
	/* Neither of its neighbours. */
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, cfg - 8));
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, cfg + WQCFG_STRIDE));
}

static void a_dedicated_queue_without_user_has_no_pasid(struct kunit *test)
{
	fake_configured_wq(test, "dedicated");
	fake_write_config(test);
	KUNIT_EXPECT_EQ(test, 0x000000a3, fake_read32(test, WQCFG_OFF + 8));
}

static void a_group_as_grpcfg(struct kunit *test)
{
	struct device *group = fake_group(test, 1);
	unsigned int cfg = GRPCFG_OFF + 64;

	KUNIT_ASSERT_EQ(test, 0, store(test, fake_wq(test, 0), "group_id", "1"));
	KUNIT_ASSERT_EQ(test, 0, store(test, fake_wq(test, 7), "group_id", "1"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, fake_engine(test, 1), "group_id", "1"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, fake_engine(test, 3), "group_id", "1"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, &fake_idxd(test)->conf_dev,
			      "read_buffer_limit", "12"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, group, "read_buffers_reserved", "4"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, group, "read_buffers_allowed", "32"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, group, "use_read_buffer_limit", "1"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, group, "desc_progress_limit", "2"));
	KUNIT_ASSERT_EQ(test, 0,
			store(test, group, "batch_progress_limit", "3"));
	fake_write_config(test);

	KUNIT_EXPECT_EQ(test, 0x81, fake_read64(test, cfg));
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, cfg + 8));
	KUNIT_EXPECT_EQ(test, 0x0a, fake_read64(test, cfg + 32));
	/*
	 * Batches in progress 37:36, descriptors 33:32, read buffers allowed
	 * 27:20, reserved 15:8, limit 7, traffic class B 5:3, A 2:0
	 */
	KUNIT_EXPECT_EQ(test, 0x0000003202000489ULL,
			fake_read64(test, cfg + 40));
	KUNIT_EXPECT_EQ(test, 12, fake_read32(test, IDXD_GENCFG));
	/* A group that nothing is in. */
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, GRPCFG_OFF));
	KUNIT_EXPECT_EQ(test, 0, fake_read64(test, GRPCFG_OFF + 32));
}

static void reset_forgets_everything(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);
	struct device *wq = fake_configured_wq(test, "dedicated");

	KUNIT_ASSERT_EQ(test, 0, store(test, wq, "op_config", "8"));
	scoped_guard(mutex, &idxd->lock)
		idxd_config_reset(idxd);

	KUNIT_EXPECT_STREQ(test, "shared\n", show(test, wq, "mode"));
	KUNIT_EXPECT_STREQ(test, "none\n", show(test, wq, "type"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, wq, "size"));
	KUNIT_EXPECT_STREQ(test, "-1\n", show(test, wq, "group_id"));
	KUNIT_EXPECT_STREQ(test, "\n", show(test, wq, "driver_name"));
	KUNIT_EXPECT_EQ(test, 0, idxd->groups[0]->num_wqs);
	KUNIT_EXPECT_EQ(test, IDXD_SCMD_WQ_NONE_CONFIGURED, config_error(test));
}

/* Four pages a queue; the second is the limited portal for MSI-X. */
static void portals_are_four_pages(struct kunit *test)
{
	struct idxd_device *idxd = fake_idxd(test);

	KUNIT_EXPECT_EQ(test, PORTALS + 0x1000,
			idxd_wq_portal_phys(idxd->wqs[0]));
	KUNIT_EXPECT_EQ(test, PORTALS + 0xd000,
			idxd_wq_portal_phys(idxd->wqs[3]));
	KUNIT_EXPECT_EQ(test, PORTALS + 0x1d000,
			idxd_wq_portal_phys(idxd->wqs[7]));
}

static struct kunit_case config_cases[] = {
	KUNIT_CASE(check_says_what_is_missing),
	KUNIT_CASE(a_dedicated_queue_needs_no_threshold),
	KUNIT_CASE(a_shared_queue_as_wqcfg),
	KUNIT_CASE(a_dedicated_queue_as_wqcfg),
	KUNIT_CASE(a_dedicated_queue_without_user_has_no_pasid),
	KUNIT_CASE(a_group_as_grpcfg),
	KUNIT_CASE(reset_forgets_everything),
	KUNIT_CASE(portals_are_four_pages),
	{}
};

static struct kunit_suite config_suite = {
	.name = "idxd-config",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = config_cases,
};

kunit_test_suites(&sysfs_suite, &config_suite);

MODULE_DESCRIPTION("KUnit tests of the Intel data accelerators driver");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
