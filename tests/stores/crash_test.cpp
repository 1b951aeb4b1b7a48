// Goal: whatever happens to machine and disk, acknowledged writes are there
// afterwards and no write is half there; and the databases open.
// Method: each operation on the disk in turn is made the one that fails, by a
// loss of power (unsynced data lost or torn), an error, or a full disk; then
// the store is opened on what is left. See tests/stores/survival.hpp.

#include "storage/state_stream.hpp"
#include "tests/stores/store_support.hpp"
#include "tests/stores/survival.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace praetor;
using namespace praetor::test;

namespace {

class log_subject {
public:
  struct model {
    std::optional<log_identity> identity;
    log_position position;
    std::vector<entry_ptr> entries;
    friend bool operator==(const model& a, const model& b) {
      return a.identity == b.identity && a.position == b.position
             && std::equal(
               a.entries.begin(), a.entries.end(), b.entries.begin(),
               b.entries.end(),
               [](const entry_ptr& x, const entry_ptr& y) { return *x == *y; });
    }
  };

  status open(faulty_env& env) {
    auto store = open_faulty_log(env);
    if (!store)
      return store.error();
    store_ = std::move(*store);
    const auto image = store_->load();
    if (!image)
      return image.error();
    if (image->boot <= boot_)
      FAIL("the boot counter went back");
    boot_ = image->boot;
    loaded_ = {
      image->identity,
      {image->hard, image->start, image->start.index + image->entries.size()},
      image->entries};
    return ok;
  }

  const model& loaded() const { return loaded_; }

  status write(rng& random, model& next) {
    if (!next.identity) {
      next.identity = log_identity{"cluster", {"node"}};
      return store_->write_identity(*next.identity);
    }
    std::vector<log_batch> batches(1 + random.below(3));
    std::vector<const log_batch*> pointers;
    for (auto& x : batches) {
      x = make_batch(random, next.position);
      apply(next, x);
      pointers.push_back(&x);
    }
    return store_->append(pointers);
  }

  void close() { store_.reset(); }

private:
  static log_batch make_batch(rng& random, const log_position& now) {
    log_batch out;
    auto last = now.last;
    auto term = std::max<log_term>(now.hard.term, 1);
    if (random.below(4) == 0)
      out.hard = hard_state{++term, {random.below(2) == 0 ? "a" : ""}};
    if (random.below(30) == 0) {
      last += random.below(10);
      out.restart = log_start{last, term};
    } else if (random.below(6) == 0 && last > now.start.index) {
      last -= random.below(std::min<log_index>(last - now.start.index, 5));
      out.truncate_from = last--;
    }
    for (auto left = random.below(5); left > 0; --left)
      out.entries.push_back(
        make_entry(++last, term,
                   std::string(random.below(3000),
                               static_cast<char>('a' + random.below(26)))));
    if (random.below(8) == 0 && last > 20)
      out.discard_upto = log_start{last - 10, term};
    return out;
  }

  static void apply(model& m, const log_batch& batch) {
    if (batch.restart)
      m.entries.clear();
    if (batch.truncate_from)
      while (!m.entries.empty()
             && m.entries.back()->index >= *batch.truncate_from)
        m.entries.pop_back();
    m.entries.insert(m.entries.end(), batch.entries.begin(),
                     batch.entries.end());
    m.position.advance(batch);
    std::erase_if(m.entries, [&m](const entry_ptr& x) {
      return x->index <= m.position.start.index;
    });
  }

  std::unique_ptr<log_store> store_;
  model loaded_;
  std::uint64_t boot_ = 0;
};

class state_subject {
public:
  struct model {
    checkpoint_mark mark;
    std::map<std::pair<std::string, std::string>, std::string> rows;
    friend bool operator==(const model&, const model&) = default;
  };

  status open(faulty_env& env) {
    auto store = open_faulty_state(env);
    if (!store)
      return store.error();
    store_ = std::move(*store);
    const auto image = store_->load();
    if (!image)
      return image.error();
    loaded_ = {image->mark, {}};
    for (const auto& x : image->rows)
      loaded_.rows[{x.table, x.key}] = *x.value;
    return ok;
  }

  const model& loaded() const { return loaded_; }

  status write(rng& random, model& next) {
    next.mark.index += 1 + random.below(100);
    next.mark.membership = std::to_string(random.next());
    std::vector<row> rows;
    for (auto left = random.below(40); left > 0; --left) {
      row x{random.below(2) == 0 ? "kv" : "nodes",
            std::to_string(random.below(60)),
            {}};
      if (random.below(3) != 0)
        x.value = std::string(random.below(800), 'v');
      if (x.value)
        next.rows[{x.table, x.key}] = *x.value;
      else
        next.rows.erase({x.table, x.key});
      rows.push_back(std::move(x));
    }
    return store_->write(next.mark, rows);
  }

