// Goal: a checkpoint can be read in parts while it is being replaced, travels
// to another server's disk unharmed, and is used there wholly or not at all.
// Method: one suite for all versions of the stores; a stream from each kind of
// disk to each other, with chunks damaged, repeated, swapped and left out.
// What a loss of power does is in tests/stores/crash_test.cpp.

#include "storage/state_stream.hpp"
#include "tests/stores/store_support.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::test;

namespace {

const checkpoint_mark mark{50, 3, "members", 7, 1234};
const stream_origin origin{"sender", 8, mark};

/// Rows in the order of tables and keys, `count` of each of two tables.
std::vector<row> some_rows(std::size_t count) {
  std::vector<row> out;
  for (const auto* table : {"kv", "nodes"})
    for (std::size_t i = 0; i < count; ++i)
      out.push_back({table, "key" + std::to_string(1000 + i),
                     std::string(i % 97, static_cast<char>('a' + i % 26))});
  return out;
}

/// An open store with these rows.
std::unique_ptr<state_store> filled(state_place& place,
                                    const std::vector<row>& rows) {
  auto opened = open_and_load(place, 0);
  REQUIRE(opened);
  REQUIRE(opened->first->write(mark, rows));
  return std::move(opened->first);
}

std::vector<state_bytes> all_chunks(state_store& store, std::uint64_t bytes) {
  auto reader = store.open_reader();
  REQUIRE(reader);
  state_source source{std::move(*reader), bytes};
  CHECK(source.mark() == mark);
  std::vector<state_bytes> out;
  for (;;) {
    const auto x = source.chunk(out.size());
    REQUIRE(x);
    if (!*x)
      return out;
    out.push_back(**x);
  }
}

state_sink fresh_sink(state_place& place, std::uint64_t generation) {
  auto fresh = place.create(generation);
  REQUIRE(fresh);
  const auto image = (*fresh)->load();
  REQUIRE(image);
  CHECK(image->rows.empty());
  CHECK(image->mark == checkpoint_mark{});
  return {std::move(*fresh), origin};
}

} // namespace

TEST_CASE("state_reader: sees what was there when it was opened", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto place = on.on->open_place();
      const auto rows = some_rows(50);
      const auto store = filled(*place, rows);
      auto reader = store->open_reader();
      REQUIRE(reader);
      REQUIRE(store->write({60, 3, {}, 7}, {{"kv", "key1000", {}},
                                            {"kv", "key1001", "new"},
                                            {"kv", "zzz", "new"}}));
      CHECK((*reader)->mark() == mark);
      std::vector<row> seen;
      std::string resume;
      for (auto last = false; !last;) {
        const auto span = (*reader)->read(resume, 200);
        REQUIRE(span);
        CHECK(!span->rows.empty());
        seen.insert(seen.end(), span->rows.begin(), span->rows.end());
        resume = span->resume;
        last = span->last;
      }
      CHECK(seen == rows);
    }
  }
}

TEST_CASE("state_reader: an empty store has one empty part", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto place = on.on->open_place();
      const auto store = filled(*place, {});
      const auto chunks = all_chunks(*store, 100);
      REQUIRE(chunks.size() == 1);
      CHECK(chunks[0].last);
    }
  }
}

TEST_CASE("state_source: gives the same chunk each time", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto place = on.on->open_place();
      const auto store = filled(*place, some_rows(50));
      const auto chunks = all_chunks(*store, 500);
      REQUIRE(chunks.size() > 5);
      auto reader = store->open_reader();
      REQUIRE(reader);
      state_source again{std::move(*reader), 500};
      for (auto n = chunks.size() + 1; n-- > 0;) { // the last first
        const auto x = again.chunk(n);
        REQUIRE(x);
        REQUIRE(x->has_value() == (n < chunks.size()));
        if (*x) {
          CHECK((*x)->payload == chunks[n].payload);
          CHECK((*x)->checksum == chunks[n].checksum);
          CHECK((*x)->last == (n + 1 == chunks.size()));
        }
      }
    }
  }
}

TEST_CASE("state_stream: arrives on any disk as it left", "[stores]") {
  const auto rows = some_rows(200);
  for (auto& from : all_disks())
    for (auto& to : all_disks()) {
      DYNAMIC_SECTION(from.name << " to " << to.name) {
        const auto source = from.on->open_place();
        const auto store = filled(*source, rows);
        const auto chunks = all_chunks(*store, 1000);
        const auto target = to.on->open_place();
        REQUIRE(open_and_load(*target, 0));
        auto sink = fresh_sink(*target, 1);
        for (std::size_t n = 0; n < chunks.size(); ++n) {
          CHECK(!sink.complete());
          const auto stored = sink.store(n, chunks[n]);
          REQUIRE(stored);
          CHECK(*stored);
        }
        CHECK(sink.complete());
        auto taken = sink.take();
        REQUIRE(taken->write({51, 3, {}, 7}, {{"kv", "later", "1"}}));
        taken.reset();
        const auto found = open_and_load(*target, 1);
        REQUIRE(found);
        CHECK(found->second.mark.index == 51);
        CHECK(found->second.rows.size() == rows.size() + 1);
      }
    }
}

