"""Show a network as it is: what its servers report, compared with what they should.

Runs on the controller. `registered` and `readings` hold what a playbook read from the servers,
`report` makes the report of it, `answers` compares what name servers answer. The names themselves
are computed by the package leasemerge, as on the servers.
"""
