#include "storage/state_stream.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/crc32c.hpp"

#include <algorithm>
#include <utility>

namespace praetor {

state_source::state_source(std::unique_ptr<state_reader> reader,
                           std::uint64_t chunk_bytes)
  : reader_{std::move(reader)}, chunk_bytes_{chunk_bytes} {}

result<std::optional<state_bytes>> state_source::chunk(std::uint64_t number) {
  // Chunks are asked for in order, mostly; where each begins is known from the
  // one before it.
  for (;;) {
    if (chunks_ && number >= *chunks_)
      return std::optional<state_bytes>{};
    const auto at = std::min<std::uint64_t>(number, boundaries_.size() - 1);
    auto span = reader_->read(boundaries_[at].resume, chunk_bytes_);
    if (!span)
      return span.error();
    state_bytes out{encode(span->rows), 0, span->last};
    out.checksum = crc32c(out.payload, boundaries_[at].checksum);
    if (span->last)
      chunks_ = at + 1;
    else if (at + 1 == boundaries_.size())
      boundaries_.push_back({std::move(span->resume), out.checksum});
    if (at == number)
      return std::optional{std::move(out)};
  }
}

result<bool> state_sink::store(std::uint64_t number, const state_bytes& x) {
  if (complete_ || number != next_)
    return false;
  const auto checksum = crc32c(x.payload, checksum_);
  if (checksum != x.checksum && !mutant("M30"))
    return false;
  const auto rows = decode<std::vector<row>>(x.payload);
  if (!rows || !std::all_of(rows->begin(), rows->end(), [](const row& r) {
        return r.value && r.table.find('\0') == std::string::npos;
      }))
    return false;
  const auto written = fresh_->write(x.last ? mark_ : checkpoint_mark{}, *rows);
  if (!written)
    return written.error();
  checksum_ = checksum;
  ++next_;
  complete_ = x.last;
  return true;
}

std::unique_ptr<state_store> state_sink::take() {
  PRAETOR_ASSERT(complete_);
  return std::move(fresh_);
}

} // namespace praetor
