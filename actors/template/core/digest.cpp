#include "actors/template/core/digest.hpp"

#include "runtime/base/assert.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace praetor::templates {

namespace {

const EVP_MD* algorithm(digest_kind what) {
  switch (what) {
    case digest_kind::md5: return EVP_md5();
    case digest_kind::sha1: return EVP_sha1();
    case digest_kind::sha256: return EVP_sha256();
    case digest_kind::sha512: break;
  }
  return EVP_sha512();
}

std::string hex(const unsigned char* bytes, unsigned size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i)
    out += {digits[bytes[i] >> 4U], digits[bytes[i] & 0xFU]};
  return out;
}

} // namespace

std::string digest_hex(digest_kind what, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const auto done = EVP_Digest(bytes.data(), bytes.size(), out.data(), &size,
                               algorithm(what), nullptr);
  PRAETOR_ASSERT(done == 1);
  return hex(out.data(), size);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const auto* done =
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         out.data(), &size);
  PRAETOR_ASSERT(done != nullptr);
  return hex(out.data(), size);
}

} // namespace praetor::templates
