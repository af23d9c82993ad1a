#!/bin/sh
# Starts systemd in a tree of its own of the control groups of version 2 that are mounted at /cgroup2, on a machine whose own are
# of version 1. Argument: the name of that tree.
set -eu
mkdir -p /cgroup2/"$1"
echo $$ >/cgroup2/"$1"/cgroup.procs
exec unshare --cgroup --mount sh -euc '
    umount --lazy /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    umount --lazy /cgroup2
    exec /lib/systemd/systemd'
