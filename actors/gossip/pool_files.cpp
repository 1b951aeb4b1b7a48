#include "actors/gossip/pool_files.hpp"

#include "runtime/base/crc32c.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <rapidjson/document.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace praetor::gossip {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view magic = "PRTRSRF1";
constexpr std::size_t checksum_bytes = 8;

/// Source: net::gossip_key_ring. A ring has that many keys.
constexpr std::size_t keys_max = 16;

error io_failure(const std::string& what) {
  return {errc::io_error, what + ": " + std::generic_category().message(errno)};
}

/// Crash-safe only together with what `replace_file` does around it.
status write_and_sync(const std::string& path, const std::string& content) {
  const auto fd =
    ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    return io_failure("open " + path);
  std::string_view rest = content;
  auto good = true;
  while (good && !rest.empty()) {
    const auto size = ::write(fd, rest.data(), rest.size());
    good = size > 0 || (size < 0 && errno == EINTR);
    if (size > 0)
      rest.remove_prefix(static_cast<std::size_t>(size));
  }
  good = good && ::fsync(fd) == 0;
  const auto outcome = good ? ok : status{io_failure("write " + path)};
  ::close(fd);
  return outcome;
}

status sync_folder(const std::string& folder) {
  const auto fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return io_failure("open " + folder);
  const auto outcome =
    ::fsync(fd) == 0 ? ok : status{io_failure("sync " + folder)};
  ::close(fd);
  return outcome;
}

/// Returns nothing if there is no such file.
result<std::optional<std::string>> read_file(const std::string& path) {
  std::error_code code;
  if (path.empty() || !fs::exists(path, code))
    return std::optional<std::string>{};
  std::ifstream in{path, std::ios::binary};
  std::optional<std::string> out;
  out.emplace(std::istreambuf_iterator<char>{in},
              std::istreambuf_iterator<char>{});
  if (!in)
    return error{errc::io_error, "cannot read " + path};
  return out;
}

std::string checksum_of(std::string_view bytes) {
  auto x = std::uint64_t{crc32c(bytes)};
  std::string out;
  for (std::size_t i = 0; i < checksum_bytes; ++i, x >>= 8U)
    out.push_back(static_cast<char>(x & 0xFFU));
  return out;
}

result<std::string> decode_key(const std::string& text) {
  auto key = base64_decode(text);
  if (key && key->size() != 16 && key->size() != 24 && key->size() != 32)
    return error{errc::invalid_argument,
                 "Invalid key: key size must be 16, 24 or 32 bytes"};
  return key;
}

result<std::vector<std::string>> decode_keyring(const std::string& path,
                                                const std::string& text) {
  const auto failed = [&path](const std::string& why) {
    return error{errc::invalid_argument,
                 "error reading keyring " + path + ": " + why};
  };
  rapidjson::Document doc;
  doc.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (doc.HasParseError() || !doc.IsArray())
    return failed("not a list of keys in JSON");
  if (doc.Empty() || doc.Size() > keys_max)
    return failed("it has no key, or more than " + std::to_string(keys_max));
  std::vector<std::string> out;
  for (const auto& x : doc.GetArray()) {
    if (!x.IsString())
      return failed("not a list of keys in JSON");
    auto key = decode_key({x.GetString(), x.GetStringLength()});
    if (!key)
      return failed(key.error().context);
    out.push_back(std::move(*key));
  }
  return out;
}

} // namespace

result<pool_files> make_pool_files(const std::string& data_dir,
                                   const std::string& pool) {
  if (data_dir.empty())
    return pool_files{};
  const auto folder = data_dir + "/serf";
  std::error_code code;
  fs::create_directories(folder, code);
  if (code)
    return error{errc::io_error, folder + ": " + code.message()};
  return pool_files{folder + "/" + pool + ".snapshot",
                    folder + "/" + pool + ".keyring"};
}

status replace_file(const std::string& path, const std::string& content) {
  const auto fresh = path + ".new";
  if (auto written = write_and_sync(fresh, content); !written)
    return written;
  if (std::rename(fresh.c_str(), path.c_str()) != 0)
    return io_failure("rename " + fresh);
  return sync_folder(fs::path{path}.parent_path().string());
}

// -- the snapshot -------------------------------------------------------------

std::string encode_snapshot_file(const std::string& snapshot) {
  auto out = std::string{magic} + snapshot;
  return out + checksum_of(out);
}

result<std::optional<pool_snapshot>> read_snapshot(const std::string& path) {
  const auto content = read_file(path);
  if (!content)
    return content.error();
  if (!*content)
    return std::optional<pool_snapshot>{};
  const std::string_view bytes = **content;
  const auto damaged = error{errc::corruption, path + " is damaged"};
  if (bytes.size() < magic.size() + checksum_bytes || !bytes.starts_with(magic))
    return damaged;
  const auto body = bytes.substr(0, bytes.size() - checksum_bytes);
  if (checksum_of(body) != bytes.substr(body.size()))
    return damaged;
  auto found = decode_snapshot(body.substr(magic.size()));
  if (!found)
    return error{found.error().code, path + ": " + found.error().context};
  return std::optional{*std::move(found)};
}

// -- the keys -----------------------------------------------------------------

std::string encode_keyring(const std::vector<std::string>& keys) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (const auto& key : keys)
    json.string(base64_encode(key));
  json.end_array();
  return out;
}

result<key_choice> choose_keys(const std::string& path,
                               const std::string& encrypt) {
  std::optional<std::string> wanted;
  if (!encrypt.empty()) {
    auto key = decode_key(encrypt);
    if (!key)
      return error{errc::invalid_argument,
                   "Failed to configure keyring: " + key.error().context};
    wanted = std::move(*key);
  }
  const auto content = read_file(path);
  if (!content)
    return content.error();
  key_choice out;
  if (*content) {
    auto keys = decode_keyring(path, **content);
    if (!keys)
      return keys.error();
    out.keys = std::move(*keys);
    out.differs =
      wanted
      && std::find(out.keys.begin(), out.keys.end(), *wanted) == out.keys.end();
    return out;
  }
  if (!wanted)
    return out;
  out.keys.push_back(std::move(*wanted));
  if (path.empty())
    return out;
  if (auto written = replace_file(path, encode_keyring(out.keys)); !written)
    return written.error();
  return out;
}

} // namespace praetor::gossip