TEST_CASE("state_sink: takes nothing but the next chunk, undamaged",
          "[stores]") {
  memory_disk disk;
  const auto place = disk.open_place();
  const auto store = filled(*place, some_rows(30));
  const auto chunks = all_chunks(*store, 300);
  REQUIRE(chunks.size() > 3);
  const auto refused = [](const result<bool>& x) { return x && !*x; };
  auto sink = fresh_sink(*place, 1);
  CHECK(refused(sink.store(1, chunks[1]))); // too early
  CHECK(refused(sink.store(0, chunks[1]))); // in another's place
  for (std::size_t i = 0; i < chunks[0].payload.size(); ++i) {
    auto damaged = chunks[0];
    damaged.payload[i] = static_cast<char>(damaged.payload[i] ^ 0x40);
    CHECK(refused(sink.store(0, damaged)));
  }
  auto short_one = chunks[0];
  short_one.payload.pop_back();
  CHECK(refused(sink.store(0, short_one)));
  CHECK(*sink.store(0, chunks[0]));
  CHECK(refused(sink.store(0, chunks[0]))); // repeated
  CHECK(refused(sink.store(2, chunks[2]))); // one is left out
  CHECK(refused(sink.store(1, chunks[2])));
  for (std::size_t n = 1; n < chunks.size(); ++n)
    CHECK(*sink.store(n, chunks[n]));
  CHECK(refused(sink.store(chunks.size(), chunks.back())));
}

TEST_CASE("state_sink: goes on after a crash, with its own stream",
          "[stores]") {
  const auto rows = some_rows(40);
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto place = on.on->open_place();
      const auto store = filled(*place, rows);
      const auto chunks = all_chunks(*store, 300);
      {
        auto sink = fresh_sink(*place, 1);
        for (std::size_t n = 0; n < 3; ++n)
          CHECK(*sink.store(n, chunks[n]));
      }
      const auto left = [&] { return std::move(*place->reopen(1)); };
      for (const auto& other :
           {stream_origin{"other", 8, mark}, stream_origin{"sender", 9, mark},
            stream_origin{"sender", 8, {50, 4, {}, 7, 9}}})
        CHECK(!state_sink::resume(left(), other));
      auto sink = state_sink::resume(left(), origin);
      REQUIRE(sink);
      CHECK(sink->next() == 3);
      CHECK(!*sink->store(2, chunks[2]));
      CHECK(!*sink->store(3, chunks[4])); // its checksum went on, too
      for (std::size_t n = 3; n < chunks.size(); ++n)
        CHECK(*sink->store(n, chunks[n]));
      REQUIRE(sink->complete());
      sink->take().reset();
      CHECK(!state_sink::resume(left(), origin)); // nothing is missing any more
      const auto found = open_and_load(*place, 1);
      REQUIRE(found);
      CHECK(found->second.mark == mark);
      CHECK(found->second.rows == rows);
    }
  }
}

TEST_CASE("state_place: the newest behind the one in force is left",
          "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto place = on.on->open_place();
      filled(*place, some_rows(3));
      CHECK(!*place->unfinished(0));
      CHECK(!place->reopen(1));
      for (const auto generation : {1, 2, 3})
        REQUIRE(place->create(generation));
      REQUIRE(place->open(0));
      CHECK(*place->unfinished(0) == 3);
      CHECK(!*place->unfinished(3));
      CHECK(place->reopen(3));
      CHECK(!place->reopen(2));
      REQUIRE(place->remove(3));
      CHECK(!*place->unfinished(0));
      REQUIRE(place->create(4));
      REQUIRE(place->open(4));
      CHECK(!place->open(2));
    }
  }
}

TEST_CASE("state_place: nothing is left of an earlier attempt", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto place = on.on->open_place();
      filled(*place, some_rows(3));
      {
        const auto fresh = place->create(1);
        REQUIRE(fresh);
        REQUIRE((*fresh)->load());
        REQUIRE((*fresh)->write({}, {{"kv", "half", "1"}}));
      }
      const auto found = open_and_load(*place, 0);
      REQUIRE(found);
      CHECK(found->second.rows.size() == 6);
      const auto again = place->create(1); // nothing of the first attempt
      REQUIRE(again);
      const auto image = (*again)->load();
      REQUIRE(image);
      CHECK(image->rows.empty());
    }
  }
}

TEST_CASE("state_place: leaves the neighbours alone", "[stores]") {
  temp_directory directory;
  for (const auto* name : {"state-x", "state-01", "state-0", "states", "log"})
    std::filesystem::create_directory(directory.path() + "/" + name);
  const auto place = open_leveldb_place(directory.path() + "/state");
  REQUIRE(place->open(0));
  REQUIRE(place->create(1));
  REQUIRE(place->create(2));
  REQUIRE(place->open(2));
  CHECK(!std::filesystem::exists(directory.path() + "/state"));
  CHECK(!std::filesystem::exists(directory.path() + "/state-1"));
  for (const auto* name : {"state-x", "state-01", "state-0", "states", "log"})
    CHECK(std::filesystem::exists(directory.path() + "/" + name));
}

TEST_CASE("log_store: remembers the state database in force", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const auto load = [&on] {
        auto store = on.on->open_log();
        REQUIRE(store);
        auto image = (*store)->load();
        REQUIRE(image);
        return std::pair{std::move(*store), std::move(*image)};
      };
      {
        const auto [store, image] = load();
        CHECK(image.state == 0);
        log_batch first;
        first.hard = hard_state{1, {}};
        first.entries = make_entries(1, 3, 1);
        log_batch second;
        second.restart = log_start{50, 1};
        second.state = 4;
        second.entries = make_entries(51, 52, 1);
        REQUIRE(store->append({&first, &second}));
      }
      {
        const auto [store, image] = load();
        CHECK(image.state == 4);
        CHECK(image.start.index == 50);
        CHECK(show(image.entries) == "51:1 52:1");
        log_batch third;
        third.entries = make_entries(53, 53, 1);
        REQUIRE(store->append({&third}));
      }
      CHECK(load().second.state == 4);
    }
  }
}
