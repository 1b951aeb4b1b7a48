#include "runtime/net/gossip_seal.hpp"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace praetor::net {

namespace {

constexpr char seal_version = 1;
constexpr std::size_t sender_bytes = 12; // sender and boot
constexpr std::size_t header_bytes = 1 + sender_bytes + 8;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t nonce_bytes = 12;

/// Senders whose keys are kept: more than any pool has.
constexpr std::size_t derived_max = 65536;

using cipher_context =
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using key_context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

const unsigned char* bytes(std::string_view x) {
  return reinterpret_cast<const unsigned char*>(x.data());
}

unsigned char* bytes(std::string& x) {
  return reinterpret_cast<unsigned char*>(x.data());
}

void put_big_endian(std::string& out, std::uint64_t x, int size) {
  for (auto i = size - 1; i >= 0; --i)
    out.push_back(static_cast<char>(x >> (8 * i)));
}

status check(std::string_view key) {
  if (key.size() == 16 || key.size() == 24 || key.size() == 32)
    return ok;
  return error{errc::invalid_argument, "key size must be 16, 24 or 32 bytes"};
}

const EVP_CIPHER* cipher_of(const std::string& key) {
  switch (key.size()) {
    case 16: return EVP_aes_128_gcm();
    case 24: return EVP_aes_192_gcm();
    default: return EVP_aes_256_gcm();
  }
}

/// HKDF-SHA256 to a key of the same size; nothing if the library fails.
std::optional<std::string> derive(const std::string& key,
                                  std::string_view sender) {
  constexpr std::string_view salt = "praetor gossip 1";
  const key_context ctx{EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr),
                        EVP_PKEY_CTX_free};
  std::string out(key.size(), '\0');
  auto size = out.size();
  if (!ctx || EVP_PKEY_derive_init(ctx.get()) <= 0
      || EVP_PKEY_CTX_set_hkdf_md(ctx.get(), EVP_sha256()) <= 0
      || EVP_PKEY_CTX_set1_hkdf_salt(ctx.get(), bytes(salt),
                                     static_cast<int>(salt.size()))
           <= 0
      || EVP_PKEY_CTX_set1_hkdf_key(ctx.get(), bytes(key),
                                    static_cast<int>(key.size()))
           <= 0
      || EVP_PKEY_CTX_add1_hkdf_info(ctx.get(), bytes(sender),
                                     static_cast<int>(sender.size()))
           <= 0
      || EVP_PKEY_derive(ctx.get(), bytes(out), &size) <= 0
      || size != out.size())
    return std::nullopt;
  return out;
}

std::string nonce_of(std::string_view header) {
  std::string out(nonce_bytes - 8, '\0');
  out.append(header.substr(1 + sender_bytes, 8));
  return out;
}

/// Starts AES-GCM; null if the library fails.
cipher_context start(const std::string& key, std::string_view header,
                     const std::string& label, bool encrypt) {
  cipher_context ctx{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  const auto nonce = nonce_of(header);
  const auto authenticate = [&ctx](std::string_view x) {
    int ignored = 0;
    return EVP_CipherUpdate(ctx.get(), nullptr, &ignored, bytes(x),
                            static_cast<int>(x.size()))
           > 0;
  };
  if (!ctx
      || EVP_CipherInit_ex(ctx.get(), cipher_of(key), nullptr, bytes(key),
                           bytes(nonce), encrypt ? 1 : 0)
           <= 0
      || (!label.empty() && !authenticate(label)) || !authenticate(header))
    ctx.reset();
  return ctx;
}

std::optional<std::string> decrypt(const std::string& key,
                                   std::string_view sealed,
                                   const std::string& label) {
  const auto header = sealed.substr(0, header_bytes);
  const auto text =
    sealed.substr(header_bytes, sealed.size() - header_bytes - tag_bytes);
  std::string tag{sealed.substr(sealed.size() - tag_bytes)};
  const auto ctx = start(key, header, label, false);
  std::string out(text.size() + 1, '\0'); // never empty, for its address
  int size = 0;
  int rest = 0;
  if (!ctx
      || EVP_DecryptUpdate(ctx.get(), bytes(out), &size, bytes(text),
                           static_cast<int>(text.size()))
           <= 0
      || EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes,
                             tag.data())
           <= 0
      || EVP_DecryptFinal_ex(ctx.get(), bytes(out) + size, &rest) <= 0)
    return std::nullopt;
  out.resize(text.size());
  return out;
}

} // namespace

