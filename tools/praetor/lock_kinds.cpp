#include "tools/praetor/lock_kinds.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "tools/praetor/json_value.hpp"

#include <algorithm>
#include <set>

namespace praetor::tools {

namespace {

// Values of a key's flags, by which the uses of keys are told apart.
constexpr std::uint64_t lock_flags = 0x2ddccbc058a50c18;
constexpr std::uint64_t semaphore_flags = 0xe0f69a2baa414de0;

constexpr int status_not_found = 404;

/// How long an attempt blocks on somebody else.
constexpr std::string_view wait_of_attempt = "15000ms";

struct entries {
  std::vector<json_value> items;
  std::uint64_t index = 0;
};

/// Reads a key or a tree; what does not exist has no entries.
result<entries> read(client& api, const std::string& path,
                     std::multimap<std::string, std::string> query) {
  const auto answer =
    api.send({.path = "/v1/kv/" + path, .query = std::move(query)});
  if (!answer)
    return answer.error();
  if (answer->status == status_not_found)
    return entries{{}, answer->index};
  if (answer->status != 200)
    return error{errc::rejected, unexpected_code(*answer)};
  auto tree = parse_json(answer->body);
  if (!tree)
    return tree.error();
  return entries{std::move(tree->items), answer->index};
}

/// Writes and returns whether the agent says true.
result<bool> change(client& api, api_request request) {
  request.path = "/v1/kv/" + request.path;
  const auto answer = api.demand(request);
  if (!answer)
    return answer.error();
  return answer->body.find("true") != std::string::npos;
}

void add_index(std::multimap<std::string, std::string>& query,
               std::uint64_t index) {
  if (index != 0)
    query.emplace("index", std::to_string(index));
}

class exclusive final : public lock_kind {
public:
  exclusive(std::string prefix, std::string session)
    : key_{std::move(prefix) + "/.lock"}, session_{std::move(session)} {}

  result<attempt_result> try_acquire(client& api,
                                     std::uint64_t index) override {
    std::multimap<std::string, std::string> query{
      {"wait", std::string{wait_of_attempt}}};
    add_index(query, index);
    const auto found = read(api, key_, std::move(query));
    if (!found)
      return found.error();
    if (auto legal = check_use(*found); !legal)
      return legal.error();
    const auto holder = holder_of(*found);
    if (holder == session_)
      return attempt_result{attempt::acquired};
    if (!holder.empty())
      return attempt_result{attempt::busy, found->index};
    const auto done =
      change(api, {.method = "PUT",
                   .path = key_,
                   .query = {{"acquire", session_},
                             {"flags", std::to_string(lock_flags)}}});
    if (!done)
      return done.error();
    return *done ? attempt_result{attempt::acquired} : refused(api);
  }

  result<hold_result> watch(client& api, std::uint64_t index) override {
    std::multimap<std::string, std::string> query{{"consistent", ""}};
    add_index(query, index);
    const auto found = read(api, key_, std::move(query));
    if (!found)
      return found.error();
    return hold_result{holder_of(*found) == session_, found->index};
  }

  status release(client& api) override {
    const auto done =
      change(api, {.method = "PUT",
                   .path = key_,
                   .query = {{"release", session_},
                             {"flags", std::to_string(lock_flags)}}});
    return done ? status{ok} : status{done.error()};
  }

  result<bool> clean_up(client& api) override {
    const auto found = read(api, key_, {});
    if (!found)
      return found.error();
    if (found->items.empty())
      return true;
    if (auto legal = check_use(*found); !legal)
      return legal.error();
    if (!holder_of(*found).empty())
      return false;
    return change(api,
                  {.method = "DELETE",
                   .path = key_,
                   .query = {{"cas", found->items[0]["ModifyIndex"].content}}});
  }

private:
  static std::string holder_of(const entries& found) {
    return found.items.empty() ? ""
                               : std::string{found.items[0]["Session"].text()};
  }

  static status check_use(const entries& found) {
    if (!found.items.empty() && found.items[0]["Flags"].number() != lock_flags)
      return error{errc::rejected, "Existing key does not match lock use"};
    return ok;
  }

  /// Finds out why the key could not be had: a holder, or the time in which a
  /// lock rests after its holder died.
  result<attempt_result> refused(client& api) {
    const auto found = read(api, key_, {});
    if (!found)
      return found.error();
    if (holder_of(*found).empty())
      return attempt_result{attempt::delayed};
    return attempt_result{attempt::busy, found->index};
  }

  std::string key_;
  std::string session_;
};

class semaphore final : public lock_kind {
public:
  semaphore(std::string prefix, int limit, std::string session)
    : prefix_{std::move(prefix)}, limit_{limit}, session_{std::move(session)} {}

