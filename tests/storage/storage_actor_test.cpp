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
