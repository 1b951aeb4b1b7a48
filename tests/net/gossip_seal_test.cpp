// Goal: what is sealed is opened by members with the key, and by nobody else.
// Method: two seals; every byte damaged, every length; a key change step by
// step; and a message that was sealed by another implementation of AES-GCM and
// HKDF-SHA256, written down here.

#include "runtime/net/gossip_seal.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::net;

namespace {

const std::string key_a(16, 'a');
const std::string key_b(24, 'b');
const std::string key_c(32, 'c');

gossip_seal seal_of(std::uint64_t sender, std::vector<std::string> keys,
                    std::string label = "dc1/lan") {
  auto ring = gossip_key_ring::make(keys);
  REQUIRE(ring);
  return {*ring, {std::move(label), sender, 7}};
}

} // namespace

TEST_CASE("gossip_seal: a member opens what another sealed", "[net]") {
  for (const auto& key : {key_a, key_b, key_c}) {
    auto one = seal_of(1, {key});
    auto two = seal_of(2, {key});
    for (const auto size : {0U, 1U, 15U, 16U, 1363U, 100000U}) {
      const std::string plain(size, 'x');
      const auto sealed = one.seal(plain);
      REQUIRE(sealed);
      CHECK(sealed->size() == plain.size() + gossip_seal::overhead);
      CHECK((size < 15 || sealed->find("xxxxxxxx") == std::string::npos));
      const auto opened = two.open(*sealed);
      REQUIRE(opened);
      CHECK(*opened == plain);
    }
  }
}

TEST_CASE("gossip_seal: equal messages are sealed differently", "[net]") {
  std::set<std::string> seen;
  auto one = seal_of(1, {key_a});
  auto two = seal_of(2, {key_a});
  for (int i = 0; i < 10; ++i) {
    CHECK(seen.insert(one.seal("hello")->substr(21)).second);
    CHECK(seen.insert(two.seal("hello")->substr(21)).second);
  }
}

TEST_CASE("gossip_seal: nothing damaged or foreign is opened", "[net]") {
  auto one = seal_of(1, {key_a});
  auto two = seal_of(2, {key_a});
  const auto sealed = *one.seal("hello, world");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    CHECK_FALSE(two.open(damaged));
    CHECK_FALSE(two.open(sealed.substr(0, i)));
  }
  CHECK_FALSE(two.open(sealed + "x"));
  CHECK_FALSE(seal_of(2, {key_b}).open(sealed));
  CHECK_FALSE(seal_of(2, {key_a}, "dc1/wan").open(sealed));
  CHECK(two.open(sealed));
}

TEST_CASE("gossip_seal: a key is changed without interruption", "[net]") {
  auto one = seal_of(1, {key_a});
  auto two = seal_of(2, {key_a});
  const auto understand = [&] {
    const auto there = one.seal("x");
    const auto back = two.seal("y");
    return two.open(*there) && one.open(*back);
  };
  REQUIRE(one.keys().install(key_c));
  CHECK(understand());
  CHECK_FALSE(two.keys().use(key_c));
  REQUIRE(two.keys().install(key_c));
  REQUIRE(one.keys().use(key_c));
  CHECK(one.keys().keys() == std::vector<std::string>{key_c, key_a});
  CHECK(understand());
  CHECK_FALSE(one.keys().remove(key_c));
  REQUIRE(two.keys().use(key_c));
  REQUIRE(one.keys().remove(key_a));
  CHECK(understand());
  REQUIRE(two.keys().remove(key_a));
  CHECK(understand());
  CHECK_FALSE(two.open(*seal_of(3, {key_a}).seal("x")));
}

TEST_CASE("gossip_key_ring: only keys of AES are taken", "[net]") {
  CHECK_FALSE(gossip_key_ring::make({}));
  for (const auto size : {0U, 1U, 15U, 17U, 31U, 33U})
    CHECK_FALSE(gossip_key_ring::make({std::string(size, 'k')}));
  auto ring = *gossip_key_ring::make({key_a, key_a});
  CHECK(ring.keys().size() == 1);
  for (char c = 'A'; c < 'A' + 15; ++c)
    CHECK(ring.install(std::string(16, c)));
  CHECK(ring.install(key_a));
  CHECK(ring.install(key_b).error().code == errc::overloaded);
}

TEST_CASE("gossip_seal: the format is the written one", "[net]") {
  // Made with the Python package cryptography: AESGCM and HKDF.
  const std::string expected =
    "010000000000000001000000070000000000000001d791b2dc5d7c3ff86d29bc"
    "17f4f82621090f1b6b3c";
  const auto sealed = *seal_of(1, {key_a}).seal("hello");
  std::string hex;
  for (const auto c : sealed)
    for (const auto nibble : {(c >> 4) & 0xF, c & 0xF})
      hex.push_back("0123456789abcdef"[nibble]);
  CHECK(hex == expected);
}
