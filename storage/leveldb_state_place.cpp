#include "storage/leveldb_state_place.hpp"

#include "runtime/base/text.hpp"
#include "storage/env.hpp"
#include "storage/file_names.hpp"
#include "storage/leveldb_state_store.hpp"

#include <leveldb/status.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace praetor {

namespace {

class leveldb_state_place final : public state_place {
public:
  leveldb_state_place(std::string base, file_env& files,
                      std::size_t write_buffer_bytes)
    : base_{std::move(base)},
      files_{files},
      write_buffer_bytes_{write_buffer_bytes} {}

  result<std::unique_ptr<state_store>> open(std::uint64_t generation) override;
  result<std::optional<std::uint64_t>>
  unfinished(std::uint64_t in_force) override;
  result<std::unique_ptr<state_store>>
  reopen(std::uint64_t generation) override;
  result<std::unique_ptr<state_store>>
  create(std::uint64_t generation) override;
  status remove(std::uint64_t generation) override;

private:
  std::string path_of(std::uint64_t generation) const {
    return generation == 0 ? base_ : base_ + "-" + std::to_string(generation);
  }

  std::optional<std::uint64_t> parse_name(std::string_view name) const;
  result<std::vector<std::uint64_t>> list() const;
  status remove_directory(const std::string& path);

  std::string base_;
  file_env& files_;
  std::size_t write_buffer_bytes_;
};

error failure(const leveldb::Status& s) {
  return {errc::io_error, s.ToString()};
}

result<std::unique_ptr<state_store>>
leveldb_state_place::open(std::uint64_t generation) {
  const auto path = path_of(generation);
  const auto current = path + "/" + std::string{file_names::current};
  if (generation > 0 && !files_.FileExists(current))
    return error{errc::corruption, path
                                     + " is missing or incomplete, but the "
                                       "log begins behind it"};
  const auto found = list();
  if (!found)
    return found.error();
  const auto newest = found->empty()
                        ? generation
                        : *std::max_element(found->begin(), found->end());
  for (const auto x : *found)
    if (x != generation && (x < generation || x != newest))
      if (auto removed = remove(x); !removed)
        return removed.error();
  return open_leveldb_state(path, &files_, write_buffer_bytes_);
}

result<std::optional<std::uint64_t>>
leveldb_state_place::unfinished(std::uint64_t in_force) {
  const auto found = list();
  if (!found)
    return found.error();
  const auto newest = std::max_element(found->begin(), found->end());
  if (newest == found->end() || *newest <= in_force)
    return std::optional<std::uint64_t>{};
  return std::optional{*newest};
}

result<std::unique_ptr<state_store>>
leveldb_state_place::reopen(std::uint64_t generation) {
  const auto path = path_of(generation);
  if (!files_.FileExists(path + "/" + std::string{file_names::current}))
    return error{errc::corruption, path + " is incomplete"};
  return open_leveldb_state(path, &files_, write_buffer_bytes_);
}

result<std::unique_ptr<state_store>>
leveldb_state_place::create(std::uint64_t generation) {
  if (auto removed = remove(generation); !removed)
    return removed.error();
  return open_leveldb_state(path_of(generation), &files_, write_buffer_bytes_);
}

status leveldb_state_place::remove(std::uint64_t generation) {
  const auto found = list();
  if (!found)
    return found.error();
  for (const auto x : *found)
    if (x == generation)
      return remove_directory(path_of(generation));
  return ok;
}

/// Returns the generation of a directory's name, or nothing.
std::optional<std::uint64_t>
leveldb_state_place::parse_name(std::string_view name) const {
  const auto base = file_names::name_of(base_);
  if (name == base)
    return 0;
  if (!name.starts_with(base) || name.size() < base.size() + 2
      || name[base.size()] != '-')
    return std::nullopt;
  const auto number = parse_uint(name.substr(base.size() + 1));
  // "state-0" and "state-01" are not ours.
  if (!number
      || path_of(*number).size() != base_.size() - base.size() + name.size())
    return std::nullopt;
  return *number == 0 ? std::nullopt : number;
}

result<std::vector<std::uint64_t>> leveldb_state_place::list() const {
  std::vector<std::string> names;
  if (auto s = files_.GetChildren(file_names::directory_of(base_), &names);
      !s.ok())
    return failure(s);
  std::vector<std::uint64_t> out;
  for (const auto& name : names)
    if (const auto x = parse_name(name))
      out.push_back(*x);
  return out;
}

/// CURRENT goes first: what is left of a database is never taken for one.
status leveldb_state_place::remove_directory(const std::string& path) {
  const auto current = path + "/" + std::string{file_names::current};
  if (files_.FileExists(current))
    if (auto s = files_.RemoveFile(current); !s.ok())
      return failure(s);
  std::vector<std::string> names;
  if (auto s = files_.GetChildren(path, &names); !s.ok())
    return failure(s);
  for (const auto& name : names)
    if (name != "." && name != "..")
      if (auto s = files_.RemoveFile(path + "/" + name); !s.ok())
        return failure(s);
  if (auto s = files_.RemoveDir(path); !s.ok())
    return failure(s);
  return ok;
}

} // namespace

std::unique_ptr<state_place>
open_leveldb_place(std::string base, file_env* files,
                   std::size_t write_buffer_bytes) {
  return std::make_unique<leveldb_state_place>(
    std::move(base), files ? *files : posix_env(), write_buffer_bytes);
}

} // namespace praetor
