#include "storage/faulty_env.hpp"

#include "runtime/base/assert.hpp"
#include "storage/file_names.hpp"

#include <leveldb/slice.h>
#include <leveldb/status.h>

#include <algorithm>
#include <cstring>

namespace praetor {

namespace {

constexpr std::size_t sector_size = 512;

leveldb::Status stopped(const std::string& path) {
  return leveldb::Status::IOError(path, "the machine stopped");
}

leveldb::Status missing(const std::string& path) {
  return leveldb::Status::NotFound(path, "No such file or directory");
}

/// Reads a file as it is at the time of each call.
class faulty_readable_file final : public leveldb::SequentialFile,
                                   public leveldb::RandomAccessFile {
public:
  explicit faulty_readable_file(std::shared_ptr<const std::string> data)
    : data_{std::move(data)} {}

  leveldb::Status Read(std::uint64_t offset, std::size_t size,
                       leveldb::Slice* out, char* scratch) const override {
    const auto at = std::min<std::size_t>(offset, data_->size());
    size = std::min(size, data_->size() - at);
    std::memcpy(scratch, data_->data() + at, size);
    *out = leveldb::Slice{scratch, size};
    return leveldb::Status::OK();
  }

  leveldb::Status Read(std::size_t size, leveldb::Slice* out,
                       char* scratch) override {
    const auto s = Read(at_, size, out, scratch);
    at_ += out->size();
    return s;
  }

  leveldb::Status Skip(std::uint64_t size) override {
    at_ += size;
    return leveldb::Status::OK();
  }

private:
  std::shared_ptr<const std::string> data_;
  std::uint64_t at_ = 0;
};

class faulty_lock final : public leveldb::FileLock {
public:
  explicit faulty_lock(std::string name) : path{std::move(name)} {}
  const std::string path;
};

} // namespace

class faulty_writable_file final : public leveldb::WritableFile {
public:
  faulty_writable_file(faulty_env& env, std::string path,
                       faulty_env::file_ptr target)
    : env_{env}, path_{std::move(path)}, file_{std::move(target)} {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    return env_.append(path_, *file_, data);
  }

  leveldb::Status Sync() override { return env_.sync(path_, *file_); }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }

private:
  faulty_env& env_;
  std::string path_;
  faulty_env::file_ptr file_;
};

faulty_env::faulty_env(std::uint64_t seed)
  : file_env{leveldb::Env::Default()}, random_{seed} {}

// -- faults -------------------------------------------------------------------

void faulty_env::fail_at(std::uint64_t n, std::string text) {
  fail_at_ = n;
  fail_text_ = std::move(text);
}

faulty_env::verdict faulty_env::begin_operation(const std::string& path) {
  if (crashed_)
    return {false, stopped(path)};
  ++operations_;
  if (operations_ == crash_at_) {
    crashed_ = struck_ = true;
    return {random_.below(2) == 0, stopped(path)};
  }
  if (operations_ == fail_at_) {
    struck_ = true;
    return {false, leveldb::Status::IOError(path, fail_text_)};
  }
  return {};
}

void faulty_env::power_loss() {
  const auto any_subset = random_.below(5) == 0;
  const auto prefix = random_.below(unsynced_.size() + 1);
  auto survivors = durable_;
  for (std::size_t i = 0; i < unsynced_.size(); ++i)
    if (any_subset ? random_.below(2) == 0 : i < prefix)
      apply(survivors, unsynced_[i]);
  live_.clear();
  for (const auto& [path, f] : survivors) {
    const auto parent = file_names::directory_of(path);
    if (parent == "/" || live_.contains(parent)) // "/a" comes before "/a/b"
      live_.emplace(path, survivor_of(*f));
  }
  durable_ = live_;
  unsynced_.clear();
  restart();
}

faulty_env::file_ptr faulty_env::survivor_of(const file& f) {
  auto out = std::make_shared<file>();
  out->is_directory = f.is_directory;
  out->data = f.data;
  const auto unsynced = f.data.size() - f.synced;
  switch (random_.below(4)) {
    case 0: out->data.resize(f.synced); break;
    case 1: break;
    case 2: out->data.resize(f.synced + random_.below(unsynced + 1)); break;
    default:
      out->data.resize(f.synced + random_.below(unsynced + 1));
      for (auto at = f.synced; at < out->data.size();) {
        const auto end =
          std::min(out->data.size(), (at / sector_size + 1) * sector_size);
        const auto fate = random_.below(4); // 2 and 3: the sector was written
        for (; at < end; ++at)
          if (fate < 2)
            out->data[at] =
              fate == 0 ? '\0' : static_cast<char>(random_.next());
      }
  }
  out->synced = out->data.size();
  return out;
}

void faulty_env::restart() {
  PRAETOR_ASSERT(background_.empty());
  crashed_ = struck_ = false;
  crash_at_.reset();
  fail_at_.reset();
  capacity_.reset();
  locks_.clear();
}

// -- a look from outside ------------------------------------------------------

std::vector<std::string> faulty_env::list() const {
  std::vector<std::string> out;
  for (const auto& [path, f] : live_)
    if (!f->is_directory)
      out.push_back(path);
  return out;
}

std::string& faulty_env::content(const std::string& path) {
  const auto f = find(path);
  PRAETOR_ASSERT(f != nullptr);
  return f->data;
}

// -- leveldb::Env -------------------------------------------------------------

void faulty_env::Schedule(void (*function)(void*), void* argument) {
  background_.emplace_back(function, argument);
}

void faulty_env::run_background() {
  while (!background_.empty()) {
    const auto [function, argument] = background_.front();
    background_.pop_front();
    function(argument);
  }
}

