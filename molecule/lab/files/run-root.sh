#!/bin/sh
# The lab's root server: tinydns with a root zone of its own and one name, to prove that recursion works.
# Argument: its address.
set -eu
mkdir -p /srv/root
cd /srv/root
cat >data <<EOF
.:$1:a
=www.example.test:192.0.2.80
EOF
tinydns-data
export IP="$1" ROOT=/srv/root UID=65534 GID=65534
exec tinydns
