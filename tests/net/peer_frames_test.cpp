// Goal: what one node writes the other reads, however it is cut; anything else
// ends the stream, and costs no more memory than was received.
// Method: tables and round trips over all ways to cut; every byte of a stream
// changed once; hostile heads.

#include "runtime/net/peer_frames.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace praetor;
using namespace praetor::net;

namespace {

constexpr std::size_t payload_max = 1U << 20U;

/// Feeds bytes in steps; returns the frames.
std::vector<frame> read_all(frame_reader& to, std::string_view bytes,
                            std::size_t step) {
  std::vector<frame> out;
  while (!bytes.empty() && to.broken().empty()) {
    const auto room = to.room();
    REQUIRE(!room.empty());
    const auto n = std::min({room.size(), bytes.size(), step});
    std::copy_n(bytes.begin(), n, room.begin());
    to.add(n);
    bytes.remove_prefix(n);
    while (auto x = to.next())
      out.push_back(std::move(*x));
  }
  return out;
}

std::string of_size(std::size_t n) {
  std::string out(n, '\0');
  for (std::size_t i = 0; i < n; ++i)
    out[i] = static_cast<char>(i * 31 + n);
  return out;
}

std::vector<frame> many_frames() {
  return {
    {frame_kind::hello, 0, "hello"},
    {frame_kind::message, 0, ""},
    {frame_kind::request, ~std::uint64_t{0}, of_size(100)},
    {frame_kind::ping, 7, ""},
    {frame_kind::answer_part, 3, of_size(4076)},
    {frame_kind::answer, 3, of_size(4077)},
    {frame_kind::failure, 4, of_size(5000)},
    {frame_kind::cancel, 1U << 20U, ""},
    {frame_kind::message, 0, of_size(300'000)},
    {frame_kind::pong, 7, ""},
    {frame_kind::refusal, 0, "no"},
  };
}

std::string encode_all(const std::vector<frame>& xs) {
  std::string out;
  for (const auto& x : xs)
    out += encode_frame(x);
  return out;
}

} // namespace

TEST_CASE("peer_frames: the bytes of a frame", "[net][core]") {
  const auto bytes =
    encode_frame({frame_kind::request, 0x0102030405060708, "abc"});
  const std::string head{"P\x04\0\0\x03\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01",
                         16};
  CHECK(bytes.substr(0, 16) == head);
  CHECK(bytes.substr(20) == "abc");
  const auto crc = crc32c("abc" + head);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(static_cast<unsigned char>(bytes[16 + i])
          == ((crc >> (8 * i)) & 0xFFU));
}

TEST_CASE("peer_frames: frames survive any cut", "[net][core]") {
  const auto frames = many_frames();
  const auto bytes = encode_all(frames);
  for (const std::size_t step :
       {1U, 2U, 3U, 19U, 20U, 21U, 4095U, 4096U, 70'000U, 1'000'000U}) {
    frame_reader reader{payload_max};
    CHECK((read_all(reader, bytes, step) == frames));
    CHECK(reader.broken().empty());
  }
}

TEST_CASE("peer_frames: a changed bit is noticed", "[net][core]") {
  const std::vector<frame> frames{{frame_kind::request, 77, "some payload"},
                                  {frame_kind::message, 0, of_size(6000)}};
  const auto bytes = encode_all(frames);
  const auto next =
    bytes + encode_frame({frame_kind::message, 0, of_size(9000)});
  for (std::size_t i = 0; i < bytes.size(); i += i < 80 ? 1 : 97) {
    for (auto bit = 0U; bit < 8; ++bit) {
      auto broken = next;
      broken[i] = static_cast<char>(broken[i] ^ (1U << bit));
      frame_reader reader{payload_max};
      const auto got = read_all(reader, broken, 4096);
      CAPTURE(i, bit);
      CHECK(got.size() < 3);
      for (std::size_t k = 0; k < got.size(); ++k)
        CHECK((got[k] == frames[k]));
    }
  }
}

TEST_CASE("peer_frames: what is not a frame ends the stream", "[net][core]") {
  struct row {
    const char* name;
    std::string bytes;
    std::string why;
  };
  const std::string zeros(12, '\0');
  const row rows[] = {
    {"another protocol", "GET / HTTP/1.1\r\nHost: x",
     "received what is not a frame"},
    {"zeros", std::string(20, '\0'), "received what is not a frame"},
    {"TLS", "\x16\x03\x01\x02" + std::string(16, 'x'),
     "received what is not a frame"},
    {"no kind", std::string{"P\0\0\0\0\0\0\0", 8} + zeros,
     "received what is not a frame"},
    {"unknown kind", std::string{"P\x0b\0\0\0\0\0\0", 8} + zeros,
     "received what is not a frame"},
    {"reserved bytes", std::string{"P\x03\x01\0\0\0\0\0", 8} + zeros,
     "received what is not a frame"},
    {"one byte too long", std::string{"P\x03\0\0\x01\0\x10\0", 8} + zeros,
     "received a frame that is too long: 1048577 bytes"},
    {"much too long", std::string{"P\x03\0\0\xff\xff\xff\xff", 8} + zeros,
     "received a frame that is too long: 4294967295 bytes"},
    {"ping with a payload", std::string{"P\x09\0\0\x01\0\0\0", 8} + zeros,
     "received a frame that is too long: 1 bytes"},
    {"checksum", std::string{"P\x03\0\0\0\0\0\0", 8} + zeros,
     "received a frame with a wrong checksum"},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      frame_reader reader{payload_max};
      CHECK(read_all(reader, x.bytes, 100).empty());
      CHECK(reader.broken() == x.why);
      // And stays so.
      CHECK(!reader.next());
    }
  }
}

TEST_CASE("peer_frames: memory follows what was received", "[net][core]") {
  const std::string claim =
    encode_frame({frame_kind::message, 0, std::string(payload_max, 'x')});
  frame_reader reader{payload_max};
  CHECK(reader.footprint() == 0);
  std::size_t fed = 0;
  while (fed < claim.size() - 1) {
    const auto room = reader.room();
    const auto n =
      std::min<std::size_t>({room.size(), 1000, claim.size() - 1 - fed});
    std::copy_n(claim.begin() + static_cast<std::ptrdiff_t>(fed), n,
                room.begin());
    reader.add(n);
    fed += n;
    CHECK(!reader.next());
    CHECK(reader.footprint() <= 2 * 4096 + 3 * fed);
  }
  reader.room()[0] = 'x';
  reader.add(1);
  CHECK(reader.next());
}

TEST_CASE("peer_frames: the buffer grows with the flow and shrinks again",
          "[net][core]") {
  frame_reader reader{payload_max};
  CHECK(reader.room().size() == 4096);
  const auto flood = encode_all(
    std::vector<frame>(4000, {frame_kind::message, 0, of_size(500)}));
  CHECK(read_all(reader, flood, flood.size()).size() == 4000);
  CHECK(reader.footprint() == 256 * 1024);
  for (auto i = 0; i < 100; ++i)
    CHECK(read_all(reader, encode_frame({frame_kind::ping, 0, ""}), 100).size()
          == 1);
  static_cast<void>(reader.room());
  CHECK(reader.footprint() == 4096);
}

// -- hellos
// --------------------------------------------------------------------------

TEST_CASE("peer_frames: a hello says who somebody is", "[net][core]") {
  peer_hello x;
  x.cluster_id = "cluster";
  x.node_id = "id";
  x.node_name = "name";
  x.datacenter = "dc1";
  x.wanted = "other";
  const auto bytes = encode_hello(x);
  const auto again = decode_hello(bytes);
  REQUIRE(again);
  CHECK((*again == x));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    CHECK(!decode_hello(bytes.substr(0, i)));
  CHECK(!decode_hello(bytes + "x"));
  // Another version may look different but for its number.
  const auto other = decode_hello("\x02whatever");
  REQUIRE(!other);
  CHECK(other.error()
        == error{errc::rejected,
                 "it speaks protocol 2 between nodes, this node protocol 1"});
  x.node_id.clear();
  CHECK(!decode_hello(encode_hello(x)));
}

TEST_CASE("peer_frames: who does not belong here is refused", "[net][core]") {
  struct row {
    const char* name;
    peer_hello mine;
    peer_hello theirs;
    std::string why;
  };
  const auto hello = [](std::string cluster, std::string id,
                        std::string wanted) {
    return peer_hello{1,     std::move(cluster), id, "n" + id,
                      "dc1", std::move(wanted)};
  };
  const row rows[] = {
    {"same cluster", hello("x", "a", ""), hello("x", "b", "a"), ""},
    {"mine has none", hello("", "a", ""), hello("x", "b", "a"), ""},
    {"theirs has none", hello("x", "a", ""), hello("", "b", "a"), ""},
    {"nobody is wanted", hello("x", "a", ""), hello("x", "b", ""), ""},
    {"clusters differ", hello("x", "a", ""), hello("y", "b", "a"),
     "node \"nb\" (b) belongs to cluster y, node \"na\" (a) to cluster x"},
    {"another is wanted here", hello("x", "a", ""), hello("x", "b", "c"),
     "node \"nb\" (b) wants node c, but this is node \"na\" (a)"},
    {"another was wanted there", hello("x", "a", "c"), hello("x", "b", ""),
     "node c is wanted, but this is node \"nb\" (b)"},
    {"same id", hello("x", "a", ""), hello("x", "a", ""),
     "node \"na\" (a) has the id of node \"na\" (a)"},
    {"hostile name", hello("x", "a", ""), hello("y\n\x1b[31m", "b", ""),
     "node \"nb\" (b) belongs to cluster y??[31m, node \"na\" (a) to cluster "
     "x"},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.name) {
      CHECK(objection(x.mine, x.theirs).value_or("") == x.why);
    }
}

TEST_CASE("peer_frames: a refusal fits into what a stranger may send",
          "[net][core]") {
  const std::string long_name(hello_bytes_max, 'x');
  const peer_hello mine{1, "x", "a", "na", "dc1", ""};
  const peer_hello theirs{1,         long_name, long_name,
                          long_name, long_name, long_name};
  CHECK(objection(mine, theirs)->size() < 500);
}

TEST_CASE("peer_frames: errors travel", "[net][core]") {
  const error x{errc::not_leader, "somebody"};
  const auto bytes = encode_failure(x);
  CHECK(decode_failure(bytes) == x);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    CHECK(decode_failure(bytes.substr(0, i)).code == errc::corruption);
  CHECK(decode_failure(bytes + "x").code == errc::corruption);
  // Of a newer version.
  CHECK(decode_failure("\x63\x02so") == error{errc::rejected, "so"});
}
