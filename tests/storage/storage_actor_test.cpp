// Goal: what waits is written in order with one sync, answers come after it and
// never too early, and the first failure ends all promises.
// Method: the real actor under virtual time on stores that write down what they
// are asked; a collecting actor stands in for Raft.

#include "actors/storage/storage_actor.hpp"

#include "storage/memory_stores.hpp"
#include "tests/support/actor_fixture.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::disk;

namespace {

using journal = std::vector<std::string>;

class noting_log_store final : public log_store {
public:
  noting_log_store(std::unique_ptr<log_store> inner, journal& notes)
    : inner_{std::move(inner)}, notes_{notes} {}

  result<log_image> load() override { return inner_->load(); }

  status write_identity(const log_identity& x) override {
    return inner_->write_identity(x);
  }

  status append(const std::vector<const log_batch*>& batches) override {
    std::string note = "append";
    for (const auto* batch : batches)
      for (const auto& entry : batch->entries)
        note += " " + std::to_string(entry->index);
    notes_.push_back(note);
    return inner_->append(batches);
  }

  result<std::vector<entry_ptr>> read(log_index from, log_index to,
                                      std::uint64_t bytes_max) override {
    notes_.push_back("read");
    return inner_->read(from, to, bytes_max);
  }

private:
  std::unique_ptr<log_store> inner_;
  journal& notes_;
};

class noting_state_store final : public state_store {
public:
  noting_state_store(std::unique_ptr<state_store> inner, std::string name,
                     journal& notes)
    : inner_{std::move(inner)}, name_{std::move(name)}, notes_{notes} {}

  result<state_image> load() override { return inner_->load(); }

  status write(const checkpoint_mark& mark,
               const std::vector<row>& rows) override {
    notes_.push_back(name_ + " " + std::to_string(mark.index));
    return inner_->write(mark, rows);
  }

private:
  std::unique_ptr<state_store> inner_;
  std::string name_;
  journal& notes_;
};

/// Keeps the sender's side of a conversation.
persisted_sink_actor::behavior_type
collect(std::reference_wrapper<journal> notes) {
  return {
    [notes](const persisted& msg) {
      notes.get().push_back("persisted " + std::to_string(msg.token));
    },
  };
}

struct fixture : test::actor_fixture {
  journal notes;
  journal fatal;
  std::shared_ptr<memory_log_disk> log = std::make_shared<memory_log_disk>();
  std::shared_ptr<memory_state_disk> rows =
    std::make_shared<memory_state_disk>();
  persisted_sink_actor raft = sys.spawn(collect, std::ref(notes));
  storage_actor storage = spawn(true);

  storage_actor spawn(bool with_stores) {
    storage_options options;
    options.detached = false;
    options.on_fatal = [this](const std::string& e) { fatal.push_back(e); };
    if (with_stores) {
      options.log =
        std::make_shared<noting_log_store>(open_memory_log(log), notes);
      options.state = std::make_shared<noting_state_store>(
        open_memory_state(rows), "checkpoint", notes);
      options.local = std::make_shared<noting_state_store>(
        open_memory_state(std::make_shared<memory_state_disk>()), "local",
        notes);
    }
    return spawn_storage(sys, std::move(options));
  }

  ~fixture() {
    self->send_exit(storage, caf::exit_reason::user_shutdown);
    self->send_exit(raft, caf::exit_reason::user_shutdown);
    settle();
  }

  /// Raft asks to persist entry `token`.
  void ask(std::uint64_t token, std::size_t bytes = 1) {
    persist msg;
    msg.token = token;
    msg.batch.entries = {std::make_shared<log_entry>(log_entry{
      token, 1, entry_kind::command, 0, {}, std::string(bytes, 'x')})};
    caf::send_as(raft, storage, std::move(msg));
  }

  template <class T>
  reply<T> noting_reply(std::string name) {
    return reply<T>{[this, name](const result<T>& x) {
      notes.push_back(name + (x ? " ok" : " " + x.error().context));
    }};
  }

  void ask_checkpoint(log_index index) {
    self->send(storage,
               write_checkpoint{{index, 1, {}, 0},
                                {},
                                noting_reply<std::monostate>("state:")});
  }

  void ask_local() {
    self->send(storage,
               write_local{{}, noting_reply<std::monostate>("agent:")});
  }

