"""What a stack costs before it is spent. Pure: no network, no credentials, no Pulumi.

objects (preview, state, YAML, plan) -> demand -> packing on node pools -> estimate -> reports
                                                  price book ----^
"""
