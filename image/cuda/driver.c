/* Stands in for the driver's libcuda.so.1 while ggml-cuda is linked: names only, and never a part of the image.
 *
 * The real one comes with a node's driver and is put into the container by its container toolkit. Where it is missing,
 * the loader refuses libggml-cuda.so, and the server goes on without a GPU (serve/engine/llama). A function that is not
 * named here makes the link fail: a newer llama.cpp that needs more is noticed when it is built. */
#define NAME(function) int function(void) { return 999; } /* CUDA_ERROR_UNKNOWN */

NAME(cuDeviceGet)
NAME(cuDeviceGetAttribute)
NAME(cuGetErrorString)
NAME(cuMemAddressFree)
NAME(cuMemAddressReserve)
NAME(cuMemCreate)
NAME(cuMemGetAllocationGranularity)
NAME(cuMemMap)
NAME(cuMemRelease)
NAME(cuMemSetAccess)
NAME(cuMemUnmap)
