// Goal: what one process tells the others arrives, and hostile bytes do no
// harm.
// Method: round trips, then every prefix and every changed byte.

#include "actors/template/watch/shared_data.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::templates;

namespace {

std::vector<shared_entry> sample() {
  const auto web = parse_dependency(dependency_kind::service, "v1.web|any");
  const auto key = parse_dependency(dependency_kind::key_lookup, "a/b@dc1");
  REQUIRE(web);
  REQUIRE(key);
  return {{*web, "[{\"Node\":{}}]"}, {*key, std::nullopt}};
}

} // namespace

TEST_CASE("shared data: comes back as it went", "[template][core]") {
  const auto got = decode_shared_data(encode_shared_data(sample()));
  REQUIRE(got);
  CHECK(*got == sample());
  const auto none = decode_shared_data(encode_shared_data({}));
  REQUIRE(none);
  CHECK(none->empty());
}

TEST_CASE("shared data: cut bytes are refused", "[template][core]") {
  const auto bytes = encode_shared_data(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_shared_data(bytes.substr(0, size)));
  CHECK_FALSE(decode_shared_data(bytes + "x"));
}

TEST_CASE("shared data: changed bytes give entries or an error",
          "[template][core]") {
  const auto bytes = encode_shared_data(sample());
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int change = 1; change < 256; change += 37) {
      auto other = bytes;
      other[at] = static_cast<char>(other[at] ^ change);
      const auto got = decode_shared_data(other);
      if (got)
        for (const auto& x : *got)
          CHECK(x.what.what <= dependency_kind::imported_services);
    }
}
