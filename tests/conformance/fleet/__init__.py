"""A fleet of nodes that an autoscaler buys while the real kube-scheduler places the pods of random stacks."""
