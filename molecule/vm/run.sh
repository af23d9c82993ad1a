#!/bin/bash
# Deploys the failover pair to two virtual machines, Debian 12 and 13, as a user with sudo; reboots both; queries them.
#
#   molecule/vm/run.sh [PLAYBOOK_OPTION…]
#
# Virtual machines show what containers do not: AppArmor, the machine's own kernel, a reboot. KVM is used where it works;
# emulated, they take an hour or more on two cores, so this is not part of `make test`. Everything is in .lab/vm; what was
# seen is printed and left in .lab/vm/result.txt. As root, with qemu-system-x86, mmdebstrap and e2fsprogs (make vm installs them).
#
# Each machine has three network cards: one for ssh and packages (qemu's user network), and two in the inventory's network,
# which is a hub in each machine and a socket between the two. The second of those is for a client, in a namespace of its own.
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

port_of() { # The local TCP port that leads to the machine's sshd
    if [ "$1" = "${names[0]}" ]; then echo 2222; else echo 2223; fi
}

# Not an expression of inventory_hostname, which in a delegated task is still the name of the server that delegates.
inventories+=(-i "$dir/machines.yml")
{
    printf 'all:\n  hosts:\n'
    for name in "${names[@]}"; do printf '    %s: { ansible_port: %s }\n' "$name" "$(port_of "$name")"; done
} >"$dir/machines.yml"

on() { # NAME COMMAND…: as root on the machine
    local name=$1
    shift
    ssh -i "$dir/key" -p "$(port_of "$name")" -o BatchMode=yes -o ConnectTimeout=60 -o StrictHostKeyChecking=no \
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
    cp "$root"/boot/vmlinuz-* "$dir/$name.kernel"
    cp "$root"/boot/initrd.img-* "$dir/$name.initrd"
    truncate --size 4G "$dir/$name.new"
    mke2fs -q -t ext4 -d "$root" "$dir/$name.new"
    mv "$dir/$name.new" "$dir/$name.img"
    rm -rf "$root"
}

boot() { # ACCELERATOR NAME NUMBER LAN
    local accelerator=$1 name=$2 number=$3 lan=$4
    # Of the CPU models that both accelerators have, this one needs the least of the host. One processor each: emulated ones
    # wait for each other's locks.
    qemu-system-x86_64 -machine q35 -accel "$accelerator" -cpu qemu64 -smp 1 -m 1500 -display none \
        -serial "file:$dir/$name.console" -daemonize -pidfile "$dir/$name.pid" \
        -kernel "$dir/$name.kernel" -initrd "$dir/$name.initrd" \
        -append "root=/dev/vda rw console=ttyS0 mitigations=off apparmor=1 security=apparmor" \
        -drive "file=$dir/$name.img,format=raw,if=virtio" \
        -netdev "user,id=user,hostfwd=tcp:127.0.0.1:$(port_of "$name")-:22" \
        -device "virtio-net-pci,netdev=user,mac=$(printf '02:00:5e:fd:00:%02x' "$number")" \
        -netdev "socket,id=wire,$lan=127.0.0.1:2299" -netdev hubport,id=hub,hubid=0,netdev=wire \
        -netdev hubport,id=lan,hubid=0 -device "virtio-net-pci,netdev=lan,mac=$(printf '02:00:5e:fd:01:%02x' "$number")" \
        -netdev hubport,id=client,hubid=0 -device "virtio-net-pci,netdev=client,mac=$(printf '02:00:5e:fd:02:%02x' "$number")"
}

boot_both() { # ACCELERATOR SECONDS: whether both kernels say something within 60 s, and can be reached within the SECONDS
    log "Boot both machines with $1"
    rm -f "$dir"/*.console
    boot "$1" "${names[0]}" 1 listen && boot "$1" "${names[1]}" 2 connect || return
    for name in "${names[@]}"; do is_within 60 test -s "$dir/$name.console" || return; done
    for name in "${names[@]}"; do is_within "$2" on "$name" true || return; done
}

halt() { # The machines of this run, or of an earlier one that was interrupted
    local name pid
    for name in "${names[@]}"; do
        pid=$(cat "$dir/$name.pid" 2>/dev/null) || continue
        if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = qemu-system-x86 ]; then
            kill -TERM "$pid"
            kill -CONT "$pid" 2>/dev/null || true # A frozen one ends only now; the others have ended.
            until_within 30 "the end of $name" test ! -e "/proc/$pid"
        fi
        rm -f "$dir/$name.pid"
    done
}

is_within() { # SECONDS COMMAND…: whether the command succeeds within them
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return
        sleep 1
    done
}

until_within() { # SECONDS WHAT COMMAND…
    is_within "$1" "${@:3}" || { log "Gave up waiting: $2"; exit 1; }
}

is_normal() { [ "$(on "$1" dhcpd-pair-state)" = 'normal normal' ]; }
boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }
is_rebooted() { local now; now=$(boot_id "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; }

play() { ansible-playbook "${inventories[@]}" --limit "$(IFS=,; echo "${names[*]}")" "$@"; }

query() { # What is seen on a machine
    local name=$1
    printf '\n-- %s: Debian %s, kernel %s\n' "$name" "$(on "$name" cat /etc/debian_version)" "$(on "$name" uname -r)"
    echo 'services:'
    on "$name" systemctl list-units --no-legend --plain 'isc-dhcp-server*' 'leasemerge*' 'tinydns*' 'dnscache*' 'keepalived*' \
        'floating-address*' | awk '{ print "  " $1, $3, $4 }'
    echo "failed units: $(on "$name" systemctl list-units --failed --no-legend --plain | wc -l)"
    echo "pair: $(on "$name" dhcpd-pair-state)"
    echo 'floating addresses:'
    on "$name" floating-address status | sed 's/^/  /'
    echo "their virtual interfaces: $(on "$name" "ip -4 -br address show type macvlan" | tr -s ' ' | tr '\n' ';')"
    echo "root servers known to dnscache, and of them in dns-root-data: $(on "$name" '
        cat /run/dnscache/*/servers/@ | sort -u >/tmp/known; wc -l </tmp/known
        awk "\$3 == \"A\" { print \$4 }" /usr/share/dns/root.hints | sort -u | comm -12 - /tmp/known | wc -l' | tr '\n' ' ')"
    echo "dhcpd's AppArmor profile: $(on "$name" 'cat /proc/$(systemctl show -P MainPID isc-dhcp-server)/attr/current')"
    echo "denials by AppArmor since the boot: $(on "$name" 'journalctl -b -k | grep -c "apparmor=.DENIED" || true')"
}