  void close() { store_.reset(); }

private:
  std::unique_ptr<state_store> store_;
  model loaded_;
};

/// A server's log and state together: now and then it takes over the state of
/// another server, and its log restarts behind that.
class server_subject {
public:
  struct model {
    checkpoint_mark mark;
    std::map<std::string, std::string> rows;
    log_index log_start = 0;
    friend bool operator==(const model&, const model&) = default;
  };

  status open(faulty_env& env) {
    failure_.reset();
    auto log = open_faulty_log(env);
    if (!log)
      return log.error();
    log_ = std::move(*log);
    const auto image = log_->load();
    if (!image)
      return image.error();
    place_ = open_faulty_place(env);
    generation_ = image->state;
    auto state = open_and_load(*place_, generation_);
    if (!state)
      return state.error();
    store_ = std::move(state->first);
    loaded_ = {state->second.mark, {}, image->start.index};
    for (const auto& x : state->second.rows)
      loaded_.rows[x.key] = *x.value;
    if (loaded_.mark.index < loaded_.log_start)
      FAIL("the log begins behind the state");
    return ok;
  }

  const model& loaded() const { return loaded_; }

  /// The node stops at the first failure, whichever database it is in.
  status write(rng& random, model& next) {
    if (failure_)
      return *failure_;
    next.mark.index += 1 + random.below(100);
    next.mark.term = 1;
    auto s =
      random.below(3) == 0 ? take_over(random, next) : checkpoint(random, next);
    if (!s)
      failure_ = s.error();
    return s;
  }

  void close() {
    store_.reset();
    place_.reset();
    log_.reset();
  }

private:
  status checkpoint(rng& random, model& next) {
    const auto key = std::to_string(random.below(20));
    next.rows[key] = std::string(random.below(2000), 'v');
    return store_->write(next.mark, {{"t", key, next.rows[key]}});
  }

  status take_over(rng& random, model& next) {
    next.rows.clear();
    for (auto n = random.below(30); n > 0; --n)
      next.rows[std::to_string(random.below(1000))] =
        std::string(random.below(900), static_cast<char>('a' + n % 26));
    next.log_start = next.mark.index;
    auto fresh = place_->create(generation_ + 1);
    if (!fresh)
      return fresh.error();
    if (auto image = (*fresh)->load(); !image)
      return image.error();
    state_source source{reader_of(next), 4000};
    state_sink sink{std::move(*fresh), {"sender", 1, next.mark}};
    for (std::uint64_t n = 0; !sink.complete(); ++n) {
      auto stored = sink.store(n, **source.chunk(n));
      if (!stored)
        return stored.error();
      REQUIRE(*stored);
    }
    log_batch batch;
    batch.restart = log_start{next.mark.index, 1};
    batch.state = ++generation_;
    if (auto s = log_->append({&batch}); !s)
      return s;
    store_ = sink.take();
    return place_->remove(generation_ - 1);
  }

  /// Another server's state, in memory.
  static std::unique_ptr<state_reader> reader_of(const model& x) {
    const auto disk = std::make_shared<memory_state_disk>();
    disk->mark = x.mark;
    for (const auto& [key, value] : x.rows)
      disk->rows[{"t", key}] = value;
    return std::move(*open_memory_state(disk)->open_reader());
  }

  std::unique_ptr<log_store> log_;
  std::unique_ptr<state_place> place_;
  std::unique_ptr<state_store> store_;
  std::uint64_t generation_ = 0;
  std::optional<error> failure_;
  model loaded_;
};

const auto lose_power = [](auto& one, std::uint64_t n) {
  one.env.crash_at(n);
  one.live(60);
  one.env.power_loss();
};

const auto fail = [](auto& one, std::uint64_t n) {
  one.env.fail_at(n, "Input/output error");
  one.live(60);
  if (n % 2 == 0)
    one.env.restart();
  else
    one.env.power_loss();
};

const auto fill_up = [](auto& one, std::uint64_t n) {
  one.env.set_capacity(n * 300);
  const auto failure = one.live(60);
  if (!failure.empty() && failure.find("disk full: ") != 0)
    FAIL("not said to be a full disk: " << failure);
  if (n % 2 == 0)
    one.env.restart();
  else
    one.env.power_loss();
};

} // namespace

TEMPLATE_TEST_CASE(
  "leveldb stores: a loss of power at any operation is survived",
  "[stores][crash]", log_subject, state_subject, server_subject) {
  auto cases = 0;
  for (const auto seed : {1U, 2U, 3U})
    cases += survive_everywhere<TestType>(seed, 60, 1, lose_power);
  CHECK(cases >= 1000);
}

TEMPLATE_TEST_CASE("leveldb stores: an error of any operation is survived",
                   "[stores][crash]", log_subject, state_subject,
                   server_subject) {
  CHECK(survive_everywhere<TestType>(5, 60, 2, fail) > 100);
}

TEMPLATE_TEST_CASE("leveldb stores: a disk that fills up anywhere is survived",
                   "[stores][crash]", log_subject, state_subject,
                   server_subject) {
  CHECK(survive_everywhere<TestType>(6, 60, 2, fill_up) > 100);
}
