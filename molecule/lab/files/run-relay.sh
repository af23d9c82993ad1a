#!/bin/sh
# The relay agent of subnets that no dhcpd is on. Arguments: the dhcpd servers' addresses.
set -eu
# podman numbers the interfaces of several networks in any order: the route to the servers shows which is theirs.
upstream=$(ip -oneline route get "$1" | sed 's/.* dev \([^ ]*\) .*/\1/')
interfaces="-iu $upstream"
for interface in $(ls /sys/class/net); do
    case $interface in
    lo | "$upstream") ;;
    # Both ways: the lab's router hands the servers' replies over on the clients' side.
    *) interfaces="$interfaces -i $interface" ;;
    esac
done
# shellcheck disable=SC2086  (one word an option)
exec dhcrelay -4 -d --no-pid $interfaces "$@"