// -- gossip_key_ring ----------------------------------------------------------

result<gossip_key_ring>
gossip_key_ring::make(const std::vector<std::string>& keys) {
  gossip_key_ring out;
  for (const auto& key : keys)
    if (const auto installed = out.install(key); !installed)
      return installed.error();
  if (out.keys_.empty())
    return error{errc::invalid_argument, "a key ring needs a key"};
  return out;
}

status gossip_key_ring::install(const std::string& key) {
  if (const auto good = check(key); !good)
    return good;
  if (std::find(keys_.begin(), keys_.end(), key) != keys_.end())
    return ok;
  if (keys_.size() >= keys_max)
    return error{errc::overloaded, "the key ring is full"};
  keys_.push_back(key);
  return ok;
}

status gossip_key_ring::use(std::string_view key) {
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found == keys_.end())
    return error{errc::not_found, "Requested key is not in the keyring"};
  std::rotate(keys_.begin(), found, found + 1);
  return ok;
}

status gossip_key_ring::remove(std::string_view key) {
  if (key == keys_.front())
    return error{errc::rejected, "Removing the primary key is not allowed"};
  std::erase(keys_, key);
  return ok;
}

// -- gossip_seal --------------------------------------------------------------

gossip_seal::gossip_seal(gossip_key_ring keys, identity who)
  : keys_{std::move(keys)}, who_{std::move(who)} {}

result<std::string> gossip_seal::seal(std::string_view plain) {
  std::string out(1, seal_version);
  put_big_endian(out, who_.sender, 8);
  put_big_endian(out, who_.boot, 4);
  put_big_endian(out, ++counter_, 8);
  const error failed{errc::io_error, "gossip cannot be encrypted"};
  const auto* key =
    key_for(keys_.keys().front(), std::string_view{out}.substr(1, 12));
  if (key == nullptr)
    return failed;
  const auto ctx = start(*key, out, who_.label, true);
  out.resize(header_bytes + plain.size() + tag_bytes);
  auto* text = bytes(out) + header_bytes;
  int size = 0;
  int rest = 0;
  if (!ctx
      || EVP_EncryptUpdate(ctx.get(), text, &size, bytes(plain),
                           static_cast<int>(plain.size()))
           <= 0
      || EVP_EncryptFinal_ex(ctx.get(), text + size, &rest) <= 0
      || EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                             text + plain.size())
           <= 0)
    return failed;
  return out;
}

result<std::string> gossip_seal::open(std::string_view sealed) {
  const error refused{errc::corruption, "no installed key opens the message"};
  if (sealed.size() < overhead || sealed.front() != seal_version)
    return refused;
  const std::string_view sender = sealed.substr(1, sender_bytes);
  for (const auto& ring_key : keys_.keys()) {
    const std::pair name{ring_key, std::string{sender}};
    const auto known = derived_.find(name);
    auto key = known == derived_.end() ? derive(ring_key, sender)
                                       : std::optional{known->second};
    if (!key)
      continue;
    auto plain = decrypt(*key, sealed, who_.label);
    if (!plain)
      continue;
    // Only of senders that proved to be members; others cost no memory.
    if (known == derived_.end()) {
      if (derived_.size() >= derived_max)
        derived_.clear();
      derived_[name] = std::move(*key);
    }
    return std::move(*plain);
  }
  return refused;
}

/// Returns null if the library fails.
const std::string* gossip_seal::key_for(const std::string& ring_key,
                                        std::string_view sender) {
  const std::pair name{ring_key, std::string{sender}};
  if (const auto known = derived_.find(name); known != derived_.end())
    return &known->second;
  auto key = derive(ring_key, sender);
  if (!key)
    return nullptr;
  return &(derived_[name] = std::move(*key));
}

} // namespace praetor::net
