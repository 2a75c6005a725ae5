#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The sysfs ABI as accel-config uses it: what it lists, loads, enables, refuses,
# saves and disables. Needs root, accel-config and dsa0, which nothing may be
# using.
#
# shellcheck disable=SC2317 # functions are what ok() and says() call
dir=$(cd "$(dirname "$0")" && pwd)
conf=$dir/one-shared-one-dedicated.conf
dsa=/sys/bus/dsa/devices
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0

echo "TAP version 13"
if ! command -v accel-config > /dev/null; then
	echo "1..0 # SKIP no accel-config"
	exit 4
fi
[ -e $dsa/dsa0 ] || modprobe -q idxd
if [ ! -e $dsa/dsa0 ]; then
	echo "1..0 # SKIP no dsa0"
	exit 4
fi

# ok NAME COMMAND...: one test, passed if the command succeeds.
ok() {
	name=$1
	shift
	n=$((n + 1))
	if "$@" > "$tmp/out" 2>&1; then
		echo "ok $n $name"
	else
		sed 's/^/# /' "$tmp/out"
		echo "not ok $n $name"
		failed=1
	fi
}

# says TEXT COMMAND...: the command fails, and TEXT is in what it prints.
says() {
	text=$1
	shift
	if "$@" > "$tmp/said" 2>&1; then
		cat "$tmp/said"
		return 1
	fi
	cat "$tmp/said"
	grep -qF -- "$text" "$tmp/said"
}

# is FILE TEXT: that is what the attribute shows.
is() {
	value=$(cat "$dsa/$1") || return 1
	echo "$1 is '$value', should be '$2'"
	[ "$value" = "$2" ]
}

# refused FILE VALUE ERROR: writing it fails with that error.
refused() {
	printf %s "$2" > "$tmp/value"
	says "$3" env LC_ALL=C dd status=none conv=notrunc \
		if="$tmp/value" of="$dsa/$1"
}

# What every library call begins with; all of it must be there.
list_has_all_parts() {
	accel-config list -i > "$tmp/list" 2>&1 || return 1
	cat "$tmp/list"
	[ "$(grep -c '"dev":"wq0\.' "$tmp/list")" -eq "$(cat "$dsa/dsa0/max_work_queues")" ] &&
	[ "$(grep -c '"dev":"engine0\.' "$tmp/list")" -eq "$(cat "$dsa/dsa0/max_engines")" ] &&
	[ "$(grep -c '"dev":"group0\.' "$tmp/list")" -eq "$(cat "$dsa/dsa0/max_groups")" ] &&
	grep -q '"state":"disabled"' "$tmp/list" &&
	! grep -q -- '-2' "$tmp/list"	# -ENOENT, where an attribute is missing
}

node_has_the_numbers() {
	major=$(cat "$dsa/dsa0/cdev_major")
	minor=$(cat "$dsa/$1/cdev_minor")
	node=$(stat -c '%t:%T' "/dev/dsa/$1")
	echo "/dev/dsa/$1 is $node"
	[ "$node" = "$(printf '%x:%x' "$major" "$minor")" ]
}

saved_is_loaded() {
	accel-config save-config -s "$tmp/saved" &&
	accel-config disable-device dsa0 &&
	accel-config load-config -c "$tmp/saved" -e &&
	accel-config save-config -s "$tmp/again" &&
	diff -u "$tmp/saved" "$tmp/again"
}

echo "1..36"
accel-config disable-device dsa0 > /dev/null 2>&1
ok "list shows all parts" list_has_all_parts
ok "a device without queues is not enabled" \
	says "no wqs configured" accel-config enable-device dsa0
ok "load-config" accel-config load-config -c "$conf"
ok "size was taken" is wq0.0/size 16
ok "threshold was taken" is wq0.0/threshold 15
ok "mode was taken" is wq0.1/mode dedicated
ok "the group lists its queues" is group0.0/work_queues "wq0.0 wq0.1"
ok "the group lists its engines" is group0.0/engines \
	"engine0.0 engine0.1 engine0.2 engine0.3"

ok "a queue is not enabled before its device" \
	says "Device not enabled" accel-config enable-wq dsa0/wq0.0
ok "threshold above size" refused wq0.0/threshold 17 "Invalid argument"
ok "more entries than there are" refused wq0.2/size 65535 "Invalid argument"
ok "a group that is not there" refused wq0.2/group_id 99 "Invalid argument"
ok "a driver that is not there" \
	says "Invalid driver name" accel-config config-wq dsa0/wq0.2 -d dmaengine9

ok "enable-device" accel-config enable-device dsa0
ok "the device is enabled" is dsa0/state enabled
ok "size of an enabled device" refused wq0.0/size 8 "not permitted"
ok "group of an enabled device" refused engine0.0/group_id 1 "not permitted"
ok "cdev_minor of a disabled queue" says "" cat $dsa/wq0.0/cdev_minor
ok "config-wq" accel-config config-wq dsa0/wq0.2 \
	-y user -n third -d user -m dedicated -p 10
ok "a queue without group" \
	says "group not set" accel-config enable-wq dsa0/wq0.2
ok "enable-wq, shared" accel-config enable-wq dsa0/wq0.0
ok "enable-wq, dedicated" accel-config enable-wq dsa0/wq0.1
ok "the queue is enabled" is wq0.0/state enabled
ok "nobody has it open" is wq0.0/clients 0
ok "the node has the queue's numbers" node_has_the_numbers wq0.0
ok "the other one, too" node_has_the_numbers wq0.1
ok "priority of an enabled queue" refused wq0.0/priority 1 "not permitted"
ok "name of an enabled queue" refused wq0.0/name x "not permitted"

exec 3< /dev/dsa/wq0.0
ok "an open file is a client" is wq0.0/clients 1
ok "disable-wq refuses with a client" \
	says "disable refused" accel-config disable-wq dsa0/wq0.0
exec 3<&-
ok "the client has gone" is dsa0/clients 0
ok "disable-wq" accel-config disable-wq dsa0/wq0.0
ok "enable-wq again" accel-config enable-wq dsa0/wq0.0
ok "what save-config writes, load-config reads" saved_is_loaded
ok "disable-device" accel-config disable-device dsa0
ok "the configuration is gone" is wq0.0/size 0
exit $failed
