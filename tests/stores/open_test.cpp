// Goal: a database that cannot be trusted or used is refused with the name of
// the file and the reason, and nothing of it is changed.
// Method: real files in a temporary directory, damaged byte by byte.

#include "storage/identity.hpp"
#include "tests/stores/store_support.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::test;

namespace {

namespace fs = std::filesystem;

/// A log database of a few files with 300 entries in 30 batches.
///
/// Its tables are written when it is opened a second time. In the background
/// they may come late, or never, if the database is closed before.
class sample {
public:
  sample() {
    append(1, 150);
    append(151, 300);
  }

  result<std::unique_ptr<log_store>> open() const {
    return open_leveldb_log(path(), nullptr, small_buffer);
  }

  /// Returns the error of opening and loading, which must fail.
  error refusal() const {
    auto store = open();
    if (!store)
      return store.error();
    const auto image = (*store)->load();
    REQUIRE(!image);
    CHECK(!(*store)->load());
    return image.error();
  }

  std::string path() const { return directory_.path() + "/log"; }

  /// The names of files that end so, or begin so, sorted.
  std::vector<std::string> files(const std::string& part) const {
    std::vector<std::string> out;
    for (const auto& x : fs::directory_iterator{path()})
      if (x.path().filename().string().find(part) != std::string::npos)
        out.push_back(x.path().string());
    std::sort(out.begin(), out.end());
    return out;
  }

private:
  void append(log_index from, log_index to) {
    auto store = open();
    REQUIRE(store);
    REQUIRE((*store)->load());
    for (auto i = from; i <= to; i += 10) {
      log_batch batch;
      batch.entries = make_entries(i, i + 9, 1, std::string(300, 'e'));
      REQUIRE((*store)->append({&batch}));
    }
  }

  temp_directory directory_;
};

bool has(const error& e, const std::string& part) {
  return e.context.find(part) != std::string::npos;
}

/// Flips a byte of `file`, expects a refusal that names it, and expects the
/// file unchanged.
void flip(const sample& db, const std::string& file, std::size_t at) {
  const auto good = read_file(file);
  REQUIRE(at < good.size());
  auto bad = good;
  bad[at] = static_cast<char>(bad[at] ^ 0x10);
  write_file(file, bad);
  const auto e = db.refusal();
  INFO(e.context);
  CHECK(e.code == errc::corruption);
  CHECK(has(e, file));
  CHECK(read_file(file) == bad);
  write_file(file, good);
}

} // namespace

TEST_CASE("open: a damaged write-ahead log is refused", "[stores]") {
  for (const auto percent : {0U, 10U, 50U, 90U}) {
    const sample db;
    const auto file = db.files(".log").back();
    const auto size = read_file(file).size();
    INFO(file << " of " << size << " bytes, at " << percent << " %");
    flip(db, file, size * percent / 100);
    auto store = db.open(); // repaired from a copy, it is whole again
    REQUIRE(store);
    const auto image = (*store)->load();
    REQUIRE(image);
    CHECK(image->entries.size() == 300);
  }
}

TEST_CASE("open: a damaged table is refused", "[stores]") {
  for (const auto percent : {0U, 30U, 60U, 99U}) {
    const sample db;
    const auto file = db.files(".ldb").front();
    const auto size = read_file(file).size();
    INFO(file << " of " << size << " bytes, at " << percent << " %");
    flip(db, file, size * percent / 100);
    auto store = db.open();
    REQUIRE(store);
    const auto image = (*store)->load();
    REQUIRE(image);
    CHECK(image->entries.size() == 300);
  }
}

TEST_CASE("open: a damaged MANIFEST is refused", "[stores]") {
  const sample db;
  flip(db, db.files("MANIFEST").front(), 10);
}

TEST_CASE("open: missing files are refused", "[stores]") {
  struct row {
    const char* part;
    const char* reason;
  };
  const row rows[] = {
    {"CURRENT", "but no CURRENT"},
    {".log", "but no write-ahead log"},
    {".ldb", "missing files"},
    {"MANIFEST", "CURRENT points to a non-existent file"},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.part) {
      const sample db;
      for (const auto& file : db.files(x.part))
        fs::remove(file);
      const auto before = db.files("");
      const auto e = db.refusal();
      INFO(e.context);
      CHECK(e.code == errc::corruption);
      CHECK(has(e, db.path()));
      CHECK(has(e, x.reason));
      CHECK(db.files("") == before);
    }
  }
}

TEST_CASE("open: a torn end is left out", "[stores]") {
  const sample db;
  const auto file = db.files(".log").back();
  auto bytes = read_file(file);
  bytes.resize(bytes.size() - 100);
  write_file(file, bytes);
  auto store = db.open();
  REQUIRE(store);
  const auto image = (*store)->load();
  REQUIRE(image);
  CHECK(image->entries.size() == 290);
}

TEST_CASE("open: a torn log that a later one continues is refused",
          "[stores]") {
  const sample db;
  const auto file = db.files(".log").back();
  const auto good = read_file(file);
  const auto later = db.path() + "/999999.log";
  write_file(later, good);
  auto bytes = good;
  bytes.resize(bytes.size() - 100);
  write_file(file, bytes);
  const auto e = db.refusal();
  CHECK(e.code == errc::corruption);
  CHECK(has(e, file));
  CHECK(has(e, later));
}

TEST_CASE("open: a database in use is refused", "[stores]") {
  const sample db;
  auto first = db.open();
  REQUIRE(first);
  const auto second = db.open();
  REQUIRE(!second);
  CHECK(second.error().code == errc::io_error);
  CHECK(has(second.error(),
            "data directory " + db.path() + " is in use by another process"));
  first = error{};
  CHECK(db.open());
}

TEST_CASE("open: a place that is not writable is refused", "[stores]") {
  const temp_directory directory;
  write_file(directory.path() + "/file", "");
  for (const auto* name : {"/file", "/file/log"}) {
    const auto store = open_leveldb_log(directory.path() + name);
    REQUIRE(!store);
    INFO(store.error().context);
    CHECK(store.error().code == errc::io_error);
    CHECK(has(store.error(), "not writable: "));
    CHECK(has(store.error(), directory.path() + "/file"));
  }
  const auto missing = open_leveldb_log(directory.path() + "/none/log");
  REQUIRE(!missing);
  CHECK(has(missing.error(), directory.path() + "/none"));
}

TEST_CASE("open: a database of another kind is refused", "[stores]") {
  const sample db;
  auto store = open_leveldb_state(db.path());
  REQUIRE(store);
  const auto image = (*store)->load();
  REQUIRE(!image);
  CHECK(image.error().code == errc::corruption);
  CHECK(has(image.error(), db.path()));
}

TEST_CASE("open: LevelDB writes no LOG file", "[stores]") {
  const sample db;
  CHECK(db.files("LOG") == std::vector<std::string>{});
}

TEST_CASE("identity: only its owner may use a database", "[stores]") {
  const log_identity mine{"cluster", {"node"}};
  CHECK(check_identity(mine, mine));
  const auto other_cluster = check_identity({"other", {"node"}}, mine);
  REQUIRE(!other_cluster);
  CHECK(other_cluster.error().code == errc::rejected);
  CHECK(has(other_cluster.error(), "belongs to cluster other"));
  const auto other_node = check_identity({"cluster", {"other"}}, mine);
  REQUIRE(!other_node);
  CHECK(has(other_node.error(), "belongs to node other"));
}
