"""Which models are in memory, and who looks after their workers.

supervisor       all models: orders, requests, the end
  keeper         one model and its worker
    lifecycle    its state, drawn
    link         its worker process; process, child: real ones; loading: what it is told; ending: how it ends
    desk         its requests; requests: the open ones; pulse: their pace, and silence
    waking       who waits for it, how long it may lie idle
    adapters     LoRA that comes and goes
  summons        brings a model that is asked for; fetching: its weights, pulled once
  loads          which models come next; residency, memory: in bytes
  rounds         regular looks at what may be slow
generation       some requests that are one to their client
ports            what is passed in and told, as shapes
"""
