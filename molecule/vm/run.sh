#!/bin/bash
# Deploys the failover pair to two virtual machines, Debian 12 and 13, as a user with sudo; reboots both; queries them.
#
#   molecule/vm/run.sh [PLAYBOOK_OPTION…]
#
# Virtual machines show what containers do not: AppArmor, the machine's own kernel, a reboot. They are emulated (no KVM is
# needed), so it takes an hour or more on two cores, and is not part of `make test`. Everything is in .lab/vm; what was seen
# is printed and left in .lab/vm/result.txt. As root, with qemu-system-x86, mmdebstrap and e2fsprogs (make vm installs them).
#
# Each machine has two network cards: one for ssh and packages (qemu's user network), one for the inventory's network, which
# is a socket between the two.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/.venv/bin:/usr/sbin:/sbin:$PATH
export ANSIBLE_CONFIG=$PWD/ansible.cfg
dir=$PWD/.lab/vm
user=admin
mkdir -p "$dir"
[ -e "$dir/key" ] || ssh-keygen -q -t ed25519 -N '' -C vm -f "$dir/key"

inventories=(-i inventory -i molecule/vm/inventory)
mapfile -t names < <(ansible-inventory "${inventories[@]}" --list | python3 -c '
import json, sys
print(*json.load(sys.stdin)["dhcp_servers"]["hosts"], sep="\n")')
releases=(bookworm trixie)
packages=linux-image-cloud-amd64,initramfs-tools,systemd-sysv,dbus,libpam-systemd,openssh-server,python3,python3-apt,sudo
packages+=,apparmor,ca-certificates,iproute2,procps,busybox,bind9-dnsutils

log() { printf '== %s %s\n' "$(date +%T)" "$*"; }

address_of() {
    ansible-inventory "${inventories[@]}" --host "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["fixed_address"])'
}

port_of() { # The local TCP port that leads to the machine's sshd, as molecule/vm/inventory has it
    if [ "$1" = "${names[0]}" ]; then echo 2222; else echo 2223; fi
}

on() { # NAME COMMAND…: as root on the machine
    local name=$1
    shift
    ssh -i "$dir/key" -p "$(port_of "$name")" -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$user@127.0.0.1" sudo sh -c "$(printf '%q' "$*")"
}

build() { # NAME RELEASE NUMBER: a disk with a bare Debian
    local name=$1 release=$2 number=$3 root=$dir/$1.root
    [ ! -e "$dir/$name.img" ] || return 0
    log "Build $name, Debian $release"
    rm -rf "$root"
    mkdir "$root"
    mmdebstrap --quiet --variant=apt --include="$packages" \
        --customize-hook="chroot \"\$1\" useradd --create-home --shell /bin/bash $user" \
        "$release" - | tar -x --numeric-owner -C "$root"
    install -d -m 0700 "$root/home/$user/.ssh"
    install -m 0600 "$dir/key.pub" "$root/home/$user/.ssh/authorized_keys"
    chroot "$root" chown -R "$user:$user" "/home/$user/.ssh"
    echo "$user ALL=(ALL) NOPASSWD:ALL" >"$root/etc/sudoers.d/$user"
    echo "$name" >"$root/etc/hostname"
    # sudo looks up the machine's own name, which mmdebstrap does not write down.
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >"$root/etc/hosts"
    echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
    echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
    printf '[Match]\nMACAddress=02:00:5e:fd:00:%02x\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseDNS=false\n' "$number" \
        >"$root/etc/systemd/network/10-user.network"
    printf '[Match]\nMACAddress=02:00:5e:fd:01:%02x\n[Network]\nAddress=%s/24\n' "$number" "$(address_of "$name")" \
        >"$root/etc/systemd/network/20-lan.network"
    systemctl --quiet --root="$root" enable systemd-networkd.service ssh.service apparmor.service
    # The unit would wait for a card that has no carrier before the other machine is up.
    systemctl --quiet --root="$root" mask systemd-networkd-wait-online.service
    cp "$root"/boot/vmlinuz-* "$dir/$name.kernel"
    cp "$root"/boot/initrd.img-* "$dir/$name.initrd"
    truncate --size 4G "$dir/$name.new"
    mke2fs -q -t ext4 -d "$root" "$dir/$name.new"
    mv "$dir/$name.new" "$dir/$name.img"
    rm -rf "$root"
}

boot() { # NAME NUMBER LAN
    local name=$1 number=$2 lan=$3
    qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 1500 -display none \
        -serial "file:$dir/$name.console" -daemonize -pidfile "$dir/$name.pid" \
        -kernel "$dir/$name.kernel" -initrd "$dir/$name.initrd" \
        -append "root=/dev/vda rw console=ttyS0 apparmor=1 security=apparmor" \
        -drive "file=$dir/$name.img,format=raw,if=virtio" \
        -netdev "user,id=user,hostfwd=tcp:127.0.0.1:$(port_of "$name")-:22" \
        -device "virtio-net-pci,netdev=user,mac=$(printf '02:00:5e:fd:00:%02x' "$number")" \
        -netdev "socket,id=lan,$lan=127.0.0.1:2299" \
        -device "virtio-net-pci,netdev=lan,mac=$(printf '02:00:5e:fd:01:%02x' "$number")"
}

halt() { # The machines of this run, or of an earlier one that was interrupted
    for name in "${names[@]}"; do
        if [ -e "$dir/$name.pid" ] && [ "$(cat "/proc/$(cat "$dir/$name.pid")/comm" 2>/dev/null)" = qemu-system-x86 ]; then
            kill "$(cat "$dir/$name.pid")"
        fi
        rm -f "$dir/$name.pid"
    done
}

until_within() { # SECONDS WHAT COMMAND…
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $end ]; then
            log "Gave up waiting: $what"
            exit 1
        fi
        sleep 3
    done
}

