#include "runtime/net/gossip_envelope.hpp"

#include <utility>

namespace praetor::net {

using gossip::key_action;

result<gossip_envelope>
gossip_envelope::make(const std::vector<std::string>& keys, policy how) {
  gossip_envelope out;
  out.how_ = std::move(how);
  if (keys.empty())
    return out;
  auto ring = gossip_key_ring::make(keys);
  if (!ring)
    return ring.error();
  out.seal_.emplace(
    std::move(*ring),
    gossip_seal::identity{out.how_.label, out.how_.sender, out.how_.boot});
  return out;
}

result<std::string> gossip_envelope::wrap(std::string plain) {
  if (!seal_ || !how_.verify_outgoing)
    return plain;
  return seal_->seal(plain);
}

result<std::string> gossip_envelope::unwrap(std::string_view bytes) {
  if (!seal_)
    return std::string{bytes};
  auto plain = seal_->open(bytes);
  if (!plain && !how_.verify_incoming)
    return std::string{bytes};
  return plain;
}

result<std::vector<std::string>> gossip_envelope::keys(key_action what,
                                                       const std::string& key) {
  if (!seal_)
    return error{errc::rejected, "Keyring is empty (encryption not enabled)"};
  auto& ring = seal_->keys();
  auto done = status{ok};
  switch (what) {
    case key_action::list: break;
    case key_action::install: done = ring.install(key); break;
    case key_action::use: done = ring.use(key); break;
    case key_action::remove: done = ring.remove(key); break;
  }
  if (!done)
    return done.error();
  return ring.keys();
}

std::string with_length(std::string_view frame) {
  std::string out;
  out.reserve(4 + frame.size());
  for (auto shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(frame.size() >> shift));
  out.append(frame);
  return out;
}

std::size_t length_of(const std::array<unsigned char, 4>& head) {
  std::size_t out = 0;
  for (const auto c : head)
    out = out << 8U | c;
  return out;
}

bool byte_budget::share::grow(std::size_t bytes) {
  if (of_->used_.fetch_add(bytes) + bytes > of_->max_) {
    of_->used_ -= bytes;
    return false;
  }
  bytes_ += bytes;
  return true;
}

} // namespace praetor::net
