/* Preloaded into a server, this makes its disk slow: each sync takes as many
   milliseconds longer as the file $PRAETOR_SLOW_DISK says. Built and used by
   chaos_test.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void be_slow(void) {
  const char *path = getenv("PRAETOR_SLOW_DISK");
  char text[16] = {0};
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0)
    return;
  if (read(fd, text, sizeof text - 1) > 0) {
    long ms = strtol(text, NULL, 10);
    struct timespec delay = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&delay, NULL);
  }
  close(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real)
    real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  be_slow();
  return real(fd);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real)
    real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  be_slow();
  return real(fd);
}