is_normal() { [ "$(on "$1" dhcpd-pair-state)" = 'normal normal' ]; }
boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }
is_rebooted() { local now; now=$(boot_id "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; }

play() { ansible-playbook "${inventories[@]}" --limit "$(IFS=,; echo "${names[*]}")" "$@"; }

query() { # What is seen on a machine and from it
    local name=$1 aliases
    printf '\n-- %s: Debian %s, kernel %s\n' "$name" "$(on "$name" cat /etc/debian_version)" "$(on "$name" uname -r)"
    echo "services: $(on "$name" 'systemctl is-active isc-dhcp-server leasemerge tinydns' | tr '\n' ' ')"
    echo "pair: $(on "$name" dhcpd-pair-state)"
    echo "dhcpd's AppArmor profile: $(on "$name" 'cat /proc/$(systemctl show -P MainPID isc-dhcp-server)/attr/current')"
    echo "denials by AppArmor: $(on "$name" 'journalctl -b -k | grep -c "apparmor=.DENIED.*dhcpd" || true')"
    aliases=$(ansible-inventory "${inventories[@]}" --list | python3 -c '
import json, sys
hosts = json.load(sys.stdin)["_meta"]["hostvars"]
print(*sorted(h["alias_address"] for h in hosts.values() if "alias_address" in h))')
    for alias in $aliases; do
        echo "$name. at $alias: $(on "$name" "dig +short +time=2 +tries=5 @$alias $name.$domain")"
    done
}

trap halt EXIT
halt
number=1
for name in "${names[@]}"; do
    build "$name" "${releases[number - 1]}" "$number"
    number=$((number + 1))
done
domain=$(ansible localhost "${inventories[@]}" -m ansible.builtin.debug -a var=site_domain | sed -n 's/.*site_domain: //p')
boot "${names[0]}" 1 listen
boot "${names[1]}" 2 connect
log 'Boot both machines'
for name in "${names[@]}"; do until_within 1800 "ssh to $name" on "$name" true; done
for name in "${names[@]}"; do on "$name" apt-get -qq update; done

log 'Deploy the pair (site.yml)'
play playbooks/site.yml "$@" >"$dir/site.log" 2>&1 || { tail -40 "$dir/site.log"; exit 1; }
for name in "${names[@]}"; do until_within 300 "a normal pair on $name" is_normal "$name"; done
log 'Deploy again: nothing may change'
play playbooks/site.yml "$@" >"$dir/again.log" 2>&1 || { tail -40 "$dir/again.log"; exit 1; }

log 'Reboot both machines'
declare -A before
for name in "${names[@]}"; do before[$name]=$(boot_id "$name"); done
for name in "${names[@]}"; do on "$name" systemctl reboot || true; done
rebooted=$SECONDS
for name in "${names[@]}"; do until_within 1800 "$name after its reboot" is_rebooted "$name" "${before[$name]}"; done
for name in "${names[@]}"; do until_within 600 "a normal pair on $name after the reboot" is_normal "$name"; done
log "Both are back, and the pair is normal, after $((SECONDS - rebooted)) s"

{
    echo "Deployed and rebooted on $(date --utc +%F), as the user $user with sudo."
    sed -n '/PLAY RECAP/,$p' "$dir/site.log"
    echo 'The second run:'
    sed -n '/PLAY RECAP/,$p' "$dir/again.log"
    echo "Both were back, and the pair normal, $((SECONDS - rebooted)) s after the reboot."
    for name in "${names[@]}"; do query "$name"; done
    printf '\n-- a new client on the second machine\n'
    # A MAC address of its own on the same card, in a network namespace: only the other machine's dhcpd can answer it.
    on "${names[1]}" 'lan=$(ip -o link | sed -n "s/^[0-9]*: \([^:@]*\).*02:00:5e:fd:01:02.*/\1/p"); ip netns add client
        ip link add link "$lan" name mv0 type macvlan mode bridge && ip link set mv0 netns client &&
        ip -n client link set mv0 up && ip netns exec client busybox udhcpc -n -q -f -i mv0 -s /bin/true -x hostname:vmclient 2>&1 |
        tail -1; ip netns del client'
    sleep 2
    echo "its name on ${names[0]}: $(on "${names[0]}" "leasemerge render --site /etc/leasemerge/site.json --leases ${names[0]}=/var/lib/dhcp/dhcpd.leases" | grep vmclient | head -1)"
} | tee "$dir/result.txt"
