#include "actors/gossip/core/key_round.hpp"

#include "runtime/base/codec.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace praetor::gossip {

namespace {

constexpr std::uint8_t key_version = 1;

/// Bytes of one key, keys of one ring, and bytes of a sentence.
constexpr std::size_t key_bytes_max = 32;
constexpr std::size_t keys_max = 16;
constexpr std::size_t error_bytes_max = 128;

template <class T>
result<T> decode_versioned(std::string_view bytes) {
  decoder in{bytes};
  std::uint8_t version = 0;
  T out;
  if (!in(version) || version != key_version || !in(out) || !in.rest().empty())
    return error{errc::corruption, "a message about keys does not decode"};
  return out;
}

} // namespace

std::string encode_question(const key_question& x) {
  return encode(key_version, x);
}

result<key_question> decode_question(std::string_view bytes) {
  auto out = decode_versioned<key_question>(bytes);
  if (out
      && (out->what > key_action::remove || out->key.size() > key_bytes_max
          || out->asker.address.size() > fact_bytes_max))
    return error{errc::corruption, "a question about keys is beyond limits"};
  return out;
}

std::string encode_reply(const key_reply& x) {
  auto fitting = x;
  fitting.error.resize(std::min(x.error.size(), error_bytes_max));
  fitting.keys.resize(std::min(x.keys.size(), keys_max));
  return encode(key_version, fitting);
}

result<key_reply> decode_reply(std::string_view bytes) {
  auto out = decode_versioned<key_reply>(bytes);
  if (out
      && (out->keys.size() > keys_max
          || std::any_of(out->keys.begin(), out->keys.end(), [](const auto& k) {
               return k.size() > key_bytes_max;
             })))
    return error{errc::corruption, "an answer about keys is beyond limits"};
  return out;
}

key_round::key_round(std::map<member_key, std::string> members,
                     time_point until)
  : missing_{std::move(members)}, until_{until} {
  outcome_.asked = missing_.size();
}

void key_round::answered(member_key from, const key_reply& x) {
  const auto node = missing_.extract(from);
  if (!node)
    return;
  ++outcome_.answered;
  if (!x.error.empty()) {
    outcome_.errors[node.mapped()] = x.error;
    return;
  }
  for (const auto& key : x.keys)
    ++outcome_.keys[key];
  if (!x.keys.empty())
    ++outcome_.primary_keys[x.keys.front()];
}

duration key_patience(duration gossip_interval, std::size_t members) {
  const auto digits = std::ceil(std::log10(static_cast<double>(members) + 1));
  return gossip_interval * 16 * std::max(1, static_cast<int>(digits));
}

} // namespace praetor::gossip
