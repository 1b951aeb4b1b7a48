// Assertions that stay on in release builds.

#pragma once

#include <cstdio>
#include <cstdlib>

/// Aborts if `condition` is false. States what the programmer believes, never
/// what a peer, a disk or a user may get wrong: those are `praetor::error`s.
#define PRAETOR_ASSERT(condition)                                              \
  do {                                                                         \
    if (!(condition)) [[unlikely]] {                                           \
      std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__,          \
                   __LINE__, #condition);                                      \
      std::abort();                                                            \
    }                                                                          \
  } while (false)
