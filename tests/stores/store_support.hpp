// What the tests of the stores share: disks to run on, batches to write.

#pragma once

#include "storage/faulty_env.hpp"
#include "storage/leveldb_log_store.hpp"
#include "storage/leveldb_state_place.hpp"
#include "storage/leveldb_state_store.hpp"
#include "storage/memory_stores.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace praetor::test {

/// LevelDB's minimum, so that a short test sees many files.
inline constexpr std::size_t small_buffer = 64U << 10U;

/// A directory that goes away with its object.
class temp_directory {
public:
  temp_directory() {
    std::string name =
      (std::filesystem::temp_directory_path() / "praetor-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr)
      path_ = name;
  }
  temp_directory(const temp_directory&) = delete;
  temp_directory& operator=(const temp_directory&) = delete;
  ~temp_directory() { std::filesystem::remove_all(path_); }

  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << text;
}

/// Lets LevelDB's background work happen between the calls of a store.
class settling_log_store final : public log_store {
public:
  settling_log_store(faulty_env& env, std::unique_ptr<log_store> inner)
    : env_{env}, inner_{std::move(inner)} {
    env_.run_background();
  }

  ~settling_log_store() override { env_.run_background(); }

  result<log_image> load() override { return settle(inner_->load()); }

  status write_identity(const log_identity& x) override {
    return settle(inner_->write_identity(x));
  }

  status append(const std::vector<const log_batch*>& batches) override {
    return settle(inner_->append(batches));
  }

  result<std::vector<entry_ptr>> read(log_index from, log_index to,
                                      std::uint64_t bytes_max) override {
    return settle(inner_->read(from, to, bytes_max));
  }

private:
  template <class T>
  T settle(T x) {
    env_.run_background();
    return x;
  }

  faulty_env& env_;
  std::unique_ptr<log_store> inner_;
};

/// Likewise.
class settling_state_store final : public state_store {
public:
  settling_state_store(faulty_env& env, std::unique_ptr<state_store> inner)
    : env_{env}, inner_{std::move(inner)} {
    env_.run_background();
  }

  ~settling_state_store() override { env_.run_background(); }

  result<state_image> load() override {
    auto x = inner_->load();
    env_.run_background();
    return x;
  }

  status write(const checkpoint_mark& mark,
               const std::vector<row>& rows) override {
    auto x = inner_->write(mark, rows);
    env_.run_background();
    return x;
  }

  result<std::unique_ptr<state_reader>> open_reader() override {
    return inner_->open_reader();
  }

private:
  faulty_env& env_;
  std::unique_ptr<state_store> inner_;
};

/// Likewise.
class settling_place final : public state_place {
public:
  settling_place(faulty_env& env, std::unique_ptr<state_place> inner)
    : env_{env}, inner_{std::move(inner)} {}

  result<std::unique_ptr<state_store>> open(std::uint64_t n) override {
    return wrap(inner_->open(n));
  }

  result<std::unique_ptr<state_store>> create(std::uint64_t n) override {
    return wrap(inner_->create(n));
  }

  result<std::optional<std::uint64_t>> unfinished(std::uint64_t n) override {
    return inner_->unfinished(n);
  }

  result<std::unique_ptr<state_store>> reopen(std::uint64_t n) override {
    return wrap(inner_->reopen(n));
  }

  status remove(std::uint64_t n) override { return inner_->remove(n); }

private:
  result<std::unique_ptr<state_store>>
  wrap(result<std::unique_ptr<state_store>> x) {
    if (!x)
      return x;
    return std::unique_ptr<state_store>{
      std::make_unique<settling_state_store>(env_, std::move(*x))};
  }

