"""Show a network as it is: what its servers report, beside what they should.

Runs on the controller. `readings` holds what a playbook read from the servers, `network` makes the
report of it, `answers` compares what name servers answer. The names themselves are computed by the
package leasemerge, as on the servers.
"""
