"""`slipway doctor`: what a cluster has and lacks, for Slipway as such or for one stack, read through its API.

    command    options, kubeconfig, exit status
    answers    which paths are asked, and what came back; the only module that talks, through a function it is given
    needs      a stack's objects -> what they take from a cluster
    cluster    answers -> what the cluster has, as one value
    checks/    (cluster, needs) -> findings, one function a subject
    show       findings as a table and as JSON

All but `command` are pure: recorded answers are enough to test them. Changes nothing: it reads, and asks the API server
what it would be allowed to do.
"""
