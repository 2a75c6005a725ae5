// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/offcpu_tasks and /proc/<pid>/offcpu_tasks: look at off-CPU tasks, and
 * kill one.  Format, permission and errors are an ABI, described in
 * Documentation/admin-guide/offcpu-tasks.rst.
 *
 * This file decides who may see and kill a task.  It holds no lock, and nothing
 * that an unbind would wait for, while a line is formatted.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>

#include "offcpu_task.h"

/* "kill ", the longest number, a newline. */
#define OFFCPU_REQUEST_MAX	32

static const char * const offcpu_state_names[] = {
	[OFFCPU_LIVE]	= "live",
	[OFFCPU_DYING]	= "dying",
	[OFFCPU_DEAD]	= "dead",
};

static void offcpu_show_header(struct seq_file *m)
{
	seq_puts(m, "id state device pasid age faults pid\n");
}

static void offcpu_show(struct seq_file *m, const struct offcpu_task_info *info,
			struct pid_namespace *ns)
{
	u64 age = ktime_get_boottime_ns() - info->bound;
	u32 ms;
	u64 seconds = div_u64_rem(div_u64(age, NSEC_PER_MSEC), MSEC_PER_SEC,
				  &ms);

	seq_printf(m, "%llu %s ", info->id, offcpu_state_names[info->state]);
	seq_escape(m, dev_name(info->dev), " \t\n\\");
	seq_printf(m, " %u %llu.%03u %lu %d\n", info->pasid, seconds, ms,
		   info->faults, pid_nr_ns(info->tgid, ns));
}

/**
 * proc_pid_offcpu_tasks() - show /proc/<pid>/offcpu_tasks
 * @m: where to
 * @ns: of the procfs instance
 * @pid: the process
 * @task: the same
 *
 * Return: 0, also without an mm; -EACCES: may not be seen by current; -EINTR.
 */
int proc_pid_offcpu_tasks(struct seq_file *m, struct pid_namespace *ns,
			  struct pid *pid, struct task_struct *task)
{
	struct offcpu_task_info info = {};
	struct mm_struct *mm;

	mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	if (IS_ERR(mm) && PTR_ERR(mm) != -ESRCH)
		return PTR_ERR(mm);

	offcpu_show_header(m);
	if (IS_ERR_OR_NULL(mm))
		return 0;

	/* Its memory need not wait for this. */
	mmgrab(mm);
	mmput(mm);
	while (offcpu_task_info_get_mm(&info, mm, info.id + 1)) {
		offcpu_show(m, &info, ns);
		offcpu_task_info_put(&info);
	}
	mmdrop(mm);
	return 0;
}

/*
 * /proc/offcpu_tasks, for reading.  A position is the ID of the task to go on
 * with, 0 is the header.
 */

static struct pid_namespace *offcpu_file_ns(const struct file *file)
{
	return proc_pid_ns(file_inode(file)->i_sb);
}

/* As for /proc/<pid>/offcpu_tasks.  It takes a privilege if that has gone. */
static bool offcpu_may_see(const struct file *file, struct pid *tgid)
{
	struct task_struct *owner;
	bool may;

	if (!pid_nr_ns(tgid, offcpu_file_ns(file)))
		return false;

	owner = get_pid_task(tgid, PIDTYPE_TGID);
	if (!owner)
		return file_ns_capable(file, ns_of_pid(tgid)->user_ns,
				       CAP_SYS_PTRACE);

	may = ptrace_may_access(owner, PTRACE_MODE_READ_FSCREDS |
				       PTRACE_MODE_NOAUDIT);
	put_task_struct(owner);
	return may;
}

static void *offcpu_seq_find(struct seq_file *m, loff_t *pos)
{
	struct offcpu_task_info *info = m->private;

	if (!offcpu_task_info_get(info, *pos))
		return NULL;
	*pos = info->id;
	return info;
}

static void *offcpu_seq_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? offcpu_seq_find(m, pos) : SEQ_START_TOKEN;
}

static void offcpu_seq_stop(struct seq_file *m, void *v)
{
	if (v && v != SEQ_START_TOKEN)
		offcpu_task_info_put(v);
}

