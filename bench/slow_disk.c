/* A disk that takes SLOW_DISK_US microseconds longer for a sync (2,900 when nobody says), for programs that call the C
 * library: preload it. Syncs that several threads ask for at once take as long side by side, as on a disk without a cache to
 * flush. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_for_disk(void) {
    const char *text = getenv("SLOW_DISK_US");
    long us = text ? atol(text) : 2900;
    struct timespec pause = {us / 1000000, (us % 1000000) * 1000};
    nanosleep(&pause, NULL);
}

int fdatasync(int file) {
    static int (*next)(int);
    if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return next(file);
}

int fsync(int file) {
    static int (*next)(int);
    if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return next(file);
}
