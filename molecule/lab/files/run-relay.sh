#!/bin/sh
# The relay agent of subnets that no dhcpd is on: eth0 faces the servers, every other interface the clients.
# Arguments: the dhcpd servers' addresses.
set -eu
interfaces='-iu eth0'
for interface in $(ls /sys/class/net); do
    case $interface in
    eth0) ;;
    # Both ways: the lab's router hands the servers' replies over on the clients' side.
    eth*) interfaces="$interfaces -i $interface" ;;
    esac
done
# shellcheck disable=SC2086  (one word an option)
exec dhcrelay -4 -d --no-pid $interfaces "$@"
