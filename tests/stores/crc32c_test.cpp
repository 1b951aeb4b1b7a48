// Goal: the checksum is CRC32C.
// Method: the examples of RFC 3720, appendix B.4, and the check value of the
// CRC catalogue; every way to cut a text in two gives the same.

#include "runtime/base/crc32c.hpp"
#include "storage/frame.hpp"

#include <catch2/catch.hpp>

using namespace praetor;

TEST_CASE("crc32c: known values", "[stores]") {
  std::string up;
  std::string down;
  for (auto i = 0; i < 32; ++i) {
    up.push_back(static_cast<char>(i));
    down.push_back(static_cast<char>(31 - i));
  }
  struct row {
    std::string bytes;
    std::uint32_t expected;
  };
  const row rows[] = {
    {"", 0},
    {"123456789", 0xE3069283},
    {std::string(32, '\0'), 0x8A9136AA},
    {std::string(32, '\xff'), 0x62A8AB43},
    {up, 0x46DD794E},
    {down, 0x113FDB5C},
  };
  for (const auto& x : rows) {
    CHECK(crc32c(x.bytes) == x.expected);
    CHECK(crc32c_by_tables(x.bytes) == x.expected);
  }
}

TEST_CASE("crc32c: the instruction and the tables agree", "[stores]") {
  std::string text;
  for (auto i = 0; i < 300; ++i) {
    CHECK(crc32c(text, 7U) == crc32c_by_tables(text, 7U));
    text.push_back(static_cast<char>(i * 37));
  }
}

TEST_CASE("crc32c: can be continued anywhere", "[stores]") {
  const std::string text = "The quick brown fox jumps over the lazy dog.";
  for (std::size_t i = 0; i <= text.size(); ++i)
    CHECK(crc32c(text.substr(i), crc32c(text.substr(0, i))) == crc32c(text));
}

TEST_CASE("frame: opens only what was sealed, under its key", "[stores]") {
  std::string value;
  frame::begin(value);
  value += "body";
  frame::seal("key", value);
  CHECK(frame::open("key", value) == "body");
  CHECK(!frame::open("kez", value));
  CHECK(!frame::open("key", ""));
  CHECK(!frame::open("key", value.substr(0, 3)));
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto broken = value;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    CHECK(!frame::open("key", broken));
  }
}