static void *offcpu_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	offcpu_seq_stop(m, v);
	++*pos;
	return offcpu_seq_find(m, pos);
}

static int offcpu_seq_show(struct seq_file *m, void *v)
{
	struct offcpu_task_info *info = v;

	if (v == SEQ_START_TOKEN)
		offcpu_show_header(m);
	else if (offcpu_may_see(m->file, info->tgid))
		offcpu_show(m, info, offcpu_file_ns(m->file));
	return 0;
}

static const struct seq_operations offcpu_seq_ops = {
	.start	= offcpu_seq_start,
	.next	= offcpu_seq_next,
	.stop	= offcpu_seq_stop,
	.show	= offcpu_seq_show,
};

static int offcpu_tasks_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &offcpu_seq_ops,
				sizeof(struct offcpu_task_info));
}

/*
 * /proc/offcpu_tasks, for writing.  It is the one who opened it that must have
 * the permission: he may have handed the file to a privileged program, to write
 * what he wants there.
 */

static bool offcpu_may_signal(const struct file *file,
			      struct task_struct *owner)
{
	const struct cred *cred = file->f_cred, *theirs;
	bool may;

	rcu_read_lock();
	theirs = __task_cred(owner);
	may = uid_eq(cred->euid, theirs->suid) ||
	      uid_eq(cred->euid, theirs->uid) ||
	      uid_eq(cred->uid, theirs->suid) ||
	      uid_eq(cred->uid, theirs->uid) ||
	      file_ns_capable(file, theirs->user_ns, CAP_KILL);
	rcu_read_unlock();
	return may;
}

/* As for kill(2) on the process.  It takes a privilege if that has gone. */
static int offcpu_may_kill(const struct file *file, struct pid *tgid)
{
	struct task_struct *owner;
	int ret = -EPERM;

	if (!pid_nr_ns(tgid, offcpu_file_ns(file)))
		return -ESRCH;

	owner = get_pid_task(tgid, PIDTYPE_TGID);
	if (!owner)
		return file_ns_capable(file, ns_of_pid(tgid)->user_ns,
				       CAP_KILL) ? 0 : -EPERM;

	if (offcpu_may_signal(file, owner))
		ret = security_task_kill(owner, SEND_SIG_NOINFO, SIGKILL,
					 file->f_cred);
	put_task_struct(owner);
	return ret;
}

static int offcpu_kill_id(const struct file *file, u64 id)
{
	struct offcpu_task *task = offcpu_task_get(id);
	int ret;

	if (!task)
		return -ESRCH;

	ret = offcpu_may_kill(file, task->tgid);
	if (!ret && READ_ONCE(task->state) == OFFCPU_DEAD)
		ret = -ESRCH;
	if (!ret)
		offcpu_task_kill(task, OFFCPU_ADMIN);
	offcpu_task_put(task);
	return ret;
}

static ssize_t offcpu_tasks_write(struct file *file, const char __user *from,
				  size_t len, loff_t *pos)
{
	char request[OFFCPU_REQUEST_MAX];
	size_t verb;
	int ret;
	u64 id;

	if (len >= sizeof(request))
		return -EINVAL;
	if (copy_from_user(request, from, len))
		return -EFAULT;
	request[len] = '\0';

	verb = str_has_prefix(request, "kill ");
	if (!verb || kstrtou64(request + verb, 10, &id))
		return -EINVAL;

	ret = offcpu_kill_id(file, id);
	return ret ?: len;
}

static const struct proc_ops offcpu_tasks_ops = {
	.proc_open	= offcpu_tasks_open,
	.proc_read	= seq_read,
	.proc_write	= offcpu_tasks_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};

/* For all to open: who may see and who may kill is asked task by task. */
static const umode_t offcpu_tasks_mode = 0666;

static int __init offcpu_task_proc_init(void)
{
	return proc_create("offcpu_tasks", offcpu_tasks_mode, NULL,
			   &offcpu_tasks_ops) ? 0 : -ENOMEM;
}
fs_initcall(offcpu_task_proc_init);
