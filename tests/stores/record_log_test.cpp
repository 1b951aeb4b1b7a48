// Goal: a torn end is told from damage at every byte.
// Method: a write-ahead log that LevelDB wrote itself, with records that fill
// several blocks; each byte in turn is cut off, flipped or zeroed.

#include "storage/record_log.hpp"

#include "tests/stores/store_support.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::test;

namespace {

struct sample {
  std::string bytes;
  /// Where the whole records end.
  std::vector<std::size_t> ends{0};

  /// The last end at or before `at`.
  std::size_t end_before(std::size_t at) const {
    return *std::prev(std::upper_bound(ends.begin(), ends.end(), at));
  }
};

/// Payloads of `sizes`, one record each.
sample write_sample(std::initializer_list<std::size_t> sizes) {
  faulty_env env{1};
  auto store = open_leveldb_log("/log", &env);
  REQUIRE(store);
  REQUIRE((*store)->load());
  const auto names = env.list();
  const auto log =
    *std::find_if(names.begin(), names.end(), [](const std::string& name) {
      return name.ends_with(".log");
    });
  sample out;
  out.ends.push_back(env.content(log).size());
  log_index index = 0;
  for (const auto size : sizes) {
    log_batch batch;
    batch.entries = {make_entry(++index, 1, std::string(size, 'x'))};
    REQUIRE((*store)->append({&batch}));
    out.ends.push_back(env.content(log).size());
  }
  out.bytes = env.content(log);
  return out;
}

record_log_extent inspect(const std::string& bytes) {
  return inspect_record_log(bytes, record_log_kind::writes);
}

} // namespace

TEST_CASE("record_log: an undamaged log is intact", "[stores]") {
  // The second record fills several blocks; the third leaves no room for a
  // header in its block.
  const auto log = write_sample({100, 70'000, 27'903, 1, 40'000, 3});
  const auto extent = inspect(log.bytes);
  CHECK(extent.intact == log.bytes.size());
  CHECK(!extent.torn);
  CHECK(!extent.damaged);
  CHECK(inspect("").intact == 0);
  CHECK(!inspect("").torn);
}

TEST_CASE("record_log: a log cut anywhere is torn, not damaged", "[stores]") {
  const auto log = write_sample({100, 70'000, 300, 3});
  for (std::size_t size = 0; size < log.bytes.size();
       size += size < 1000 || size > 70'000 ? 1 : 501) {
    const auto extent = inspect(log.bytes.substr(0, size));
    const auto end = log.end_before(size);
    INFO("size=" << size);
    REQUIRE(extent.intact == end);
    // A first byte that is zero looks like room.
    REQUIRE((extent.torn || extent.padded) == (size != end));
    REQUIRE(!extent.damaged);
  }
}

TEST_CASE("record_log: zeros behind the last record are room, not damage",
          "[stores]") {
  const auto log = write_sample({100, 70'000, 300});
  for (const std::size_t room : {1U, 6U, 7U, 32'768U, 1'000'000U}) {
    INFO("room=" << room);
    const auto extent = inspect(log.bytes + std::string(room, '\0'));
    CHECK(extent.intact == log.bytes.size());
    CHECK(extent.padded);
    CHECK(!extent.torn);
    CHECK(!extent.damaged);
  }
  // A record that has begun is torn, whatever follows.
  const auto begun = log.bytes.substr(0, 40'000) + std::string(50'000, '\0');
  CHECK(inspect(begun).torn);
  CHECK(!inspect(begun).padded);
}

TEST_CASE("record_log: a damaged byte is damage unless in the last record",
          "[stores]") {
  const auto log = write_sample({100, 40'000, 300, 200});
  const auto last = log.ends[log.ends.size() - 2];
  for (std::size_t at = 0; at < log.bytes.size();
       at += at < 1000 || at > 40'000 ? 1 : 997) {
    auto bytes = log.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    const auto extent = inspect(bytes);
    INFO("at=" << at);
    REQUIRE(extent.intact == log.end_before(at));
    REQUIRE(extent.torn);
    REQUIRE(extent.damaged == (at < last));
  }
}

TEST_CASE("record_log: a hole of zeros is damage", "[stores]") {
  const auto log = write_sample({100, 40'000, 300, 200});
  auto bytes = log.bytes;
  const auto from = log.ends[1] + 7;
  bytes.replace(from, 4096, 4096, '\0');
  CHECK(inspect(bytes).damaged);
  // At the end they are what some file systems leave of an unsynced write.
  bytes = log.bytes + std::string(5000, '\0');
  const auto extent = inspect(bytes);
  CHECK(extent.intact == log.bytes.size());
  CHECK(!extent.damaged);
}

TEST_CASE("record_log: old records behind the end are not damage", "[stores]") {
  // A file system may hand out blocks that still hold a deleted log.
  const auto old = write_sample({100, 100});
  const auto log = write_sample({100, 100, 100, 100, 100});
  const auto extent = inspect(log.bytes + "torn" + old.bytes);
  CHECK(extent.intact == log.bytes.size());
  CHECK(extent.torn);
  CHECK(!extent.damaged);
}

TEST_CASE("record_log: any bytes give an answer", "[stores]") {
  rng random{7};
  for (auto i = 0; i < 2000; ++i) {
    std::string bytes(random.below(300), '\0');
    for (auto& c : bytes)
      c = static_cast<char>(random.below(i % 2 == 0 ? 5 : 256));
    const auto extent = inspect(bytes);
    REQUIRE(extent.intact <= bytes.size());
  }
}
