# SPDX-License-Identifier: GPL-2.0
# Rules for test programs that share objects, for Makefiles beside this one's
# directory and in it: include it after ../lib.mk, with the names of the objects
# in LIBRARY.  A source is looked for in the Makefile's own directory first.
HEADERS := $(wildcard *.h ../idxd/*.h ../offcpu/*.h ../vtd-witness/*.h)
OBJECTS := $(addprefix $(OUTPUT)/,$(LIBRARY))
EXTRA_CLEAN += $(OBJECTS)

vpath %.c . ../idxd ../offcpu ../vtd-witness

$(OUTPUT)/%.o: %.c $(HEADERS)
	$(call msg,CC,,$@)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

$(TEST_GEN_PROGS): LOCAL_HDRS += $(HEADERS)
$(TEST_GEN_PROGS): $(OBJECTS) $(HEADERS)
