#include "storage/state_stream.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/crc32c.hpp"
#include "runtime/base/mutant.hpp"

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

namespace {

/// Where it stands how far a reception is: a row of a table that no owner has.
constexpr std::string_view progress_table = "reception";

struct reception_progress {
  stream_origin origin;
  std::uint64_t next = 0;
  std::uint32_t checksum = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, reception_progress& x) {
    return f(x.origin, x.next, x.checksum);
  }
};

row progress_row(std::optional<std::string> value) {
  return {std::string{progress_table}, {}, std::move(value)};
}

bool good_row(const row& x) {
  return x.value && x.table.find('\0') == std::string::npos
         && x.table != progress_table;
}

} // namespace

std::optional<state_sink> state_sink::resume(std::unique_ptr<state_store> part,
                                             const stream_origin& origin) {
  const auto image = part->load();
  if (!image || image->mark.index != 0)
    return std::nullopt;
  const auto at =
    std::find_if(image->rows.begin(), image->rows.end(),
                 [](const row& x) { return x.table == progress_table; });
  if (at == image->rows.end())
    return std::nullopt;
  const auto progress = decode<reception_progress>(*at->value);
  if (!progress || progress->origin != origin)
    return std::nullopt;
  state_sink out{std::move(part), origin};
  out.next_ = progress->next;
  out.checksum_ = progress->checksum;
  return out;
}

result<bool> state_sink::store(std::uint64_t number, const state_bytes& x) {
  if (complete_ || number != next_)
    return false;
  const auto checksum = crc32c(x.payload, checksum_);
  if (checksum != x.checksum && !mutant("M30"))
    return false;
  auto rows = decode<std::vector<row>>(x.payload);
  if (!rows || !std::all_of(rows->begin(), rows->end(), good_row))
    return false;
  rows->push_back(progress_row(x.last ? std::nullopt
                                      : std::optional{encode(reception_progress{
                                        origin_, next_ + 1, checksum})}));
  const auto written =
    fresh_->write(x.last ? origin_.mark : checkpoint_mark{}, *rows);
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
