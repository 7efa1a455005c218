/* A libcublas.so.13 of 20 KB that forwards to the real one, wherever an operator has put it.
 *
 * The real cuBLAS and its cublasLt are 570 MB on disk, more than all else in the image. Quantised weights never reach it:
 * ggml multiplies them with kernels of its own. Weights in F32, F16 and BF16 do, in batches. So the image carries this
 * library by cuBLAS's name; the real one is looked for once, when it is first needed:
 *
 *   $SLIPWAY_CUBLAS          a folder that holds libcublas.so.13 and libcublasLt.so.13 (a volume, a node's cache)
 *   /opt/slipway/cublas      the same, where a volume is mounted without a word
 *
 * Nothing else is searched: no name is looked up along LD_LIBRARY_PATH, where it could be anybody's.
 *
 * Without it cublasCreate says CUBLAS_STATUS_NOT_INITIALIZED. ggml ends its process at that, so the server asks
 * slipway_cublas_path() first and refuses such a model when it is loaded (serve/engine/gpu.py).
 *
 * What is exported is exactly what ggml-cuda calls, and it is linked against this with -z defs: a newer llama.cpp that
 * calls more fails to link. */
#define _GNU_SOURCE
#include <cublas_v2.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_FOLDER "/opt/slipway/cublas"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void *real;       /* dlopen's handle, NULL where there is none */
static char path[4096];  /* of the real libcublas, empty where there is none */
static char reason[512]; /* why there is none */

static void open_real(void) {
    const char *folder = getenv("SLIPWAY_CUBLAS");
    char lt[sizeof path];
    if (folder == NULL || *folder == '\0') folder = DEFAULT_FOLDER;
    if ((size_t)snprintf(lt, sizeof lt, "%s/libcublasLt.so.13", folder) >= sizeof lt) {
        snprintf(reason, sizeof reason, "SLIPWAY_CUBLAS is longer than a path can be");
        return;
    }
    /* First and for everyone: libcublas names it without a folder, and finds it because it is there already. */
    if (dlopen(lt, RTLD_NOW | RTLD_GLOBAL) == NULL) {
        snprintf(reason, sizeof reason, "%s", dlerror());
        return;
    }
    snprintf(path, sizeof path, "%s/libcublas.so.13", folder);
    real = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (real == NULL) {
        path[0] = '\0';
        snprintf(reason, sizeof reason, "%s", dlerror());
    }
}

static void *find(const char *name) {
    pthread_once(&once, open_real);
    return real == NULL ? NULL : dlsym(real, name);
}

/* The real library's path, or NULL; then slipway_cublas_reason() tells why. It loads it, and starts no GPU. */
const char *slipway_cublas_path(void) {
    pthread_once(&once, open_real);
    return real == NULL ? NULL : path;
}

const char *slipway_cublas_reason(void) {
    pthread_once(&once, open_real);
    return reason;
}

/* The macros of cublas_v2.h give the names their _v2; __typeof__ takes each signature from NVIDIA's own header, so a
 * changed one does not compile. */
#define FORWARD(function, parameters, arguments)                                    \
    cublasStatus_t CUBLASWINAPI function parameters {                               \
        __typeof__(&function) target = (__typeof__(&function))find(STRING(function)); \
        return target == NULL ? CUBLAS_STATUS_NOT_INITIALIZED : target arguments;   \
    }
#define STRING(name) STRING_OF(name)
#define STRING_OF(name) #name

FORWARD(cublasCreate, (cublasHandle_t *handle), (handle))
FORWARD(cublasDestroy, (cublasHandle_t handle), (handle))
FORWARD(cublasSetStream, (cublasHandle_t handle, cudaStream_t stream), (handle, stream))
FORWARD(cublasSetMathMode, (cublasHandle_t handle, cublasMath_t mode), (handle, mode))
FORWARD(cublasSetWorkspace, (cublasHandle_t handle, void *workspace, size_t size_bytes), (handle, workspace, size_bytes))

FORWARD(cublasSgemm,
        (cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
         const float *alpha, const float *A, int lda, const float *B, int ldb, const float *beta, float *C, int ldc),
        (handle, transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc))

FORWARD(cublasSgemmBatched,
        (cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
         const float *alpha, const float *const A[], int lda, const float *const B[], int ldb, const float *beta,
         float *const C[], int ldc, int count),
        (handle, transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc, count))

FORWARD(cublasSgemmStridedBatched,
        (cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
         const float *alpha, const float *A, int lda, long long int stride_a, const float *B, int ldb,
         long long int stride_b, const float *beta, float *C, int ldc, long long int stride_c, int count),
        (handle, transa, transb, m, n, k, alpha, A, lda, stride_a, B, ldb, stride_b, beta, C, ldc, stride_c, count))

FORWARD(cublasGemmEx,
        (cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
         const void *alpha, const void *A, cudaDataType a_type, int lda, const void *B, cudaDataType b_type, int ldb,
         const void *beta, void *C, cudaDataType c_type, int ldc, cublasComputeType_t compute, cublasGemmAlgo_t algo),
        (handle, transa, transb, m, n, k, alpha, A, a_type, lda, B, b_type, ldb, beta, C, c_type, ldc, compute, algo))

FORWARD(cublasGemmBatchedEx,
        (cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
         const void *alpha, const void *const A[], cudaDataType a_type, int lda, const void *const B[],
         cudaDataType b_type, int ldb, const void *beta, void *const C[], cudaDataType c_type, int ldc, int count,
         cublasComputeType_t compute, cublasGemmAlgo_t algo),
        (handle, transa, transb, m, n, k, alpha, A, a_type, lda, B, b_type, ldb, beta, C, c_type, ldc, count, compute,
         algo))

FORWARD(cublasGemmStridedBatchedEx,
        (cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
         const void *alpha, const void *A, cudaDataType a_type, int lda, long long int stride_a, const void *B,
         cudaDataType b_type, int ldb, long long int stride_b, const void *beta, void *C, cudaDataType c_type, int ldc,
         long long int stride_c, int count, cublasComputeType_t compute, cublasGemmAlgo_t algo),
        (handle, transa, transb, m, n, k, alpha, A, a_type, lda, stride_a, B, b_type, ldb, stride_b, beta, C, c_type,
         ldc, stride_c, count, compute, algo))

FORWARD(cublasStrsmBatched,
        (cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo, cublasOperation_t trans,
         cublasDiagType_t diag, int m, int n, const float *alpha, const float *const A[], int lda, float *const B[],
         int ldb, int count),
        (handle, side, uplo, trans, diag, m, n, alpha, A, lda, B, ldb, count))

const char *CUBLASWINAPI cublasGetStatusString(cublasStatus_t status) {
    const char *(*target)(cublasStatus_t) = (const char *(*)(cublasStatus_t))find("cublasGetStatusString");
    if (target != NULL) return target(status);
    return "no cuBLAS: SLIPWAY_CUBLAS names no folder with libcublas.so.13 and libcublasLt.so.13";
}