in_client() { on "${names[1]}" ip netns exec client "$@"; }

query_as_client() { # What a new client on the wire is given and answered
    local name address
    on "${names[1]}" '
        card=$(ip -o link | sed -n "s/^[0-9]*: \([^:@]*\).*02:00:5e:fd:02:02.*/\1/p")
        ip netns add client; ip link set "$card" netns client name lan
        ip -n client link set lo up; ip -n client link set lan up
        printf "#!/bin/sh\n[ \"\$1\" != bound ] || { ip address add \$ip/\$mask dev \$interface; env >/tmp/lease; }\n" >/tmp/bound
        chmod +x /tmp/bound'
    in_client busybox udhcpc -n -q -i lan -s /tmp/bound -x hostname:vmclient 2>&1 | tail -1
    echo "its resolvers: $(on "${names[1]}" sed -n 's/^dns=//p' /tmp/lease)"
    sleep 2
    for name in vmclient "${names[@]}"; do
        for address in "${addresses[@]}"; do
            echo "$name.$domain at $address: $(in_client dig +short +time=2 +tries=1 "@$address" "$name.$domain" | tr '\n' ' ')"
        done
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
mapfile -t addresses < <(ansible-inventory "${inventories[@]}" --list | python3 -c '
import json, sys
for host in json.load(sys.stdin)["_meta"]["hostvars"].values():
    for key in ("alias_address", "resolver_address"):
        if key in host:
            print(host[key])' | sort)
# A machine that KVM cannot run says so at once, or never boots: only a try shows it.
accelerator=kvm
if ! boot_both kvm 120; then
    halt
    accelerator=tcg,thread=multi
    boot_both "$accelerator" 1800 || { log 'Gave up waiting for ssh; .lab/vm has the consoles'; exit 1; }
fi
for name in "${names[@]}"; do on "$name" apt-get -qq update; done

log 'Deploy the pair (site.yml)'
play playbooks/site.yml "$@" >"$dir/site.log" 2>&1 || { tail -40 "$dir/site.log"; exit 1; }
for name in "${names[@]}"; do until_within 300 "a normal pair on $name" is_normal "$name"; done
log 'Deploy again: nothing may change'
play playbooks/site.yml "$@" >"$dir/again.log" 2>&1 || { tail -40 "$dir/again.log"; exit 1; }
if grep -B 20 '^changed:' "$dir/again.log"; then log 'The second run changed something'; exit 1; fi

log 'Reboot both machines'
declare -A before
for name in "${names[@]}"; do before[$name]=$(boot_id "$name"); done
for name in "${names[@]}"; do on "$name" systemctl reboot || true; done
rebooted=$SECONDS
for name in "${names[@]}"; do until_within 1800 "$name after its reboot" is_rebooted "$name" "${before[$name]}"; done
for name in "${names[@]}"; do until_within 600 "a normal pair on $name after the reboot" is_normal "$name"; done
back=$((SECONDS - rebooted))
log "Both are back, and the pair is normal, after $back s"

{
    echo "Deployed and rebooted on $(date --utc +%F), as the user $user with sudo, accelerator $accelerator."
    sed -n '/PLAY RECAP/,$p' "$dir/site.log"
    echo 'The second run:'
    sed -n '/PLAY RECAP/,$p' "$dir/again.log"
    echo "Both were back, and the pair normal, $back s after the reboot."
    for name in "${names[@]}"; do query "$name"; done
    printf '\n-- a new client on the same wire\n'
    query_as_client
    printf '\n-- the same while %s hangs\n' "${names[0]}"
    kill -STOP "$(cat "$dir/${names[0]}.pid")"
    sleep 1
    for address in "${addresses[@]}"; do
        echo "vmclient.$domain at $address: $(in_client dig +short +time=2 +tries=1 "@$address" "vmclient.$domain" | tr '\n' ' ')"
    done
    kill -CONT "$(cat "$dir/${names[0]}.pid")"
} | tee "$dir/result.txt"
