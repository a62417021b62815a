// Counts a program's heap allocations from outside: built as a shared object and put before libc by LD_PRELOAD.
// The counts lie in the file that MALLOC_COUNTER_FILE names, mapped shared, so that a reader neither stops nor wakes
// the program:
//
//   offset  0  u64  allocations: malloc, calloc, realloc, and the aligned ones
//   offset  8  u64  bytes asked for by them
//   offset 16  u64  frees of a block (free, and realloc of one)
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc's own entry points: finding them by dlsym would allocate.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

struct counts {
    _Atomic uint64_t allocations, bytes, frees;
};

static struct counts unmapped; // until the file is mapped, and when there is none
static struct counts *counts = &unmapped;

__attribute__((constructor)) static void map_counts(void) {
    const char *path = getenv("MALLOC_COUNTER_FILE");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (ftruncate(file, sizeof(struct counts)) == 0) {
        void *page = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page != MAP_FAILED) counts = page;
    }
    close(file);
}

static void count_allocation(size_t size) {
    atomic_fetch_add_explicit(&counts->allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts->bytes, size, memory_order_relaxed);
}

static void count_free(void) { atomic_fetch_add_explicit(&counts->frees, 1, memory_order_relaxed); }

void *malloc(size_t size) {
    count_allocation(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_allocation(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_allocation(size);
    if (block != NULL) count_free();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count_allocation(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *made = memalign(alignment, size);
    if (made == NULL) return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block) {
    if (block != NULL) count_free();
    __libc_free(block);
}
