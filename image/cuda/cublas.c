/* A libcublas.so.13 of 20 KB that forwards to the real one, wherever an operator has put it.
 *
 * The real cuBLAS and its cublasLt are 610 MB on disk, more than all else in the image. Quantised matrices do not reach it:
 * ggml multiplies them with kernels of its own. Matrices in F32, F16 and BF16 do, in batches; serve/engine/cublas.py says
 * which files have them. So the image carries this library by cuBLAS's name; the real one is looked for once, when it is
 * first needed:
 *
 *   $SLIPWAY_CUBLAS          a folder that holds libcublas.so.13 and libcublasLt.so.13 (a volume, a node's cache)
 *   /opt/slipway/cublas      the same, where a volume is mounted without a word
 *
 * Nothing else is searched: no name is looked up along LD_LIBRARY_PATH, where it could be anybody's.
 *
 * Without it cublasCreate says CUBLAS_STATUS_NOT_INITIALIZED. ggml ends its process at that, so the server asks
 * slipway_cublas_path() first and refuses such a model when it is loaded.
 *
 * What is exported is exactly what ggml-cuda calls, and it is linked against this with -z defs: a newer llama.cpp that
 * calls more fails to link. */
#define _GNU_SOURCE
#include <cublas_v2.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FOLDER "/opt/slipway/cublas"

/* All of cuBLAS that ggml-cuda calls. Where one is missing, none is used: a gap would show in the middle of an answer. */
#define FUNCTIONS(_)                                                                                             \
    _(cublasCreate) _(cublasDestroy) _(cublasSetStream) _(cublasSetMathMode) _(cublasSetWorkspace)               \
    _(cublasSgemm) _(cublasSgemmBatched) _(cublasSgemmStridedBatched) _(cublasGemmEx) _(cublasGemmBatchedEx)     \
    _(cublasGemmStridedBatchedEx) _(cublasStrsmBatched) _(cublasGetStatusString)

/* The macros of cublas_v2.h give many names their _v2: they must be expanded before they are pasted or quoted. */
#define STRING(name) STRING_OF(name)
#define STRING_OF(name) #name
#define INDEX(name) INDEX_OF(name)
#define INDEX_OF(name) index_of_##name

#define NAME_OF(function) STRING(function),
#define ENUM_OF(function) INDEX(function),
static const char *const names[] = {FUNCTIONS(NAME_OF)};
enum { FUNCTIONS(ENUM_OF) NUM_FUNCTIONS };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void *targets[NUM_FUNCTIONS]; /* all of them, or all NULL */
static char path[4096];              /* of the real libcublas, empty where there is none */
static char reason[sizeof path + 512]; /* why there is none */

__attribute__((format(printf, 1, 2))) static void refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    memset(targets, 0, sizeof targets);
    path[0] = '\0';
}

static void *open_library(const char *folder, const char *name) {
    /* Both stay open for good, and are seen by nobody else. libcublas finds its cublasLt by the name that is loaded. */
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
        refuse("SLIPWAY_CUBLAS is longer than a path can be");
        return NULL;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) refuse("%s", dlerror());
    return library;
}

static void open_real(void) {
    const char *folder = getenv("SLIPWAY_CUBLAS");
    if (folder == NULL || *folder == '\0') folder = DEFAULT_FOLDER;
    if (*folder != '/') { /* what is in the present folder could be anybody's */
        refuse("SLIPWAY_CUBLAS is '%.256s': an absolute path is allowed", folder);
        return;
    }
    if (open_library(folder, "libcublasLt.so.13") == NULL) return;
    void *real = open_library(folder, "libcublas.so.13");
    if (real == NULL) return;
    if (dlsym(real, "slipway_cublas_path") != NULL) { /* it would call itself without an end */
        refuse("SLIPWAY_CUBLAS is '%.256s': that is this forwarding library, not cuBLAS", folder);
        return;
    }
    for (int i = 0; i < NUM_FUNCTIONS; i++) {
        targets[i] = dlsym(real, names[i]);
        if (targets[i] == NULL) {
            refuse("%.256s/libcublas.so.13 has no %s", folder, names[i]);
            return;
        }
    }
}

static void *find(int index) {
    pthread_once(&once, open_real);
    return targets[index];
}

/* The real library's path, or NULL; then slipway_cublas_reason() tells why. It loads it, and starts no GPU. */
const char *slipway_cublas_path(void) {
    pthread_once(&once, open_real);
    return *path == '\0' ? NULL : path;
}

const char *slipway_cublas_reason(void) {
    pthread_once(&once, open_real);
    return reason;
}

/* __typeof__ takes each signature from NVIDIA's own header, so a changed one does not compile. */
#define FORWARD(function, parameters, arguments)                                    \
    cublasStatus_t CUBLASWINAPI function parameters {                               \
        __typeof__(&function) target = (__typeof__(&function))find(INDEX(function)); \
        return target == NULL ? CUBLAS_STATUS_NOT_INITIALIZED : target arguments;   \
    }

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

/* Told by ggml when it ends its process: the reason is what a person needs there, not the status. */
const char *CUBLASWINAPI cublasGetStatusString(cublasStatus_t status) {
    const char *(*target)(cublasStatus_t) = (const char *(*)(cublasStatus_t))find(INDEX(cublasGetStatusString));
    return target == NULL ? reason : target(status);
}
