"""What dhcpd writes, and what is left of it after an accident: a case for each.

Every case lists the leases in it, and the real dhcpd is the oracle. Where it is right not to agree,
the case has the reason, and it is tested that dhcpd still does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from leasemerge.lease import NEVER, STATES, Lease
from leasemerge.log import parse
from tests.support import dhcpd_oracle

pytestmark = pytest.mark.filterwarnings("error")

needs_dhcpd = pytest.mark.skipif(
    not dhcpd_oracle.available(), reason="needs dhcpd, and the right to make a network namespace"
)

STARTS = 1790000000  # 1 2026/09/21 14:13:20
ENDS = 2111116711  # 1 2036/11/24 05:18:31, so that dhcpd does not expire it
PLAIN = Lease(
    "10.1.1.5",
    "active",
    STARTS,
    ENDS,
    STARTS,
    "02:00:00:00:00:05",
    "01:02:00:00:00:00:05",
    "five",
)
BLOCK = rb"""lease 10.1.1.5 {
  starts 1 2026/09/21 14:13:20;
  ends 1 2036/11/24 05:18:31;
  tstp 1 2036/11/24 06:18:31;
  cltt 1 2026/09/21 14:13:20;
  binding state active;
  next binding state expired;
  hardware ethernet 02:00:00:00:00:05;
  uid "\001\002\000\000\000\000\005";
  client-hostname "five";
}
"""
AFTER = BLOCK.replace(b"10.1.1.5", b"10.1.1.6")
SIX = replace(PLAIN, address="10.1.1.6")
NINE = replace(PLAIN, address="10.1.1.9")


def block(*statements: str, address: str = "10.1.1.5") -> bytes:
    """Return a block of these statements."""
    lines = "".join(f"  {statement}\n" for statement in statements)
    return f"lease {address} {{\n{lines}}}\n".encode("utf-8", "surrogateescape")


TIMES = ("starts 1 2026/09/21 14:13:20;", "ends 1 2036/11/24 05:18:31;")
ACTIVE = (*TIMES, "binding state active;")
BARE = Lease("10.1.1.5", "active", STARTS, ENDS)


@dataclass(frozen=True)
class Case:
    """A lease file, the leases in it, how often it is damaged, and why dhcpd may disagree."""

    name: str
    data: bytes
    leases: tuple[Lease, ...] = (BARE,)
    damage: int = 0
    differs: str = ""


WRITTEN = [
    Case("a block as dhcpd writes it", BLOCK, (PLAIN,)),
    Case("the last block counts", BLOCK + BLOCK.replace(b"g state active", b"g state free", 1),
         (replace(PLAIN, state="free"),)),
    Case("two addresses", BLOCK + AFTER, (PLAIN, SIX)),
    Case("a lease never used", block("binding state free;"), (Lease("10.1.1.5", "free"),),
         differs="dhcpd keeps it, but does not write again what it takes for granted"),
    Case("next and rewind are not the state",
         block(*TIMES, "binding state released;", "next binding state free;",
               "rewind binding state active;"), (replace(BARE, state="released"),)),
    Case("next and rewind first",
         block(*TIMES, "next binding state free;", "rewind binding state free;",
               "binding state active;")),
    Case("no binding state is active", block(*TIMES)),
    Case("the flag abandoned", block(*TIMES, "abandoned;"), (replace(BARE, state="abandoned"),)),
    Case("a reserved lease", block(*ACTIVE, "reserved;")),
    Case("a bootp lease", block(*ACTIVE, "dynamic-bootp;")),
    Case("the old state bootp", block(*TIMES, "binding state bootp;")),
    Case("the old state reserved", block(*TIMES, "binding state reserved;")),
    Case("ends never", block(TIMES[0], "ends never;", "binding state active;"),
         (replace(BARE, ends=NEVER),)),
    Case("2038 and later is never", block(TIMES[0], "ends 5 2038/01/01 00:00:00;", ACTIVE[2]),
         (replace(BARE, ends=NEVER),)),
    Case("times of the epoch with a local comment",
         block("starts epoch 1790000000; # Mon Sep 21 16:13:20 2026",
               'ends epoch 2111116711; # "Mon" { Nov } 24; 2036',
               "cltt epoch 1790000007; # Mon Sep 21 16:13:27 2026", "binding state active;"),
         (replace(BARE, cltt=STARTS + 7),)),
    Case("the last second that dhcpd knows is never",
         block(TIMES[0], "ends epoch 2147483647;", ACTIVE[2]), (replace(BARE, ends=NEVER),)),
    Case("a numeric zone counts in seconds",
         block("starts 1 2026/09/21 14:13:20 -3600;", "ends 1 2036/11/24 05:18:31 60;", ACTIVE[2]),
         (replace(BARE, starts=STARTS - 3600, ends=ENDS + 60),)),
    Case("one digit of month, day and hour",
         block("starts 1 2026/9/1 4:3:2;", TIMES[1], ACTIVE[2]),
         (replace(BARE, starts=1788235382),)),
    Case("more than a calendar has, and spaces",
         block("starts 1 2026/09/20 38:13:20;", "ends 1 2036/  11/24  05:18 :31;", ACTIVE[2])),
    Case("a leap day", block("starts 2 2028/02/29 23:59:59;", TIMES[1], ACTIVE[2]),
         (replace(BARE, starts=1835481599),)),
    Case("the day of the week is not looked at",
         block("starts 9 2026/09/21 14:13:20;", TIMES[1], ACTIVE[2])),
    Case("times between the peers are not the client's",
         block(*TIMES, "tstp 1 2036/11/24 06:18:31;", "tsfp 1 2036/11/24 07:18:31;",
               "atsfp 1 2036/11/24 08:18:31;", "binding state active;")),
    Case("uid in octal and letters", block(*ACTIVE, r'uid "\001ab\"\\c\377";'),
         (replace(BARE, uid="01:61:62:22:5c:63:ff"),)),
    Case("uid of letters", block(*ACTIVE, 'uid "x001";'), (replace(BARE, uid="78:30:30:31"),)),
    Case("uid in hexadecimal", block(*ACTIVE, "uid 01:02:0a:Ff:0:5;"),
         (replace(BARE, uid="01:02:0a:ff:00:05"),)),
    Case("uid of one byte", block(*ACTIVE, "uid ff;"), (replace(BARE, uid="ff"),)),
    Case("an empty uid", block(*ACTIVE, 'uid "";'), (BARE,)),
    Case("hardware with one digit", block(*ACTIVE, "hardware ethernet 2:0:0:0:A:5;"),
         (replace(BARE, hardware="02:00:00:00:0a:05"),)),
    Case("hardware with three digits", block(*ACTIVE, "hardware ethernet 2:0:0:0:10A:5;"),
         (replace(BARE, hardware="02:00:00:00:0a:05"),)),
    Case("hardware of another type", block(*ACTIVE, "hardware token-ring 02:00:00:00:00:05;"),
         (replace(BARE, hardware="02:00:00:00:00:05"),)),
    Case("hardware of an unknown type", block(*ACTIVE, "hardware unknown-8 02:00:05;"),
         (replace(BARE, hardware="02:00:05"),)),
    Case("hardware of infiniband", block(*ACTIVE, "hardware infiniband " + "0a:" * 19 + "0b;"),
         (replace(BARE, hardware="0a:" * 19 + "0b"),)),
    Case("a hostname with all that dhcpd writes",
         block(*ACTIVE, r'''client-hostname "a b_c:d;e}f{g#h.lease 10.1.1.7 { } ';";'''),
         (replace(BARE, hostname="a b_c:d;e}f{g#h.lease 10.1.1.7 { } ';"),)),
    Case("a hostname without quotes", block(*ACTIVE, "client-hostname foo.example;"),
         (replace(BARE, hostname="foo.example"),)),
    Case("a hostname of 255 characters", block(*ACTIVE, f'client-hostname "{"x" * 255}";'),
         (replace(BARE, hostname="x" * 255),)),
    Case("an empty hostname", block(*ACTIVE, 'client-hostname "";'), (replace(BARE, hostname=""),)),
    Case("set, option, billing",
         block(*ACTIVE, 'set vendor-class-identifier = "MSFT 5.0; }";', "set a = %31;",
               "set b = true;", r'option agent.circuit-id "\000\004}";',
               "option agent.remote-id 1:2:3;", 'billing class "gold";', 'set c = "\\"{";')),
    Case("the name of option 81", block(*ACTIVE, 'set fqdn-hostname = "web1";'),
         (replace(BARE, hostname="web1"),)),
    Case("the name of option 81, among others",
         block(*ACTIVE, 'set vendor-class-identifier = "x";', 'set fqdn-hostname = "web1";',
               'set zero = "fqdn-hostname";'), (replace(BARE, hostname="web1"),)),
    Case("the name of option 81 with escapes",
         block(*ACTIVE, r'set fqdn-hostname = "a}\"\\b\377\303\244; #c";'),
         (replace(BARE, hostname='a}"\\b\udcff\u00e4; #c'),)),
    Case("the name of option 81 ends at a NUL", block(*ACTIVE, r'set fqdn-hostname = "a\000b";'),
         (replace(BARE, hostname="a"),)),
    Case("option 12 counts before option 81",
         block(*ACTIVE, 'set fqdn-hostname = "web1";', 'client-hostname "web2";'),
         (replace(BARE, hostname="web2"),)),
    Case("option 81 that is no string", block(*ACTIVE, "set fqdn-hostname = %31;"), (BARE,)),
    Case("a variable with a longer name", block(*ACTIVE, 'set fqdn-hostname2 = "web1";'), (BARE,)),
    Case("option 81 in an event",
         block(*ACTIVE, 'on expiry { set fqdn-hostname = "web1"; }'), (BARE,)),
    Case("ddns names", block(*ACTIVE, 'set ddns-fwd-name = "a.b";', 'ddns-rev-name "c.d";')),
    Case("on with nested braces",
         block(*ACTIVE, 'on expiry { set a = "}"; if exists host-name { set b = "{"; } }',
               "on release {", "    set x = 1:2;", "  }", 'client-hostname "x";'),
         (replace(BARE, hostname="x"),)),
    Case("the last statement of a kind counts",
         block(*ACTIVE, 'client-hostname "a";', 'client-hostname "b";'),
         (replace(BARE, hostname="b"),)),
    Case("no statement of a line break between statements",
         b"lease 10.1.1.5 {" + " ".join(ACTIVE).encode() + b"}"),
    Case("two blocks on one line",
         (block(*ACTIVE) + block(*ACTIVE, address="10.1.1.6")).replace(b"\n", b" "),
         (BARE, replace(BARE, address="10.1.1.6"))),
    Case("any indentation",
         b" \t lease\t10.1.1.5\n{\nstarts 1\n2026/09/21   14:13:20 ;ends\t1 2036/11/24 05:18:31;"
         b"\n\n\n      binding\n   state active\n;\t}\n"),
    Case("keywords in capitals", block(*ACTIVE).upper()),
    Case("CRLF", (BLOCK + AFTER).replace(b"\n", b"\r\n"), (PLAIN, SIX)),
    Case("zeros before the numbers of an address", block(*ACTIVE, address="010.001.1.005")),
    Case("no line break at the end", BLOCK.rstrip(), (PLAIN,)),
    Case("a commented-out lease",
         b"".join(b"#" + line for line in BLOCK.splitlines(True)) + AFTER, (SIX,)),
    Case("comments anywhere",
         b'# lease 10.1.1.7 { "\n' + BLOCK.replace(b";\n", b"; # } \"lease 10.1.1.8 {\n")
         + b"# }", (PLAIN,)),
    Case("server-duid and authoring-byte-order",
         b'server-duid "\\000\\001 { lease";\nauthoring-byte-order little-endian;\n' + BLOCK,
         (PLAIN,)),
    Case("failover state",
         b'failover peer "pair" state {\n  my state normal at 1 2026/09/21 14:13:20;\n'
         b"  partner state normal at 1 2026/09/21 14:13:20;\n  mclt 60;\n}\n" + BLOCK, (PLAIN,)),
    Case("hosts, dynamic and deleted",
         b"host a {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:09;\n"
         b"  fixed-address 10.1.1.9;\n}\nhost b {\n  dynamic;\n  deleted;\n}\n" + BLOCK, (PLAIN,)),
    Case("class, subclass and group",
         b'class "silver" {\n  match hardware;\n  lease limit 4;\n}\n'
         b'subclass "gold" 1:2:0:0:0:0:5;\nsubclass "gold" 1:2:0:0:0:0:6 {\n}\n'
         b"group staff {\n  default-lease-time 60;\n}\n" + BLOCK, (PLAIN,)),
    Case("ia-na", b'ia-na "\\001\\002lease {" {\n  cltt 1 2026/09/21 14:13:20;\n'
         b"  iaaddr 2001:db8::5 {\n    binding state active;\n"
         b"    ends 1 2036/11/24 05:18:31;\n  }\n}\n" + BLOCK, (PLAIN,)),
]  # fmt: skip

# dhcpd loses more of these files than it must, or reads less out of a block than is in it.
GIVES_UP = "dhcpd loses the blocks after the damage too"
SURVIVED = [
    Case("a date that ends in UTC", block(TIMES[0], "ends 1 2036/11/24 05:18:31 UTC;", ACTIVE[2]),
         differs="dhcpd 4 reads no time where OpenBSD's writes UTC"),
    Case("a time that is no time at all", block(TIMES[0], "ends soon;", ACTIVE[2]),
         (replace(BARE, ends=None),)),
    Case("hardware that is none", block(*ACTIVE, "hardware pigeon 1:2:3;"), (BARE,)),
    Case("hardware that is too long", block(*ACTIVE, "hardware ethernet " + "0a:" * 21 + "0b;"),
         (BARE,)),
    Case("a NUL in a hostname ends it", block(*ACTIVE, r'client-hostname "foo\000bar";'),
         (replace(BARE, hostname="foo"),)),
    Case("an unknown statement", block(TIMES[0], "frob 12 { x; { y; } };", *ACTIVE[1:]) + AFTER,
         (BARE, SIX), differs=GIVES_UP),
    Case("an unknown statement with a string", block('frob "}";', *ACTIVE), differs=GIVES_UP),
    Case("a state that is none", BLOCK + block(*TIMES, "binding state frozen;"), (PLAIN,), 1),
    Case("the state cannot be read", BLOCK + block(*TIMES, "binging state free;"), (PLAIN,), 1),
    Case("quotes outside of strings around a brace",
         block(*ACTIVE, r'option x\"a" { y\"b";') + AFTER, (SIX,), 1, GIVES_UP),
    Case("a state twice, and none in the next block",
         block(*ACTIVE, ACTIVE[2]) + block(*TIMES, "frob;", address="10.1.1.6"), (BARE,), 1),
    Case("a byte that is no state", BLOCK + block(*TIMES, "\1;"), (PLAIN,), 1),
    Case("a bare word above the state",
         BLOCK + block(*TIMES, "set x = 1; frob", "binding state free;"), (PLAIN,), 1),
    Case("a bare word and a comment above the state",
         BLOCK + block(*TIMES, "set x = 1; frob # frob;", "binding state free;"), (PLAIN,), 1),
    Case("a byte that is no state, and a bare word and a comment above the state",
         BLOCK + block(*TIMES, "tstp \1never;", "set x = 1; frob # frob;", "binding state free;"),
         (PLAIN,), 1),
    Case("a hostname in bytes that are not UTF-8",
         block(*ACTIVE, 'client-hostname "a\udcff\udc80b";'),
         (replace(BARE, hostname="a\udcff\udc80b"),),
         differs="dhcpd keeps it, but does not write what is not printable"),
    Case("a byte order mark", b"\xef\xbb\xbf" + BLOCK + AFTER, (PLAIN, SIX), differs=GIVES_UP),
    Case("NULs before a block", BLOCK + b"\0" * 999 + AFTER, (PLAIN, SIX), 1, GIVES_UP),
    Case("NULs in a block", BLOCK[:60] + b"\0" * 999 + b"\n" + AFTER, (SIX,), 1, GIVES_UP),
    Case("NULs, and the block is glued to them",
         BLOCK[:60] + b"\0" * 999 + AFTER, (SIX,), 1, GIVES_UP),
    Case("text between blocks", BLOCK + b"frob frob\n" + AFTER, (PLAIN, SIX), 1, GIVES_UP),
    Case("a statement between blocks", BLOCK + b"frob { lease 10.1.1.7 { } }\n" + AFTER,
         (PLAIN, SIX), 1),
    Case("a longer word is no lease", b"release 10.1.1.7 { binding state active; }\n" + BLOCK,
         (PLAIN,), 1),
    Case("a brace too many", BLOCK + b"}\n" + AFTER, (PLAIN, SIX), 1, GIVES_UP),
    Case("a block without its end", BLOCK[:70] + b"\n" + AFTER, (SIX,), 1, GIVES_UP),
    Case("a block without its end keeps the one before",
         BLOCK + BLOCK[:70] + b"\n" + AFTER, (PLAIN, SIX), 1, GIVES_UP),
    Case("a block torn in a nested statement",
         BLOCK[:-2] + b"  on expiry {\n    set x = 1;\n" + AFTER, (SIX,), 1, GIVES_UP),
    Case("a block torn in a word", BLOCK[:63] + AFTER, (SIX,), 1, GIVES_UP),
    Case("a block torn in a string", BLOCK[:-6] + b"\n" + AFTER, (SIX,), 1, GIVES_UP),
    Case("a block torn in a string, the next one glued to it", BLOCK[:-6] + AFTER, (SIX,), 1,
         GIVES_UP),
    Case("a comment that takes the end of a block", BLOCK[:-2] + b"#}\n" + AFTER, (SIX,), 1,
         GIVES_UP),
    Case("two addresses in one", BLOCK.replace(b"5 {", b"5 10.1.1.7 {") + AFTER, (SIX,), 1),
    Case("a block torn in its header", b"lease 10.1.1" + AFTER, (SIX,), 1, GIVES_UP),
    Case("a block torn before a failover state",
         BLOCK[:70] + b'\nfailover peer "pair" state {\n  my state normal at 1 2026/09/21 1:1:1;\n'
         b"}\n" + AFTER, (SIX,), 1, GIVES_UP),
    Case("a host without its end", b"host a {\n  dynamic;\n" + BLOCK, (PLAIN,), 1, GIVES_UP),
    Case("a lease inside a host",
         b"host a {\n  dynamic;\n  lease 10.1.1.7 {\n    binding state active;\n  }\n}\n" + BLOCK,
         (PLAIN,)),
    Case("a lease inside a group", b"group { lease 10.1.1.7 { binding state active; } }\n" + BLOCK,
         (PLAIN,)),
    Case("an address that is none",
         b"".join(BLOCK.replace(b"10.1.1.5", address) for address in
                  (b"foo", b"10.1.1", b"10.1.1.555", b"10.1.1.5.5", b"2001:db8::5", b"-1.1.1.1"))
         + AFTER, (SIX,), 6, "dhcpd takes 10.1.1.555 for 10.1.1.43"),
    Case("no semicolon", block("starts 1 2026/09/21 14:13:20", *ACTIVE[1:]),
         (replace(BARE, starts=None, ends=None),)),
    Case("a time without its semicolon takes the state with it",
         BLOCK + block(*TIMES, "cltt 1 2026/09/21 14:13:20", "binding state free;"),
         (PLAIN,), 1, "dhcpd takes it for active"),
    Case("a state without its semicolon",
         block(*TIMES, "binding state free", "next binding state active;",
               "hardware ethernet 02:00:00:00:00:05;"),
         (replace(BARE, state="free", hardware="02:00:00:00:00:05"),)),
    Case("the last statement without its semicolon", block(*TIMES, "binding state free"),
         (replace(BARE, state="free"),), differs="dhcpd loses it"),
    Case("uid and hardware without a number", block(*ACTIVE, "uid;", "hardware ethernet;") + AFTER,
         (BARE, SIX), differs=GIVES_UP),
    Case("a hostname in two words", block(*ACTIVE, "client-hostname foo bar;"), (BARE,),
         differs="dhcpd takes the first, with a warning"),
    Case("a hostname in two strings", block(*ACTIVE, 'client-hostname "foo" "bar";') + AFTER,
         (BARE, SIX), differs=GIVES_UP),
    Case("no hostname", block(*ACTIVE, "client-hostname;") + AFTER, (BARE, SIX), differs=GIVES_UP),
    Case("a half-written tail", BLOCK + AFTER[:-2], (PLAIN,),
         differs="dhcpd takes it for a block, with a warning"),
    Case("a half-written tail of a block before", BLOCK + BLOCK[:-40].replace(b"five", b"six"),
         (PLAIN,), differs="dhcpd takes it for a block, with a warning"),
]  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN + SURVIVED, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    """The parser finds the leases of the case, and counts its damage."""
    log = parse(case.data)
    assert dict(log.leases) == {lease.address: lease for lease in case.leases}
    assert log.damage == len(log.skipped) == case.damage, log.skipped


@needs_dhcpd
@pytest.mark.parametrize("case", WRITTEN + SURVIVED, ids=lambda case: case.name)
def test_case_as_dhcpd_reads_it(case: Case, tmp_path: Path) -> None:
    """The real dhcpd keeps the same leases, or the case has the reason."""
    kept = dhcpd_oracle.kept_leases(tmp_path, case.data)
    expected = {lease.address: lease for lease in case.leases}
    if case.differs:
        assert kept != expected, f"dhcpd does agree now: {case.differs}?"
    else:
        assert kept == expected


@needs_dhcpd
@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.name)
def test_dhcpd_has_no_complaint(case: Case, tmp_path: Path) -> None:
    """`dhcpd -T` finds no fault in what stands for its own writing."""
    status, messages = dhcpd_oracle.verdict(tmp_path, case.data)
    assert status == 0
    assert "corrupt" not in messages.lower(), messages


@pytest.mark.parametrize("state", sorted(STATES))
def test_states(state: str, tmp_path: Path) -> None:
    """Each state of dhcpd.leases(5) is read, and written back."""
    lease = replace(PLAIN, state=state)
    data = BLOCK.replace(b"binding state active", b"binding state " + state.encode(), 1)
    assert dict(parse(data).leases) == {PLAIN.address: lease}
    assert dict(parse(lease.render()).leases) == {PLAIN.address: lease}
    if dhcpd_oracle.available():
        assert dhcpd_oracle.kept_leases(tmp_path, data) == {PLAIN.address: lease}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("0 1970/01/01 00:00:00", 0),
        ("0 1970/01/01 00:00:00 -60", 0),
        ("5 2037/12/31 23:59:59", 2145916799),
        ("5 9999/12/31 23:59:59", NEVER),
        ("NEVER", NEVER),
        ("Epoch 7", 7),
        ("epoch 99999999999", NEVER),
        ("1 2026/09/21 14:13:20 utc", STARTS),
        ("epoch soon", None),
        ("epoch", None),
        ("epoch 7 8", None),
        ("1 2026/13/21 14:13:20", None),
        ("1 2026/00/21 14:13:20", None),
        ("1 1969/09/21 14:13:20", None),
        ("1 2026/09/21 14:13", None),
        ("1 2026/09/21", None),
        ("1 2037/12/99 99:99:99", NEVER),
        ("1 12026/09/21 14:13:20", NEVER),
        ("1 2026/ 9/21 14: 13:20", STARTS),
        ("2026/09/21 14:13:20", None),
        ("1 2026/09/21 14:13:20 CET", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times(text: str, time: int | None) -> None:
    """A date is read as dhcpd reads it; one that is none is no time."""
    assert parse(block(f"ends {text};", "binding state active;")).leases["10.1.1.5"].ends == time
