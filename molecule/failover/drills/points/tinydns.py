"""One tinydns fails, or what it serves is taken away."""

from __future__ import annotations

from ..catalogue import NAME_SERVERS, drill
from ..engine import Run
from ..lab import TINYDNS, Server


@drill("tinydns/killed-{}", of=NAME_SERVERS, address=5, lookup=3)
def killed(run: Run, server: Server) -> None:
    """Systemd restarts a killed tinydns."""
    run.lab.signal(server, TINYDNS, "KILL")
    run.watch.served()


@drill("tinydns/frozen-{}", of=NAME_SERVERS, address=5, lookup=5)
def frozen(run: Run, server: Server) -> None:
    """While one tinydns is unresponsive, a cache asks the other after a second."""
    with run.lab.frozen(server, TINYDNS):
        run.watch.served(lookups=80)


@drill("tinydns/alias-removed-{}", of=NAME_SERVERS, address=5, lookup=3)
def alias_removed(run: Run, server: Server) -> None:
    """Taken away by hand, the alias is put back at once."""
    lab = run.lab
    lab.shell(server, f"ip address delete {server.alias}/32 dev eth0")
    run.watch.served()
    run.expect(server.alias in lab.on(server, "ip", "address"), "the alias is gone")


@drill("tinydns/zone-data-deleted-{}", of=NAME_SERVERS, address=5, lookup=3)
def zone_data_deleted(run: Run, server: Server) -> None:
    """Taken away by hand, the zone data is put back within a second or two."""
    lab = run.lab
    lab.shell(server, f"rm {lab.data_dir(server)}/data*")
    run.watch.served(lookups=40)


@drill("tinydns/alias-moved-{}", of={"last": NAME_SERVERS["last"]}, address=10, lookup=5)
def alias_moved(run: Run, server: Server) -> None:
    """Where the living tinydns answers on a dead one's alias too, no lookup waits for it."""
    lab = run.lab
    living = next(s for s in lab.name_servers if s != server)
    with lab.dead(server):
        run.watch.served(lookups=80)
        before = run.watch.gaps()
        begin = f"""
            root=$(systemctl show --property Environment --value tinydns | grep -o 'ROOT=[^ ]*')
            ip address replace {server.alias}/32 dev eth0
            systemd-run --quiet --unit drill-alias --setenv IP={server.alias} --setenv "$root" \\
                sh -c 'UID=$(id -u tinydns) GID=$(id -g tinydns) exec /usr/sbin/tinydns'
            arping -q -U -c 2 -w 2 -I eth0 {server.alias} || true
        """
        lab.shell(living, begin)
        try:
            run.watch.mark()
            run.watch.served(lookups=80)
            after = run.watch.gaps()
            run.note(
                f"slowest lookup {before.slowest:.1f} s, and {after.slowest:.1f} s after the move"
            )
            run.expect(after.slowest < 1, "a lookup still waited for the dead tinydns")
        finally:
            undo = f"systemctl stop drill-alias; ip address delete {server.alias}/32 dev eth0"
            lab.shell(living, undo, check=False)
