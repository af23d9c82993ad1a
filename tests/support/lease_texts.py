"""Leases, and the text of lease files, as Hypothesis makes them up."""

from __future__ import annotations

from hypothesis import strategies as st

from leasemerge.lease import NEVER, STATES, Lease

LAST = 2**31 - 2  # one second later is never
times = st.none() | st.just(NEVER) | st.integers(0, LAST)
pairs = st.none() | st.binary(min_size=1, max_size=20).map(lambda octets: octets.hex(":"))
hostnames = st.none() | st.binary(max_size=40).map(
    lambda octets: octets.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)


def leases_of(addresses: st.SearchStrategy[str]) -> st.SearchStrategy[Lease]:
    """Return leases of these addresses."""
    states = st.sampled_from(sorted(STATES))
    return st.builds(Lease, addresses, states, times, times, times, pairs, pairs, hostnames)


leases = leases_of(st.ip_addresses(v=4).map(str))
# From few addresses, so that blocks follow each other.
few = leases_of(st.sampled_from([f"10.1.1.{number}" for number in range(4)]))

texts = st.sampled_from(
    [
        b'failover peer "pair" state {\n  my state normal at 1 2026/09/21 1:1:1;\n}\n',
        b'# a comment { " lease 10.1.1.1 {\n',
        b'host a { dynamic; set x = "}"; }\n',
        b"\n",
        b"\r\n  ",
        b"\xef\xbb\xbf",
        b"\0\0\0",
        b"frob;\n",
        b"}\n",
        b"{",
        b'"',
        b"lease ",
        b"lease 10.1.1.2 {\n",
        b"lease 10.1.1.2 { on expiry {",
        b'lease 10.1.1.2 {\n  client-hostname "',
        b"10.1.1.3 {\n",
        b"host b {\n",
        b"x" * 90,
    ]
)
logs = st.lists(few.map(Lease.render) | texts | st.binary(max_size=9), max_size=12).map(b"".join)

# As dhcpd writes them, which `render` does not: the client identifier as a string.
string_blocks = st.builds(
    lambda number, octets: (
        f'lease 10.1.1.{number} {{\n  binding state free;\n  uid "{octal(octets)}";\n}}\n'.encode()
    ),
    st.integers(0, 9),
    st.binary(min_size=1, max_size=9),
)


def octal(octets: bytes) -> str:
    """Return octets as the inside of a string."""
    return "".join(f"\\{octet:03o}" for octet in octets)


# What `render` and dhcpd write in another way, or not at all.
irregular_blocks = st.builds(
    lambda number, statements: b"lease 10.1.1.%d {\n%s}\n" % (number, b"".join(statements)),
    st.integers(0, 9),
    st.lists(
        st.sampled_from(
            [
                b"  starts epoch 1790000000; # } lease\n",
                b"  ends never;\n",
                b"  ends soon;\n",
                b"  binding state backup;\n",
                b"  hardware ethernet 02:00:00:00:00:05;\n",
                b"  hardware infiniband 2:0;\n",
                b'  uid "";\n',
                b'  uid "a\\\\u0100\\"\\377}";\n',
                b'  uid "\\xff\\n\xff";\n',
                b"  uid 1:2;\n",
                b"  uid 01:02;\n",
                b'  set x = "}\\"";\n',
                b"  on expiry { lease 10.1.1.7 { } }\n",
                b'  client-hostname "";\n',
                b'  client-hostname "a\\\\b\xff";\n',
                b'  client-hostname "a}b";\n',
                b'  set fqdn-hostname = "f}q";\n',
                b'  set fqdn-hostname = "f\\351q";\n',
                b"  set fqdn-hostname = f:0;\n",
            ]
        ),
        max_size=5,
    ),
)
