# SPDX-License-Identifier: GPL-2.0
# The emulated server: Q35 with Intel's IOMMU, DSA devices and no more than
# it takes to boot from a 9p root with a serial console.
CONFIG_Q35=y
CONFIG_VTD=y
CONFIG_DSA=y
CONFIG_HPET=y
CONFIG_SERIAL_ISA=y
CONFIG_ISA_DEBUG=y
CONFIG_PCIE_PORT=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
