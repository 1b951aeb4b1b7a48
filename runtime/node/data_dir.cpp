#include "runtime/node/data_dir.hpp"

#include "runtime/base/text.hpp"
#include "storage/leveldb_log_store.hpp"
#include "storage/leveldb_state_place.hpp"
#include "storage/leveldb_state_store.hpp"
#include "storage/memory_stores.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace praetor::node {

namespace fs = std::filesystem;

namespace {

error io_failure(const std::string& what) {
  return {errc::io_error, what + ": " + std::generic_category().message(errno)};
}

/// Writes a small file so that after a crash it is there whole or not at all.
status write_file(const std::string& path, const std::string& content) {
  const auto fresh = path + ".new";
  const auto fd =
    ::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    return io_failure("open " + fresh);
  const auto size = ::write(fd, content.data(), content.size());
  const auto written =
    size == static_cast<ssize_t>(content.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || std::rename(fresh.c_str(), path.c_str()) != 0)
    return io_failure("write " + path);
  const auto folder = fs::path{path}.parent_path().string();
  const auto dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0 || ::fsync(dir) != 0)
    return io_failure("sync " + folder);
  ::close(dir);
  return ok;
}

} // namespace

status make_data_dir(const std::string& path) {
  if (path.empty())
    return ok;
  std::error_code code;
  fs::create_directories(path, code);
  if (code)
    return error{errc::io_error,
                 "data_dir \"" + path + "\": " + code.message()};
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return error{errc::io_error, "data_dir \"" + path + "\" is not writable: "
                                   + std::generic_category().message(errno)};
  return ok;
}

result<std::string> settle_node_id(const std::string& path,
                                   const std::string& wanted, rng& random) {
  if (!wanted.empty() && !is_uuid(wanted))
    return error{errc::invalid_argument,
                 "failed to setup node ID: specified NodeID is invalid: uuid "
                 "string is wrong length"};
  auto id = to_lower(wanted);
  if (path.empty())
    return id.empty() ? make_uuid(random) : id;
  const auto file = path + "/node-id";
  if (id.empty() && fs::exists(file)) {
    std::ifstream in{file};
    std::string stored{std::istreambuf_iterator<char>{in}, {}};
    while (!stored.empty() && (stored.back() == '\n' || stored.back() == ' '))
      stored.pop_back();
    if (!is_uuid(stored))
      return error{errc::corruption, "failed to setup node ID: NodeID in "
                                       + file
                                       + " is invalid: uuid string is wrong "
                                         "length"};
    return to_lower(stored);
  }
  // Who asks for another id may err about the directory: leave its own there.
  if (fs::exists(file))
    return id;
  if (id.empty())
    id = make_uuid(random);
  if (auto written = write_file(file, id); !written)
    return error{errc::io_error,
                 "failed to setup node ID: " + written.error().context};
  return id;
}

result<databases> open_databases(const std::string& path, bool server) {
  databases out;
  if (path.empty()) {
    out.local = open_memory_state(std::make_shared<memory_state_disk>());
    if (server) {
      out.log = open_memory_log(std::make_shared<memory_log_disk>());
      out.states = open_memory_place(std::make_shared<memory_place_disk>());
    }
    return out;
  }
  auto local = open_leveldb_state(path + "/local");
  if (!local)
    return local.error();
  out.local = std::move(*local);
  if (!server)
    return out;
  std::error_code code;
  fs::create_directories(path + "/raft", code);
  if (code)
    return error{errc::io_error, path + "/raft: " + code.message()};
  auto log = open_leveldb_log(path + "/raft/log");
  if (!log)
    return log.error();
  out.log = std::move(*log);
  out.states = open_leveldb_place(path + "/raft/state");
  return out;
}

} // namespace praetor::node
