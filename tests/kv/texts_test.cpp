// Goal: texts and ids read as those of the reference.
// Method: tables; the expected values were recorded from Consul 1.8.7.

#include "actors/kv/core/texts.hpp"

#include "actors/kv/core/session_table.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::kv;

TEST_CASE("go_quote: it escapes what Go escapes", "[kv][core]") {
  struct row {
    std::string text;
    std::string quoted;
  };
  const std::vector<row> rows = {
    {"", R"("")"},
    {"plain/key", R"("plain/key")"},
    {"a\x7f"
     "b\x01\n",
     R"("a\u007fb\x01\n")"},
    {"\a\b\t\v\f\r", R"("\a\b\t\v\f\r")"},
    {"\"\\", R"("\"\\")"},
    {"\u00e9\U0001f600", "\"\u00e9\U0001f600\""},
    {"\u200b\u00ad\u3000\ue000", R"("\u200b\u00ad\u3000\ue000")"},
    {"\U000f0000", R"("\U000f0000")"},
    {"\xff\xc3", R"("\xff\xc3")"},         // no UTF-8
    {"\xc0\xaf", R"("\xc0\xaf")"},         // overlong
    {"\xed\xa0\x80", R"("\xed\xa0\x80")"}, // a surrogate
    {"\xf4\x90\x80\x80", R"("\xf4\x90\x80\x80")"},
  };
  for (const auto& row : rows)
    CHECK(go_quote(row.text) == row.quoted);
}

TEST_CASE("session_id: it has one form", "[kv][core]") {
  struct row {
    const char* text;
    const char* id;
    const char* failure;
  };
  const std::vector<row> rows = {
    {"6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab",
     "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab", ""},
    {"6E4A5A0D-4F0C-4D3E-9C3A-0123456789AB",
     "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab", ""},
    {"6e4a-5a0d-4f0c-4d3e-9c3a0123456789ab",
     "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab", ""},
    {"6e4a5a0d4f0c4d3e9c3a0123456789abcdef",
     "6e4a5a0d4f0c4d3e9c3a0123456789abcdef", ""},
    {"", "", "UUID must be 36 characters"},
    {"nope", "", "UUID must be 36 characters"},
    {"6e4a5a0d-4f0c-4d3e-9c3a-01234567-9ab", "",
     "UUID should have maximum of 4 \"-\"; got 5"},
    {"6e4a5a0d-4f0c-4d3e-9c3a0-123456789ab",
     "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab", ""},
    {"6e4a5a0d-4f0c-4d3e-9c3a0123456789ab0", "",
     "Input (without hyphens) must be even length"},
    {"ZZzzzzzz-4f0c-4d3e-9c3a-0123456789ab", "",
     "Invalid UUID: encoding/hex: invalid byte: U+005A 'Z'"},
    {"\u00e9zzzzzz-4f0c-4d3e-9c3a-0123456789ab", "",
     "Invalid UUID: encoding/hex: invalid byte: U+00C3 '\u00c3'"},
    {"\x01zzzzzzz-4f0c-4d3e-9c3a-0123456789ab", "",
     "Invalid UUID: encoding/hex: invalid byte: U+0001"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    const auto id = session_id(row.text);
    if (*row.failure == '\0') {
      REQUIRE(id);
      CHECK(*id == row.id);
    } else {
      REQUIRE_FALSE(id);
      CHECK(id.error().code == errc::rejected);
      CHECK(id.error().context
            == std::string{"failed session lookup: index error: "}
                 + row.failure);
    }
  }
}
