"""How fast things go at worst, for time limits: one that is too short kills good pods, one too long hides bad ones."""

from typing import Final

READ_BYTES_S: Final = 100 * 10**6  # weights from a network volume into memory
PULL_BYTES_S: Final = 10 * 10**6  # a download from the hub
COPY_BYTES_S: Final = 50 * 10**6  # from an image volume into the cache, with its checksum
START_S: Final = 60  # pull the image, import, warm up
DRAIN_S: Final = 60  # how long running requests may take to finish
ENDPOINT_SLEEP_S: Final = 5  # until load balancers have heard that the pod leaves
KILL_MARGIN_S: Final = 10  # between the end of the drain and the kill