  faulty_env& env_;
  std::unique_ptr<state_place> inner_;
};

inline std::unique_ptr<state_place> open_faulty_place(faulty_env& env) {
  return std::make_unique<settling_place>(
    env, open_leveldb_place("/state", &env, small_buffer));
}

inline result<std::unique_ptr<log_store>> open_faulty_log(faulty_env& env) {
  auto store = open_leveldb_log("/log", &env, small_buffer);
  if (!store)
    return store.error();
  return std::unique_ptr<log_store>{
    std::make_unique<settling_log_store>(env, std::move(*store))};
}

inline result<std::unique_ptr<state_store>> open_faulty_state(faulty_env& env) {
  auto store = open_leveldb_state("/state", &env, small_buffer);
  if (!store)
    return store.error();
  return std::unique_ptr<state_store>{
    std::make_unique<settling_state_store>(env, std::move(*store))};
}

/// Something that log and state stores can be opened on, again and again.
class disk {
public:
  disk() = default;
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  virtual ~disk() = default;
  virtual result<std::unique_ptr<log_store>> open_log() = 0;
  virtual result<std::unique_ptr<state_store>> open_state() = 0;
  virtual std::unique_ptr<state_place> open_place() = 0;
};

class memory_disk final : public disk {
public:
  result<std::unique_ptr<log_store>> open_log() override {
    return open_memory_log(log_);
  }
  result<std::unique_ptr<state_store>> open_state() override {
    return open_memory_state(state_);
  }
  std::unique_ptr<state_place> open_place() override {
    return open_memory_place(places_);
  }

private:
  std::shared_ptr<memory_place_disk> places_ =
    std::make_shared<memory_place_disk>();
  std::shared_ptr<memory_log_disk> log_ = std::make_shared<memory_log_disk>();
  std::shared_ptr<memory_state_disk> state_ =
    std::make_shared<memory_state_disk>();
};

class real_disk final : public disk {
public:
  result<std::unique_ptr<log_store>> open_log() override {
    return open_leveldb_log(directory_.path() + "/log", nullptr, small_buffer);
  }
  result<std::unique_ptr<state_store>> open_state() override {
    return open_leveldb_state(directory_.path() + "/state", nullptr,
                              small_buffer);
  }
  std::unique_ptr<state_place> open_place() override {
    return open_leveldb_place(directory_.path() + "/state", nullptr,
                              small_buffer);
  }

private:
  temp_directory directory_;
};

class simulated_disk final : public disk {
public:
  result<std::unique_ptr<log_store>> open_log() override {
    return open_faulty_log(env_);
  }
  result<std::unique_ptr<state_store>> open_state() override {
    return open_faulty_state(env_);
  }
  std::unique_ptr<state_place> open_place() override {
    return open_faulty_place(env_);
  }

private:
  faulty_env env_{1};
};

struct named_disk {
  const char* name;
  std::unique_ptr<disk> on;
};

inline std::vector<named_disk> all_disks() {
  std::vector<named_disk> out;
  out.push_back({"memory", std::make_unique<memory_disk>()});
  out.push_back({"leveldb", std::make_unique<real_disk>()});
  out.push_back(
    {"leveldb on a simulated disk", std::make_unique<simulated_disk>()});
  return out;
}

/// Opens the state database of a generation and loads it.
inline result<std::pair<std::unique_ptr<state_store>, state_image>>
open_and_load(state_place& place, std::uint64_t generation) {
  auto store = place.open(generation);
  if (!store)
    return store.error();
  auto image = (*store)->load();
  if (!image)
    return image.error();
  return std::pair{std::move(*store), std::move(*image)};
}

inline entry_ptr make_entry(log_index index, log_term term,
                            std::string payload = "x") {
  return std::make_shared<log_entry>(
    log_entry{index,
              term,
              entry_kind::command,
              static_cast<cluster_time>(1000 + index),
              {"node", 1, index},
              std::move(payload)});
}

/// Entries [from, to] of `term`.
inline std::vector<entry_ptr> make_entries(log_index from, log_index to,
                                           log_term term,
                                           const std::string& payload = "x") {
  std::vector<entry_ptr> out;
  for (auto i = from; i <= to; ++i)
    out.push_back(make_entry(i, term, payload));
  return out;
}

/// Compares by content.
inline std::vector<log_entry> values(const std::vector<entry_ptr>& xs) {
  std::vector<log_entry> out;
  for (const auto& x : xs)
    out.push_back(*x);
  return out;
}

/// "1:1 2:1 3:2": index and term of each.
inline std::string show(const std::vector<entry_ptr>& xs) {
  std::string out;
  for (const auto& x : xs)
    out += (out.empty() ? "" : " ") + std::to_string(x->index) + ":"
           + std::to_string(x->term);
  return out;
}

} // namespace praetor::test
