// What gossip keeps in the folder `serf` of the data directory: who the members
// were, and the keys. Blocking; used at start, and by an actor with a thread of
// its own.
//
// Format of local.snapshot: 8 bytes magic, the snapshot (core/snapshot.hpp),
// 8 bytes checksum. Of local.keyring: Consul's, a JSON list of keys in base64,
// the one that encrypts first.

#pragma once

#include "actors/gossip/core/snapshot.hpp"
#include "runtime/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::gossip {

/// Paths below `folder`; all empty if that is: nothing is kept.
struct pool_files {
  std::string snapshot;
  std::string keyring;
};

/// Names the files of a pool ("local" or "remote") and makes the folder
/// `data_dir`/serf. Errors: io_error.
result<pool_files> make_pool_files(const std::string& data_dir,
                                   const std::string& pool);

/// Replaces a file so that a crash leaves the old or the new one: writes aside,
/// syncs, renames, syncs the folder. Errors: io_error.
status replace_file(const std::string& path, const std::string& content);

std::string encode_snapshot_file(const std::string& snapshot);

/// Returns nothing if there is no such file. Errors: corruption, io_error; who
/// starts a node reports and ignores them.
result<std::optional<pool_snapshot>> read_snapshot(const std::string& path);

std::string encode_keyring(const std::vector<std::string>& keys);

/// The keys of a pool, from its file or else from the configuration's
/// `encrypt` (base64), which is written to the file then.
struct key_choice {
  /// Bytes; none: no encryption.
  std::vector<std::string> keys;
  /// The file has other keys than the configuration; the file counts.
  bool differs = false;
};

/// @param path Empty: there is no file.
/// Errors: invalid_argument in Consul's words, io_error.
result<key_choice> choose_keys(const std::string& path,
                               const std::string& encrypt);

} // namespace praetor::gossip
