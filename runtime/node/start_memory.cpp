#include "runtime/node/start_memory.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace praetor::node {
namespace {

/// Only what is executable and never written: its pages are the file's own, so
/// that nothing is lost.
int release_code(dl_phdr_info* module, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& part = module->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0
        || (part.p_flags & PF_W) != 0)
      continue;
    const auto begin = (module->dlpi_addr + part.p_vaddr) & ~(page - 1);
    const auto end = module->dlpi_addr + part.p_vaddr + part.p_memsz;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

} // namespace

void release_start_memory() {
  ::dl_iterate_phdr(release_code, nullptr);
}

} // namespace praetor::node
