/* Preloaded into a process: its calls of the kind FAIL_KIND on files below FAIL_ROOT fail with EIO, from the number
   FAIL_FROM on, as those of a disk that is breaking do; with FAIL_UNTIL, up to that number, as over a bad cable. FAIL_ERRNO is the number
   of another error, as other file systems have. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int fails(const char *kind, int folder, const char *path) {
    static _Atomic long calls;
    const char *wanted = getenv("FAIL_KIND"), *root = getenv("FAIL_ROOT"), *from = getenv("FAIL_FROM");
    if (!wanted || !root || !from || strcmp(wanted, kind)) return 0;
    char found[PATH_MAX] = "", link[64];
    if (path && path[0] == '/') {
        snprintf(found, sizeof found, "%s", path);
    } else {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, found, sizeof found - 1);
        found[size < 0 ? 0 : size] = 0;
    }
    if (strncmp(found, root, strlen(root))) return 0;
    const char *until = getenv("FAIL_UNTIL");
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (call < atol(from) || (until && call > atol(until))) return 0;
    const char *number = getenv("FAIL_ERRNO");
    errno = number ? atoi(number) : EIO;
    return 1;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return fails("open", AT_FDCWD, path) ? -1 : NEXT(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define CALL(kind, type, name, parameters, arguments, folder, path) \
    type name parameters { return fails(kind, folder, path) ? -1 : NEXT(name) arguments; }
CALL("read", ssize_t, read, (int file, void *data, size_t size), (file, data, size), file, NULL)
CALL("read", ssize_t, pread, (int file, void *data, size_t size, off_t at), (file, data, size, at), file, NULL)
CALL("read", ssize_t, pread64, (int file, void *data, size_t size, off64_t at), (file, data, size, at), file, NULL)
CALL("write", ssize_t, write, (int file, const void *data, size_t size), (file, data, size), file, NULL)
CALL("write", ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at), file, NULL)
CALL("write", ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at), file, NULL)
CALL("mode", int, chmod, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
CALL("mode", int, fchmod, (int file, mode_t mode), (file, mode), file, NULL)
CALL("mode", int, fchmodat, (int folder, const char *path, mode_t mode, int how), (folder, path, mode, how), folder, path)
CALL("sync", int, fdatasync, (int file), (file), file, NULL)
CALL("lock", int, flock, (int file, int how), (file, how), file, NULL)
CALL("stat", int, stat, (const char *path, struct stat *status), (path, status), AT_FDCWD, path)
CALL("stat", int, stat64, (const char *path, struct stat64 *status), (path, status), AT_FDCWD, path)
CALL("link", int, link, (const char *old, const char *new), (old, new), AT_FDCWD, new)
CALL("link", int, linkat, (int from, const char *old, int to, const char *new, int how), (from, old, to, new, how), to, new)
CALL("rename", int, rename, (const char *old, const char *new), (old, new), AT_FDCWD, new)

int fsync(int file) {
    struct stat status;
    int of_folder = !fstat(file, &status) && S_ISDIR(status.st_mode);
    return fails("sync", file, NULL) || (of_folder && fails("sync of a folder", file, NULL)) ? -1 : NEXT(fsync)(file);
}

DIR *opendir(const char *path) { return fails("folder", AT_FDCWD, path) ? NULL : NEXT(opendir)(path); }
