"""How fast things go at worst, for time limits: one that is too short kills good pods, one too long hides bad ones."""

from typing import Final

from infra.rollout import ENDPOINT_SLEEP_S, KILL_MARGIN_S, START_S

__all__ = [
    "COPY_BYTES_S", "DRAIN_S", "ENDPOINT_SLEEP_S", "KILL_MARGIN_S", "NODE_START_S", "PULL_BYTES_S", "START_S",
    "VOLUME_S",
]  # fmt: skip

PULL_BYTES_S: Final = 10 * 10**6  # a download from the hub
COPY_BYTES_S: Final = 50 * 10**6  # from an image volume into the cache, with its checksum
DRAIN_S: Final = 60  # how long running requests may take to finish
NODE_START_S: Final = 600  # until a node that an autoscaler adds takes pods, with the drivers of its GPU
VOLUME_S: Final = 600  # until a storage driver has made a volume; its pod may need a new node first
