/* Preloaded into a process: writes down, in order, every change of files below DISK_ROOT and every sync, to DISK_LOG.

   A record is a line of text, `OPERATION INODE OFFSET LENGTH PATHS`, then LENGTH bytes. PATHS are the bytes up to the end
   of the line, two of them parted by a tab. Each operation and its record are one step for all threads. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static int is_below_root(const char *path) {
    const char *root = getenv("DISK_ROOT");
    size_t length = root ? strlen(root) : 0;
    return length && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static void absolute(int folder, const char *path, char *out) {
    char base[PATH_MAX] = "", link[64];
    if (path[0] != '/') {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, base, sizeof base - 1);
        base[size < 0 ? 0 : size] = 0;
        strcat(base, "/");
    }
    snprintf(out, PATH_MAX, "%.2000s%.2000s", base, path);
}

static void of_descriptor(int descriptor, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, out, PATH_MAX - 1);
    out[size < 0 ? 0 : size] = 0;
}

static ino_t inode_of(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) ? 0 : status.st_ino;
}

static void record(const char *operation, ino_t inode, off_t offset, const char *paths, const void *data, size_t size) {
    static int log = -1;
    static pid_t owner;
    if (log < 0 || owner != getpid()) {
        log = NEXT(open)(getenv("DISK_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        owner = getpid();
    }
    char head[3 * PATH_MAX];
    int length = snprintf(head, sizeof head, "%s %lu %ld %zu %s\n", operation, inode, (long)offset, size, paths);
    struct iovec both[] = {{head, length}, {(void *)data, size}};
    if (NEXT(writev)(log, both, 2) != (ssize_t)(length + size)) abort();
}

/* Do `call`; where it succeeds, `then`; errno stays that of the call. */
#define STEP(type, call, then)                    \
    pthread_mutex_lock(&one_at_a_time);           \
    type result = (call);                         \
    int error = errno;                            \
    if (result >= 0) { then; }                    \
    pthread_mutex_unlock(&one_at_a_time);         \
    errno = error;                                \
    return result;

static void opened(int descriptor, int flags, const char *path) {
    struct stat status;
    if ((flags & (O_CREAT | O_TRUNC)) && is_below_root(path) && !fstat(descriptor, &status))
        record(flags & O_TRUNC ? "truncated" : "opened", status.st_ino, 0, path, "", 0);
}

#define OPEN(name, parameters, folder, arguments)              \
    int name parameters {                                      \
        char full[PATH_MAX];                                   \
        va_list more;                                          \
        va_start(more, flags);                                 \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                          \
        absolute(folder, path, full);                          \
        STEP(int, NEXT(name) arguments, opened(result, flags, full)) \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))

static void written(int descriptor, off_t offset, const void *data, ssize_t size) {
    char path[PATH_MAX];
    of_descriptor(descriptor, path);
    if (is_below_root(path)) record("write", inode_of(descriptor), offset, path, data, size);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    STEP(ssize_t, NEXT(write)(descriptor, data, size),
         written(descriptor, lseek(descriptor, 0, SEEK_CUR) - result, data, result))
}
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset) {
    STEP(ssize_t, NEXT(pwrite)(descriptor, data, size, offset), written(descriptor, offset, data, result))
}
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset) {
    STEP(ssize_t, NEXT(pwrite64)(descriptor, data, size, offset), written(descriptor, offset, data, result))
}

static void of_open_file(const char *operation, int descriptor, off_t offset) {
    char path[PATH_MAX];
    of_descriptor(descriptor, path);
    if (is_below_root(path)) record(operation, inode_of(descriptor), offset, path, "", 0);
}

int ftruncate(int descriptor, off_t size) {
    STEP(int, NEXT(ftruncate)(descriptor, size), of_open_file("resize", descriptor, size))
}
int ftruncate64(int descriptor, off64_t size) {
    STEP(int, NEXT(ftruncate64)(descriptor, size), of_open_file("resize", descriptor, size))
}
int fsync(int descriptor) { STEP(int, NEXT(fsync)(descriptor), of_open_file("sync", descriptor, 0)) }
int fdatasync(int descriptor) { STEP(int, NEXT(fdatasync)(descriptor), of_open_file("sync", descriptor, 0)) }
int syncfs(int descriptor) { STEP(int, NEXT(syncfs)(descriptor), of_open_file("syncfs", descriptor, 0)) }

static void named(const char *operation, int folder, const char *path, int other_folder, const char *other) {
    char full[PATH_MAX], both[2 * PATH_MAX];
    absolute(folder, path, full);
    if (!is_below_root(full)) return;
    strcpy(both, full);
    if (other) {
        absolute(other_folder, other, full);
        strcat(strcat(both, "\t"), full);
    }
    record(operation, 0, 0, both, "", 0);
}

int rename(const char *old, const char *new) {
    STEP(int, NEXT(rename)(old, new), named("rename", AT_FDCWD, old, AT_FDCWD, new))
}
int renameat(int folder, const char *old, int other, const char *new) {
    STEP(int, NEXT(renameat)(folder, old, other, new), named("rename", folder, old, other, new))
}
int link(const char *old, const char *new) {
    STEP(int, NEXT(link)(old, new), named("link", AT_FDCWD, old, AT_FDCWD, new))
}
int linkat(int folder, const char *old, int other, const char *new, int flags) {
    STEP(int, NEXT(linkat)(folder, old, other, new, flags), named("link", folder, old, other, new))
}
int unlink(const char *path) { STEP(int, NEXT(unlink)(path), named("remove", AT_FDCWD, path, 0, NULL)) }
int unlinkat(int folder, const char *path, int flags) {
    STEP(int, NEXT(unlinkat)(folder, path, flags), named("remove", folder, path, 0, NULL))
}
int rmdir(const char *path) { STEP(int, NEXT(rmdir)(path), named("remove", AT_FDCWD, path, 0, NULL)) }
int mkdir(const char *path, mode_t mode) {
    STEP(int, NEXT(mkdir)(path, mode), named("folder", AT_FDCWD, path, 0, NULL))
}
int mkdirat(int folder, const char *path, mode_t mode) {
    STEP(int, NEXT(mkdirat)(folder, path, mode), named("folder", folder, path, 0, NULL))
}