  void ask_read(log_index from) {
    self->send(storage,
               read_entries{from, from, 1,
                            noting_reply<std::vector<entry_ptr>>("reader:")});
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "storage: what waits is one write and one answer",
                 "[storage][actor]") {
  for (auto token = 1U; token <= 5; ++token)
    ask(token);
  settle();
  CHECK(notes == journal{"append 1 2 3 4 5", "persisted 5"});
  notes.clear();
  ask(6);
  settle();
  ask(7);
  settle();
  CHECK(notes == journal{"append 6", "persisted 6", "append 7", "persisted 7"});
}

TEST_CASE_METHOD(fixture, "storage: a group has a limit", "[storage][actor]") {
  ask(1, 600'000);
  ask(2, 600'000);
  ask(3);
  settle();
  CHECK(notes
        == journal{"append 1 2", "append 3", "persisted 2", "persisted 3"});
}

TEST_CASE_METHOD(fixture, "storage: a read sees what was persisted before",
                 "[storage][actor]") {
  ask(1);
  ask_read(1);
  ask(2);
  ask_read(9);
  settle();
  CHECK(notes
        == journal{"append 1", "read", "reader: ok", "append 2", "read",
                   "reader: memory: no log entry 9", "persisted 1",
                   "persisted 2"});
  CHECK(fatal.empty());
}

TEST_CASE_METHOD(fixture, "storage: a checkpoint lets those who wait go first",
                 "[storage][actor]") {
  ask_checkpoint(1);
  ask(1);
  ask(2);
  settle();
  CHECK(notes
        == journal{"append 1 2", "checkpoint 1", "state: ok", "persisted 2"});
}

TEST_CASE_METHOD(fixture, "storage: local rows go to the local database",
                 "[storage][actor]") {
  ask_local();
  settle();
  CHECK(notes == journal{"local 0", "agent: ok"});
}

TEST_CASE_METHOD(fixture, "storage: nothing is promised after a failed write",
                 "[storage][actor]") {
  const std::string failure = "memory: injected write failure";
  for (const auto fault : {write_fault::lost, write_fault::kept}) {
    log->next_write = fault;
    ask(1);
    ask(2);
    settle();
    ask(3);
    ask_read(1);
    ask_checkpoint(1);
    ask_local();
    settle();
    CHECK(notes
          == journal{"append 1 2", "reader: " + failure, "agent: " + failure,
                     "state: " + failure});
    CHECK(fatal == journal{failure});
    notes.clear();
    fatal.clear();
    self->send_exit(storage, caf::exit_reason::user_shutdown);
    log = std::make_shared<memory_log_disk>();
    storage = spawn(true);
  }
}

TEST_CASE_METHOD(fixture, "storage: a failed checkpoint is fatal too",
                 "[storage][actor]") {
  rows->next_write = write_fault::lost;
  ask_checkpoint(1);
  settle();
  ask(1);
  settle();
  const std::string failure = "memory: injected write failure";
  CHECK(notes == journal{"checkpoint 1", "state: " + failure});
  CHECK(fatal == journal{failure});
}

TEST_CASE_METHOD(fixture, "storage: a node without a database refuses",
                 "[storage][actor]") {
  self->send_exit(storage, caf::exit_reason::user_shutdown);
  storage = spawn(false);
  ask_read(1);
  ask_checkpoint(1);
  ask_local();
  settle();
  const std::string refusal = "this node has no such database";
  CHECK(
    notes
    == journal{"reader: " + refusal, "agent: " + refusal, "state: " + refusal});
  CHECK(fatal.empty());
}

TEST_CASE_METHOD(fixture, "storage: who waits for an actor that dies is told",
                 "[storage][actor]") {
  self->send_exit(storage, caf::exit_reason::kill);
  settle();
  ask_checkpoint(1);
  settle();
  CHECK(notes == journal{"state: the request was dropped without an answer"});
}

TEST_CASE("storage: detached, it writes in its own thread and lets go",
          "[storage][actor]") {
  const auto disk = std::make_shared<memory_state_disk>();
  std::promise<bool> written;
  {
    caf::actor_system_config cfg;
    caf::actor_system sys{cfg};
    storage_options options;
    options.state = open_memory_state(disk);
    options.on_fatal = [](const std::string&) {};
    const auto storage = spawn_storage(sys, std::move(options));
    caf::anon_send(storage, write_checkpoint{{7, 1, {}, 0},
                                             {{"t", "k", "v"}},
                                             reply<std::monostate>{
                                               [&written](const status& x) {
                                                 written.set_value(bool{x});
                                               }}});
    CHECK(written.get_future().get());
    caf::anon_send_exit(storage, caf::exit_reason::user_shutdown);
  } // waits for the actor
  CHECK(disk->mark.index == 7);
  CHECK(disk.use_count() == 1);
}

namespace {

/// Two servers' storages, the second of which can take over a checkpoint.
struct two_storages : test::actor_fixture {
  std::shared_ptr<memory_place_disk> places =
    std::make_shared<memory_place_disk>();
  storage_actor from = spawn({});
  storage_actor to = spawn(open_memory_place(places));
  journal fatal;

  storage_actor spawn(std::shared_ptr<state_place> place) {
    storage_options options;
    options.detached = false;
    options.on_fatal = [this](const std::string& e) { fatal.push_back(e); };
    if (place)
      options.state = std::move(*place->open(0));
    else
      options.state = open_memory_state(std::make_shared<memory_state_disk>());
    REQUIRE(options.state->load());
    options.place = std::move(place);
    return spawn_storage(sys, std::move(options));
  }

  ~two_storages() {
    self->send_exit(from, caf::exit_reason::user_shutdown);
    self->send_exit(to, caf::exit_reason::user_shutdown);
    settle();
  }

  /// Sends a message that takes a reply last, and returns the answer.
  template <class Answer, class Message>
  result<Answer> ask(const storage_actor& whom, Message msg,
                     reply<Answer> Message::*to_whom) {
    auto out = std::make_shared<result<Answer>>(error{errc::canceled, "none"});
    msg.*to_whom =
      reply<Answer>{[out](result<Answer> x) { *out = std::move(x); }};
    self->send(whom, std::move(msg));
    settle();
    return *out;
  }

  void checkpoint(const storage_actor& whom, log_index index,
                  std::vector<row> rows) {
    const auto done =
      ask(whom, write_checkpoint{{index, 1, {}, 0}, std::move(rows), {}},
          &write_checkpoint::to);
    REQUIRE(done);
  }

  /// Returns the chunk that has to come next.
  std::uint64_t begin(std::uint64_t reception, const checkpoint_mark& mark) {
    const auto next =
      ask(to, begin_state{reception, {"from", 1, mark}, {}}, &begin_state::to);
    REQUIRE(next);
    return *next;
  }

  /// Reads chunk after chunk of `transfer` into `reception`. Returns the
  /// generation of what was received.
  std::optional<std::uint64_t> copy(std::uint64_t transfer,
                                    std::uint64_t reception) {
    for (std::uint64_t n = 0;; ++n) {
      const auto chunk =
        ask(from, read_state{transfer, n, {}}, &read_state::to);
      REQUIRE(chunk);
      REQUIRE(chunk->has_value());
      const auto stored =
        ask(to, store_state{reception, n, **chunk, {}}, &store_state::to);
      REQUIRE(stored);
      if (!stored->good)
        return {};
      if ((*chunk)->last)
        return stored->generation;
    }
  }
};

} // namespace

TEST_CASE_METHOD(two_storages, "storage: a checkpoint moves to another server",
                 "[storage][actor]") {
  const std::vector<row> rows{
    {"kv", "a", "1"}, {"kv", "b", "2"}, {"kv", "c", "3"}};
  checkpoint(from, 7, rows);
  const auto mark = ask(from, open_state{1, 4, {}}, &open_state::to);
  REQUIRE(mark);
  CHECK(mark->index == 7);
  checkpoint(from, 9, {{"kv", "b", {}}}); // goes on meanwhile
  begin(1, *mark);
  checkpoint(to, 2, {{"kv", "old", "x"}});
  const auto generation = copy(1, 1);
  REQUIRE(generation);
  CHECK(*generation == 1);
  CHECK(places->generations.size() == 2); // the old one is still in force
  const auto image = ask(to, use_state{1, {}}, &use_state::to);
  REQUIRE(image);
  CHECK(image->mark.index == 7);
  CHECK(image->rows == rows);
  CHECK(places->generations.size() == 1);
  checkpoint(to, 8, {{"kv", "d", "4"}});
  CHECK(places->generations.at(1)->rows.size() == 4);
  CHECK(fatal.empty());
}

TEST_CASE_METHOD(two_storages, "storage: what waits is of the old checkpoint",
                 "[storage][actor]") {
  checkpoint(from, 7, {{"kv", "a", "1"}});
  const auto mark = ask(from, open_state{1, 100, {}}, &open_state::to);
  REQUIRE(mark);
  begin(1, *mark);
  REQUIRE(copy(1, 1));
  // Not flushed when the switch comes.
  self->send(to, write_checkpoint{{3, 1, {}, 0}, {{"kv", "old", "x"}}, {}});
  const auto image = ask(to, use_state{1, {}}, &use_state::to);
  REQUIRE(image);
  CHECK(image->mark.index == 7);
  CHECK(image->rows == std::vector<row>{{"kv", "a", "1"}});
}

TEST_CASE_METHOD(two_storages, "storage: a newer reception replaces an older",
                 "[storage][actor]") {
  checkpoint(from, 7, {{"kv", "a", "1"}, {"kv", "b", "2"}});
  const auto mark = ask(from, open_state{1, 1, {}}, &open_state::to);
  REQUIRE(mark);
  begin(1, *mark);
  const auto chunk = ask(from, read_state{1, 0, {}}, &read_state::to);
  REQUIRE(ask(to, store_state{1, 0, **chunk, {}}, &store_state::to)->good);
  begin(2, *mark);
  settle();
  CHECK(!ask(to, store_state{1, 1, **chunk, {}}, &store_state::to)->good);
  CHECK(copy(1, 2) == 2);
  CHECK(!ask(to, use_state{1, {}}, &use_state::to));
  CHECK(ask(to, use_state{2, {}}, &use_state::to));
  self->send(from, close_state{1});
  CHECK(!ask(from, read_state{1, 0, {}}, &read_state::to));
  CHECK(fatal.empty());
}

TEST_CASE_METHOD(two_storages, "storage: a reception goes on after a crash",
                 "[storage][actor]") {
  const std::vector<row> rows{
    {"kv", "a", "1"}, {"kv", "b", "2"}, {"kv", "c", "3"}};
  checkpoint(from, 7, rows);
  const auto mark = ask(from, open_state{1, 1, {}}, &open_state::to);
  CHECK(begin(1, *mark) == 0);
  for (std::uint64_t n = 0; n < 2; ++n) {
    const auto chunk = ask(from, read_state{1, n, {}}, &read_state::to);
    REQUIRE(ask(to, store_state{1, n, **chunk, {}}, &store_state::to)->good);
  }
  self->send_exit(to, caf::exit_reason::kill);
  settle();
  to = spawn(open_memory_place(places));
  SECTION("with the chunks that are missing") {
    CHECK(begin(1, *mark) == 2);
    const auto chunk = ask(from, read_state{1, 2, {}}, &read_state::to);
    CHECK(ask(to, store_state{1, 2, **chunk, {}}, &store_state::to)->generation
          == 1);
    CHECK(ask(to, use_state{1, {}}, &use_state::to)->rows == rows);
  }
  SECTION("not with another checkpoint, and then not at all") {
    CHECK(begin(1, {9, 1, {}, 0}) == 0);
    CHECK(begin(2, *mark) == 0);
    CHECK(copy(1, 2));
  }
  SECTION("not when this server has a checkpoint of its own since") {
    checkpoint(to, 8, {{"kv", "d", "4"}});
    CHECK(places->generations.size() == 1);
    CHECK(begin(1, *mark) == 0);
  }
  CHECK(fatal.empty());
}

TEST_CASE_METHOD(two_storages, "storage: a dropped reception leaves nothing",
                 "[storage][actor]") {
  checkpoint(from, 7, {{"kv", "a", "1"}});
  const auto mark = ask(from, open_state{1, 1, {}}, &open_state::to);
  begin(1, *mark);
  REQUIRE(copy(1, 1));
  self->send(to, drop_state{1});
  settle();
  CHECK(places->generations.size() == 1);
  CHECK(!ask(to, use_state{1, {}}, &use_state::to));
  CHECK(fatal.empty());
}
