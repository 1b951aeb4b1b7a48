// Digests as lower-case hexadecimal texts, by OpenSSL. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::templates {

enum class digest_kind : std::uint8_t { md5, sha1, sha256, sha512 };

std::string digest_hex(digest_kind what, std::string_view bytes);

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

} // namespace praetor::templates
