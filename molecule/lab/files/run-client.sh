#!/bin/sh
# A real DHCP client in the foreground: dhclient or udhcpc. Arguments: the program, the hostname that it sends.
# The address that podman assigned is dropped: from here on the client has the one that dhcpd assigns.
set -eu
ip address flush dev eth0
case $1 in
dhclient)
    cat >/etc/dhcp/dhclient.conf <<EOF
send host-name "$2";
request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, domain-search, host-name;
timeout 300;
retry 2;
initial-interval 1;
backoff-cutoff 4;
EOF
    mkdir -p /run/dhclient
    exec dhclient -d -cf /etc/dhcp/dhclient.conf -lf /run/dhclient/leases -pf /run/dhclient.pid eth0
    ;;
udhcpc)
    exec udhcpc -f -R -i eth0 -t 5 -T 1 -A 1 -x "hostname:$2"
    ;;
esac
