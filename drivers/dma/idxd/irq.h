/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device's own interrupt, MSI-X vector 0: a command is done, an error was
 * met that no completion record could tell, the device halted.
 */
#ifndef _IDXD_IRQ_H_
#define _IDXD_IRQ_H_

struct idxd_device;

/**
 * idxd_irq_setup() - allocate and request the interrupt
 * @idxd: the device
 *
 * Context: may sleep.
 * Return: 0 or an error, with nothing left.
 */
int idxd_irq_setup(struct idxd_device *idxd);

/**
 * idxd_irq_free() - undo idxd_irq_setup()
 * @idxd: the device
 *
 * Context: may sleep.
 */
void idxd_irq_free(struct idxd_device *idxd);

/**
 * idxd_clear_sw_err() - forget the last error
 * @idxd: the device
 *
 * Context: any.
 */
void idxd_clear_sw_err(struct idxd_device *idxd);

#endif
