# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What every script here uses. Sourced from the root of the checkout.

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# logged NAME COMMAND...: run it with all output in build/log/NAME.log; on
# failure show the end of it and say where the rest is.
logged() {
	log=build/log/$1.log
	shift
	mkdir -p build/log
	if ! "$@" > "$log" 2>&1; then
		tail -n 25 "$log" >&2
		die "$1 failed; all of its output is in $log"
	fi
}
