"""What load to expect in each hour of a week, learnt from past weeks, and kept as data that can be read and reviewed.

    history.py   CSV, or what Prometheus answers to a range query -> samples
    fit.py       samples -> one number for each hour of the week
    table.py     infra/data/forecasts/<stack>.yaml
    backtest.py  what a table would have done in weeks that it has not seen
    cli.py       `slipway forecast`

Nothing here forecasts while the cluster runs: a table becomes hours with a least number of replicas
(infra/plan/windows), as a schedule does, so it is priced, reviewed and rolled back as any other change. Pure, but for
files.
"""
