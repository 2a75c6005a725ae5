// SPDX-License-Identifier: GPL-2.0
/*
 * Portals in user space: the page that a process submits work through.
 *
 * It is put into the page tables by the fault handler alone, because a VMA can
 * be found, and zapped, only once mmap() has finished with it.
 */
#include <linux/capability.h>
#include <linux/mm.h>

#include "device.h"
#include "user.h"
#include "wq.h"

static vm_fault_t idxd_portal_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct idxd_user *user = vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	/*
	 * Inserting may allocate page tables.  Whoever faults here shares the
	 * mm with what waits for the lock in the kill path, so the OOM killer
	 * gives both of them the reserves.
	 */
	mutex_lock(&user->lock);
	if (!idxd_user_check(user))
		ret = vmf_insert_pfn(vma, vmf->address,
				     PHYS_PFN(idxd_wq_portal_phys(user->wq)));
	mutex_unlock(&user->lock);

	return ret;
}

/* One page: there is nothing to split. */
static int idxd_portal_may_split(struct vm_area_struct *vma,
				 unsigned long addr)
{
	return -EINVAL;
}

static const struct vm_operations_struct idxd_portal_vm_ops = {
	.fault = idxd_portal_fault,
	.may_split = idxd_portal_may_split,
};

/*
 * On parts with the erratum of CVE-2024-21823 a descriptor can hang or crash
 * the machine.  There, who may not do that anyway must use write().
 */
static bool idxd_portal_allowed(const struct idxd_user *user)
{
	return user->wq->idxd->model->user_submission_safe ||
	       capable(CAP_SYS_RAWIO);
}

int idxd_portal_mmap(struct idxd_user *user, struct vm_area_struct *vma)
{
	int ret = idxd_user_may_use(user);

	if (ret)
		return ret;

	if (!idxd_portal_allowed(user))
		return -EPERM;
	if (vma->vm_pgoff || vma_pages(vma) != 1 ||
	    (vma->vm_flags & (VM_SHARED | VM_WRITE | VM_EXEC)) !=
	    (VM_SHARED | VM_WRITE))
		return -EINVAL;

	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND |
		     VM_DONTDUMP, VM_MAYEXEC);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_pgoff = user->pgoff;
	vma->vm_private_data = user;
	vma->vm_ops = &idxd_portal_vm_ops;
	return 0;
}

void idxd_portal_zap(struct idxd_user *user)
{
	unmap_mapping_pages(user->mapping, user->pgoff, 1, true);
}
