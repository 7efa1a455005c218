"""What hardware really has for a model, and what the programs around it take. Numbers with their sources.

GPU: a driver reports less than the data sheet (an A10G of 24 GB: 23,028 MiB), and a program gets less again. PyTorch's
messages say how much: L4 22.03 GiB of 22.49, A10G 22.04 of 22.49, T4 14.58 of 15.00, A100 39.39 of 40.00 and 79.15 of
80.00, H100 79.10 of 79.65. So two in a hundred, and at least 480 MiB, belong to the driver.

CUDA: its context, the kernels and llama.cpp's pool for temporary values: 250 to 550 MiB by what users of llama.cpp see
in nvidia-smi beyond the buffers that its log names. Not measured here, where there is no GPU; 640 MiB are taken.

Host: measured with Gemma 3 270M on a CPU, 4 slots of 2048 tokens: the server has 51 MiB resident, its worker 478, of
which 235 are weights, 144 cache, 13 weights in another layout, and some 80 its own. Requests need some more; 256 MiB
are taken for both. With CUDA the worker maps its libraries and pins memory for copies, for which 1 GiB more is taken.
"""

from infra.catalog.types import Profile
from infra.units import GI, MI

DRIVER_SHARE = 50  # one part in so many
DRIVER_LEAST_BYTES = 480 * MI
CUDA_BYTES = 640 * MI
SERVER_BYTES = 256 * MI
CUDA_HOST_BYTES = GI


def usable_gpu_bytes(reported_bytes: int) -> int:
    """Of one GPU, for all that a program puts on it."""
    return max(reported_bytes - max(reported_bytes // DRIVER_SHARE, DRIVER_LEAST_BYTES), 0)


def server_bytes(profile: Profile) -> int:
    """The processes themselves, on the host."""
    return SERVER_BYTES + (CUDA_HOST_BYTES if profile.num_gpus else 0)
