#include "actors/raft/core/wire.hpp"

#include "runtime/base/codec.hpp"

namespace praetor::raft {

namespace {

bool id_fits(const std::string& x) {
  return !x.empty() && x.size() <= id_bytes_max;
}

bool within_limits(const message& x) {
  if (x.cluster_id.size() > id_bytes_max || !id_fits(x.from.value)
      || !id_fits(x.to.value))
    return false;
  const auto* body = std::get_if<append>(&x.body);
  return body == nullptr || body->entries.items.size() <= append_entries_max;
}

} // namespace

std::string encode_message(const message& x) {
  std::string out(1, static_cast<char>(wire_version));
  encoder{out}(x);
  return out;
}

result<message> decode_message(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > message_bytes_max)
    return error{errc::corruption, "a Raft message of "
                                     + std::to_string(bytes.size()) + " bytes"};
  const auto version = static_cast<std::uint8_t>(bytes.front());
  if (version != wire_version)
    return error{errc::invalid_argument,
                 "a Raft message of version " + std::to_string(version)};
  auto out = decode<message>(bytes.substr(1));
  if (!out)
    return error{errc::corruption, "a Raft message does not decode"};
  if (!within_limits(*out))
    return error{errc::corruption, "a Raft message exceeds a limit"};
  return out;
}

} // namespace praetor::raft