  result<attempt_result> try_acquire(client& api,
                                     std::uint64_t index) override {
    if (auto announced = announce(api); !announced)
      return announced.error();
    std::multimap<std::string, std::string> query{
      {"recurse", ""}, {"wait", std::string{wait_of_attempt}}};
    add_index(query, index);
    auto state = read_state(api, std::move(query));
    if (!state)
      return state.error();
    if (state->limit != static_cast<std::uint64_t>(limit_))
      return error{errc::rejected, "semaphore limit conflict (lock: "
                                     + std::to_string(state->limit)
                                     + ", local: " + std::to_string(limit_)
                                     + ")"};
    if (state->holders.contains(session_))
      return attempt_result{attempt::acquired};
    if (state->holders.size() >= state->limit)
      return attempt_result{attempt::busy, state->index};
    state->holders.insert(session_);
    const auto done = write_state(api, *state);
    if (!done)
      return done.error();
    return attempt_result{*done ? attempt::acquired : attempt::raced};
  }

  result<hold_result> watch(client& api, std::uint64_t index) override {
    std::multimap<std::string, std::string> query{{"recurse", ""},
                                                  {"consistent", ""}};
    add_index(query, index);
    const auto state = read_state(api, std::move(query));
    if (!state)
      return state.error();
    return hold_result{state->holders.contains(session_), state->index};
  }

  status release(client& api) override {
    for (int i = 0; i < release_attempts_max; ++i) {
      auto state = read_state(api, {{"recurse", ""}});
      if (!state)
        return state.error();
      if (state->holders.erase(session_) == 0)
        return retire(api);
      const auto done = write_state(api, *state);
      if (!done)
        return done.error();
      if (*done)
        return retire(api);
    }
    return error{errc::overloaded, "too many concurrent changes"};
  }

  result<bool> clean_up(client& api) override {
    const auto state = read_state(api, {{"recurse", ""}});
    if (!state)
      return state.error();
    if (state->modify_index == 0)
      return true;
    if (!state->holders.empty())
      return false;
    return change(api,
                  {.method = "DELETE",
                   .path = prefix_ + "/.lock",
                   .query = {{"cas", std::to_string(state->modify_index)}}});
  }

private:
  /// Each attempt loses only if somebody else succeeds.
  static constexpr int release_attempts_max = 100;

  struct holding {
    std::uint64_t limit = 0;
    /// Sessions that are alive.
    std::set<std::string> holders;
    /// Of the coordination key; 0 if there is none.
    std::uint64_t modify_index = 0;
    std::uint64_t index = 0;
  };

  /// Creates the key that says that this session is alive.
  status announce(client& api) {
    if (announced_)
      return ok;
    const auto done =
      change(api, {.method = "PUT",
                   .path = prefix_ + "/" + session_,
                   .query = {{"acquire", session_},
                             {"flags", std::to_string(semaphore_flags)}}});
    if (!done)
      return done.error();
    if (!*done)
      return error{errc::rejected, "failed to make contender entry"};
    announced_ = true;
    return ok;
  }

  status retire(client& api) {
    const auto done =
      change(api, {.method = "DELETE", .path = prefix_ + "/" + session_});
    return done ? status{ok} : status{done.error()};
  }

  result<holding> read_state(client& api,
                             std::multimap<std::string, std::string> query) {
    const auto found = read(api, prefix_ + "/", std::move(query));
    if (!found)
      return found.error();
    holding out{.limit = static_cast<std::uint64_t>(limit_),
                .holders = {},
                .index = found->index};
    const auto lock_key = prefix_ + "/.lock";
    std::set<std::string> alive;
    const json_value* lock = nullptr;
    for (const auto& x : found->items) {
      if (x["Key"].text() == lock_key)
        lock = &x;
      else if (!x["Session"].text().empty())
        alive.emplace(x["Session"].text());
    }
    if (lock == nullptr)
      return out;
    if ((*lock)["Flags"].number() != semaphore_flags)
      return error{errc::rejected, "Existing key does not match semaphore use"};
    out.modify_index = (*lock)["ModifyIndex"].number();
    const auto text = base64_decode((*lock)["Value"].text());
    const auto tree =
      text ? parse_json(*text) : result<json_value>{text.error()};
    if (!tree)
      return tree.error();
    out.limit = (*tree)["Limit"].number();
    for (const auto& [holder, held] : (*tree)["Holders"].members)
      if (held.truth() && alive.contains(holder))
        out.holders.insert(holder);
    return out;
  }

  /// Writes the coordination key unless it changed since it was read.
  result<bool> write_state(client& api, const holding& x) {
    std::string text;
    json_writer out{text};
    out.begin_object().key("Limit").number(x.limit);
    out.key("Holders").begin_object();
    for (const auto& holder : x.holders)
      out.key(holder).boolean(true);
    out.end_object().end_object();
    return change(api, {.method = "PUT",
                        .path = prefix_ + "/.lock",
                        .query = {{"cas", std::to_string(x.modify_index)},
                                  {"flags", std::to_string(semaphore_flags)}},
                        .body = std::move(text)});
  }

  std::string prefix_;
  int limit_;
  std::string session_;
  bool announced_ = false;
};

} // namespace

std::unique_ptr<lock_kind> make_lock(std::string prefix, std::string session) {
  return std::make_unique<exclusive>(std::move(prefix), std::move(session));
}

std::unique_ptr<lock_kind> make_semaphore(std::string prefix, int limit,
                                          std::string session) {
  return std::make_unique<semaphore>(std::move(prefix), limit,
                                     std::move(session));
}

} // namespace praetor::tools
