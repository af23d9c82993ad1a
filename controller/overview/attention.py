"""What needs attention: the causes first, and what follows from each.

A finding is a sentence, the next step, and what may have caused it. One whose cause was found too
is listed under it; any other is a cause itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import dhcp_findings, dns_findings, server_findings
from .finding import Cause, Evidence, Finding

# What ends with its cause, and needs no step of its own if that is known.
_HEALING = ("failover", "dns", "holders", "moved", "standby", "feed", "leasemerge", "zone")


def attention(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the causes as rows with `text`, `step` and `follows`, the rows of the consequences."""
    findings = [
        *server_findings.servers(evidence),
        *dhcp_findings.failover(evidence),
        *dns_findings.services(evidence),
        *server_findings.feeds(evidence),
        *dhcp_findings.pools(evidence),
        *server_findings.zone_differences(evidence),
    ]
    first = {finding.cause: finding for finding in reversed(findings)}
    groups: dict[Cause, list[Finding]] = {finding.cause: [] for finding in findings}
    for finding in findings:
        groups[_root(finding, first).cause].append(finding)
    rows = []
    for key, group in groups.items():
        if group:
            cause, *others = sorted(group, key=lambda finding: finding is not first[key])
            follows = [
                {"text": other.text, "step": "" if other.cause.kind in _HEALING else other.step}
                for other in others
            ]
            rows.append({"text": cause.text, "step": cause.step, "follows": follows})
    return rows


def _root(finding: Finding, first: Mapping[Cause, Finding]) -> Finding:
    """Return the finding that this one follows from, or itself."""
    seen = {finding.cause}
    while cause := next((k for k in finding.because if k in first and k not in seen), None):
        seen.add(cause)
        finding = first[cause]
    return finding