leveldb::Status faulty_env::append(const std::string& path, file& f,
                                   const leveldb::Slice& data) {
  const auto [effective, outcome] = begin_operation(path);
  auto size = data.size();
  if (!outcome.ok())
    size = random_.below(size + 1);
  auto room = size;
  if (capacity_)
    room = *capacity_ - std::min(*capacity_, bytes_used());
  f.data.append(data.data(), std::min<std::size_t>(size, room));
  if (outcome.ok() && size > room) {
    struck_ = true;
    return leveldb::Status::IOError(path, "No space left on device");
  }
  return outcome;
}

leveldb::Status faulty_env::sync(const std::string& path, file& f) {
  const auto [effective, outcome] = begin_operation(path);
  if (effective && !f.poisoned)
    f.synced = f.data.size();
  if (!effective && !crashed_)
    f.poisoned = true;
  return outcome;
}

leveldb::Status faulty_env::sync_directory(const std::string& directory) {
  const auto [effective, outcome] = begin_operation(directory);
  if (!effective)
    return outcome;
  for (auto i = unsynced_.begin(); i != unsynced_.end();) {
    if (i->directory != directory) {
      ++i;
      continue;
    }
    apply(durable_, *i);
    i = unsynced_.erase(i);
  }
  return outcome;
}

leveldb::Status faulty_env::change_directory(change x) {
  const auto [effective, outcome] =
    begin_operation(x.added.empty() ? x.gone : x.added);
  if (effective) {
    apply(live_, x);
    unsynced_.push_back(std::move(x));
  }
  return outcome;
}

void faulty_env::apply(directory_tree& tree, const change& x) {
  if (!x.gone.empty())
    tree.erase(x.gone);
  if (!x.added.empty())
    tree[x.added] = x.target;
}

leveldb::Status faulty_env::NewSequentialFile(const std::string& path,
                                              leveldb::SequentialFile** out) {
  *out = nullptr;
  if (crashed_)
    return stopped(path);
  const auto f = find(path);
  if (!f)
    return missing(path);
  *out = new faulty_readable_file{{f, &f->data}};
  return leveldb::Status::OK();
}

leveldb::Status
faulty_env::NewRandomAccessFile(const std::string& path,
                                leveldb::RandomAccessFile** out) {
  *out = nullptr;
  if (crashed_)
    return stopped(path);
  const auto f = find(path);
  if (!f)
    return missing(path);
  *out = new faulty_readable_file{{f, &f->data}};
  return leveldb::Status::OK();
}

leveldb::Status faulty_env::NewWritableFile(const std::string& path,
                                            leveldb::WritableFile** out) {
  *out = nullptr;
  const auto directory = file_names::directory_of(path);
  if (directory != "/" && !find(directory))
    return missing(path);
  auto f = std::make_shared<file>();
  if (auto s = change_directory({directory, {}, path, f}); !s.ok())
    return s;
  *out = new faulty_writable_file{*this, path, std::move(f)};
  return leveldb::Status::OK();
}

/// LevelDB can do without, and we never ask for it (`reuse_logs`).
leveldb::Status faulty_env::NewAppendableFile(const std::string& path,
                                              leveldb::WritableFile** out) {
  *out = nullptr;
  return leveldb::Status::NotSupported(path, "appending");
}

bool faulty_env::FileExists(const std::string& path) {
  return find(path) != nullptr;
}

leveldb::Status faulty_env::GetChildren(const std::string& directory,
                                        std::vector<std::string>* out) {
  out->clear();
  for (const auto& [path, f] : live_)
    if (file_names::directory_of(path) == directory)
      out->emplace_back(file_names::name_of(path));
  return leveldb::Status::OK();
}

leveldb::Status faulty_env::RemoveFile(const std::string& path) {
  if (!find(path))
    return missing(path);
  return change_directory({file_names::directory_of(path), path, {}, nullptr});
}

leveldb::Status faulty_env::CreateDir(const std::string& path) {
  if (find(path))
    return leveldb::Status::IOError(path, "File exists");
  auto f = std::make_shared<file>();
  f->is_directory = true;
  return change_directory(
    {file_names::directory_of(path), {}, path, std::move(f)});
}

leveldb::Status faulty_env::RemoveDir(const std::string& path) {
  return RemoveFile(path);
}

leveldb::Status faulty_env::GetFileSize(const std::string& path,
                                        std::uint64_t* out) {
  const auto f = find(path);
  if (!f)
    return missing(path);
  *out = f->data.size();
  return leveldb::Status::OK();
}

leveldb::Status faulty_env::RenameFile(const std::string& from,
                                       const std::string& to) {
  auto f = find(from);
  if (!f)
    return missing(from);
  return change_directory(
    {file_names::directory_of(to), from, to, std::move(f)});
}

leveldb::Status faulty_env::LockFile(const std::string& path,
                                     leveldb::FileLock** out) {
  *out = nullptr;
  if (crashed_)
    return stopped(path);
  if (!locks_.insert(path).second)
    return leveldb::Status::IOError("lock " + path, "already held by process");
  *out = new faulty_lock{path};
  return leveldb::Status::OK();
}

leveldb::Status faulty_env::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<faulty_lock> owner{static_cast<faulty_lock*>(lock)};
  locks_.erase(owner->path);
  return leveldb::Status::OK();
}

faulty_env::file_ptr faulty_env::find(const std::string& path) const {
  const auto i = live_.find(path);
  return i == live_.end() ? nullptr : i->second;
}

std::uint64_t faulty_env::bytes_used() const {
  std::uint64_t out = 0;
  for (const auto& [path, f] : live_)
    out += f->data.size();
  return out;
}

} // namespace praetor
