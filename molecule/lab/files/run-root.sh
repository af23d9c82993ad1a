#!/bin/sh
# The rest of the world. Arguments: the address of a root server, which has one name to prove that recursion works; then, of
# what the inventory has of somebody else's, ADDRESS=ZONE,… for a name server, whose zones each have their name as a TXT record,
# and ADDRESS= for a resolver that queries that root server.
set -eu
root=$1
shift

# Runs tinydns. Argument: its address. Standard input: its data.
serve() {
    mkdir -p "/srv/$1"
    cat >"/srv/$1/data"
    (cd "/srv/$1" && tinydns-data)
    IP=$1 ROOT=/srv/$1 UID=65534 GID=65534 tinydns
}

# Runs dnscache. Argument: its address.
resolve() {
    mkdir -p "/srv/$1/servers" "/srv/$1/ip"
    echo "$root" >"/srv/$1/servers/@"
    : >"/srv/$1/ip/${1%%.*}"
    head -c 128 /dev/urandom |
        IP=$1 IPSEND=0.0.0.0 CACHESIZE=100000 ROOT=/srv/$1 UID=65534 GID=65534 dnscache
}

printf '%s\n' ".:$root:a" "=www.example.test:192.0.2.80" | serve "$root" &
for server in "$@"; do
    address=${server%%=*} zones=${server#*=}
    ip address add "$address/32" dev eth0
    if [ -z "$zones" ]; then
        resolve "$address" &
    else
        echo "$zones" | tr , '\n' | sed "s/.*/.&:$address:ns\n'&:&/" | serve "$address" &
    fi
done
# The container lives as long as they do.
wait
