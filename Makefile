# SPDX-License-Identifier: GPL-2.0
# Every entry point of the project. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Our kernel as users run it, or with everything that finds mistakes.
KERNEL ?= ours$(if $(filter 1,$(DEBUG)),-debug)
JOBS   ?= $(shell nproc)
export KERNEL SMP MEM DSA ICOUNT TIMEOUT KARGS

# A ccache that knows a file by what is in it, wherever the checkout lies.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := time_macros,include_file_mtime,include_file_ctime
export KBUILD_BUILD_TIMESTAMP := @0
export KBUILD_BUILD_USER := offcpu
export KBUILD_BUILD_HOST := offcpu

LINUX := build/linux
QEMU_SRC := build/qemu/src
QEMU_OBJ := build/qemu/obj
S := build/stamp

# Files that an overlay is made from.
ours_files := $(shell find -L Documentation arch drivers include kernel lib mm samples tools patches/*.patch -type f 2>/dev/null)
upstream_files := $(wildcard patches/upstream/*.patch)
qemu_files := $(shell find platform/qemu platform/patches -type f)

.PHONY: help run test bench bench-table guest shell check clean distclean setup qemu kernel tools selftests

help:
	@sed -n 's/^## //p' Makefile

## make run                 the main job, narrated: offload, kill, drain, free
## make test [T=pattern]    all tests, or those whose name matches
## make guest CMD='...'     boot, run a command there as root, print its output
## make shell               boot, with a prompt on this terminal
## make bench [T=rows]      instructions per operation, ours against upstream's;
##                          raw in build/bench/, and `make bench-table` into README.md
## make check               checkpatch, sparse, W=1, shellcheck
## make clean               drop what was built; make distclean: downloads too
##
## Variables: KERNEL=ours|upstream  SMP=2  MEM=2G  DSA=1 (devices)  ICOUNT=1
##            TIMEOUT=seconds  KARGS='more kernel arguments'  JOBS=2
##            DEBUG=1: our kernel with KASAN, lockdep, kmemleak, DEBUG_OBJECTS
##
## Building blocks: make setup, qemu, kernel, selftests, tools.  All output goes to
## build/; the full output of each step is kept in build/log/.

run: setup qemu kernel selftests
	@scripts/guest build/selftests/offcpu/offcpu-main-job

test: setup qemu kernel selftests tools $(addprefix build/tests/,dsa-op-test dsa-registers witness-qmp)
	@scripts/test '$(T)'

bench: setup qemu selftests $(S)/ours-built $(S)/upstream-built
	@scripts/bench $(T)

bench-table:
	@scripts/bench-table --readme

guest: setup qemu kernel selftests tools
ifndef CMD
	$(error usage: make guest CMD='...')
endif
	@scripts/guest $(call quote,$(value CMD))

shell: setup qemu kernel selftests tools
	@scripts/guest

check: setup $(S)/ours-tree
	@scripts/check

clean:
	@rm -rf $(LINUX)/*-obj $(LINUX)/*-mod $(LINUX)/ours* $(LINUX)/upstream* \
		$(QEMU_OBJ) build/qemu/src* build/selftests* build/tools build/tests \
		build/guest build/log
	@rm -f $(filter-out $(S)/packages $(S)/linux $(S)/qemu,$(wildcard $(S)/*))

distclean:
	@rm -rf build

# A shell word that holds exactly $(1).
quote = '$(subst ','\'',$(1))'

# run-logged: $(1) what, $(2) name of the log, $(3) command
logged = . scripts/lib.sh; echo "  $(1)"; logged $(2) $(3)

# ---- set-up --------------------------------------------------------------

setup: $(S)/packages $(S)/linux $(S)/qemu

$(S)/packages: scripts/packages
	@mkdir -p $(S); scripts/packages; touch $@

$(S)/linux: scripts/fetch-linux | $(S)/packages
	@$(call logged,LINUX   unpack,fetch-linux,scripts/fetch-linux); touch $@

$(S)/qemu: scripts/fetch-qemu | $(S)/packages
	@$(call logged,QEMU    fetch and unpack,fetch-qemu,scripts/fetch-qemu); touch $@

# ---- QEMU ----------------------------------------------------------------

qemu: $(S)/qemu-built

$(S)/qemu-tree: $(S)/qemu scripts/overlay $(qemu_files)
	@$(call logged,QEMU    overlay,overlay-qemu,scripts/overlay qemu); touch $@

$(S)/qemu-configured: scripts/configure-qemu | $(S)/qemu-tree
	@$(call logged,QEMU    configure,configure-qemu,scripts/configure-qemu $(QEMU_SRC) $(QEMU_OBJ)); touch $@

$(S)/qemu-built: $(S)/qemu-tree $(S)/qemu-configured
	@scripts/progress QEMU build-qemu 1330 env PYTHONPATH=$(CURDIR)/build/meson/usr/lib/python3/dist-packages \
		ninja -j$(JOBS) -C $(QEMU_OBJ) qemu-system-x86_64; touch $@

# ---- the kernels ---------------------------------------------------------

kernel: $(S)/$(KERNEL)-built build/guest/initramfs

# Kernels of one source tree differ in their configuration.
tree = $(1:-debug=)
KMAKE = make -C $(LINUX)/$(call tree,$(1)) O=$(CURDIR)/$(LINUX)/$(1)-obj \
	CC="ccache gcc" HOSTCC="ccache gcc" -j$(JOBS)

$(S)/%-tree: $(S)/linux scripts/overlay
	@$(call logged,LINUX   overlay $*,overlay-$*,scripts/overlay $*); touch $@
$(S)/ours-tree: $(ours_files)
$(S)/upstream-tree: $(upstream_files)
$(S)/ours-debug-tree: $(S)/ours-tree
	@touch $@

$(S)/%-configured: scripts/configure-linux configs/guest.config | $(S)/%-tree
	@$(call logged,LINUX   configure $*,configure-$*,scripts/configure-linux $(LINUX)/$(call tree,$*) $(LINUX)/$*-obj \
		configs/guest.config $(wildcard $(patsubst %,configs/%.config,$(subst -, ,$*)))); touch $@
$(S)/ours-configured $(S)/ours-debug-configured: configs/ours.config
$(S)/ours-debug-configured: configs/debug.config

$(S)/%-built: $(S)/%-tree $(S)/%-configured
	@scripts/progress "LINUX $*" build-$* 2300 $(call KMAKE,$*) bzImage modules
	@$(call logged,LINUX   modules $*,modules-$*,$(call KMAKE,$*) \
		INSTALL_MOD_PATH=$(CURDIR)/$(LINUX)/$*-mod modules_install); touch $@

build/guest/init: platform/guest/init.c
	@mkdir -p build/guest; gcc -O2 -Wall -Wextra -Wno-unused-result -static -o $@ $<

build/guest/initramfs: build/guest/init $(S)/$(KERNEL)-built
	@{ echo "dir /dev 0755 0 0"; echo "nod /dev/console 0600 0 0 c 5 1"; \
	   echo "file /init build/guest/init 0755 0 0"; } > build/guest/initramfs.list
	@$(LINUX)/$(KERNEL)-obj/usr/gen_init_cpio build/guest/initramfs.list > $@

# ---- tests of the emulated server's parts ---------------------------------

dsa_op_sources := $(wildcard platform/tests/dsa-op-*.c platform/qemu/hw/dma/dsa/dsa-op*.c)

build/tests/dsa-op-test: $(dsa_op_sources) $(wildcard platform/tests/*.h platform/qemu/hw/dma/dsa/*.h)
	@mkdir -p build/tests; gcc -O2 -g -Wall -Wextra -Wno-unused-parameter \
		-Wno-missing-field-initializers -Iplatform/tests/include \
		-Iplatform/qemu/hw/dma/dsa -o $@ $(dsa_op_sources)

build/tests/dsa-registers: platform/tests/guest/dsa-registers.c
	@mkdir -p build/tests; gcc -O2 -Wall -Wextra -o $@ $<

build/tests/witness-qmp: platform/tests/witness-qmp
	@mkdir -p build/tests; cp $< $@

# ---- tools ---------------------------------------------------------------

tools: build/tools/offcpu

build/tools/offcpu: $(wildcard tools/offcpu/*) | $(S)/ours-tree
	@mkdir -p build/tools; $(call logged,TOOLS   build,build-tools,make -C $(LINUX)/ours/tools/offcpu \
		OUTPUT=$(CURDIR)/build/tools/)

# ---- kselftests ----------------------------------------------------------

SELFTESTS := offcpu idxd iommu-sva vtd-witness x86-offload bench
selftests: $(S)/selftests

$(S)/selftests: $(shell find tools/testing/selftests -type f 2>/dev/null) | $(S)/ours-tree
	@$(call logged,TESTS   build,build-selftests,make -C $(LINUX)/ours/tools/testing/selftests \
		TARGETS="$(SELFTESTS)" INSTALL_PATH=$(CURDIR)/build/selftests \
		O=$(CURDIR)/build/selftests-obj FORCE_TARGETS=1 install); touch $@
