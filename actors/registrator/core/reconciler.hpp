// Keeps a registry equal to what runs: compares, and says what to write. Pure.
//
//   engine:   apply, gone, end_listing  -> what is wanted --+
//                                                           +--> due():
//                                                           operations
//   registry: registry_shows, finished  -> what is there ---+
//
// Level-triggered: events only say where to look. Whatever was missed, repeated
// or came late is put right by the next look at the engine (`end_listing`) and
// at the registry (`registry_shows`).
//
// Invariants:
// - at most one operation per service id is under way;
// - an answer never overrides one to a later question (tickets, marks);
// - only what we added or what carries our mark (ownership.hpp) is removed.

#pragma once

#include "actors/registrator/core/backoff.hpp"
#include "actors/registrator/core/mapping.hpp"
#include "actors/registrator/core/options.hpp"
#include "actors/registrator/core/ownership.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::registrator {

enum class operation_kind : std::uint8_t {
  add,
  remove,
  /// Write again before the registry forgets.
  refresh,
  /// Pass on the verdict of the container's HEALTHCHECK.
  report,
};

/// One thing to do at the registry; answered by `finished`.
struct operation {
  std::uint64_t number = 0;
  operation_kind kind = operation_kind::add;
  service what;
  container_health health = container_health::none;
};

/// Why a container was looked at.
enum class look_cause : std::uint8_t { comparison, start, die };

/// What is particular about a registry.
struct registry_view {
  /// What it shows once a service is in it.
  std::function<registered(const service&)> shown;
  /// What it would refuse of a service, one line each; may be empty.
  std::function<std::vector<std::string>(const service&)> faults;
};

/// See the head of the file.
class reconciler {
public:
  /// Operations under way at a time.
  static constexpr std::size_t operations_max = 64;
  /// How long a container may take from `docker stop` to its end.
  static constexpr duration leaving_max = std::chrono::minutes{1};

  reconciler(options how, std::string hostname, registry_view view)
    : how_{std::move(how)},
      hostname_{std::move(hostname)},
      view_{std::move(view)} {}

  // -- the engine -------------------------------------------------------------

  /// Every question to the engine takes a ticket; they rise.
  std::uint64_t take_ticket() { return ++tickets_; }

  /// What the engine said about a container that exists.
  void apply(std::uint64_t ticket, const subject& x, const host_facts& host,
             look_cause cause, time_point now);

  /// The engine knows no such container (any more).
  void gone(std::uint64_t ticket, const std::string& id, time_point now);

  /// `docker stop` has begun.
  void leaving(const std::string& id, time_point now);

  /// A list with all containers that exist (or, without on_success, run): all
  /// others are gone.
  void end_listing(std::uint64_t ticket, const std::set<std::string>& ids,
                   time_point now);

  // -- the registry -----------------------------------------------------------

  /// The registry is being asked what it has; the answer comes with
  /// registry_shows, registry_answers or look_failed.
  void begin_look();

  bool looking() const { return looking_; }

  /// What it has; what was written since begin_look() is not judged.
  /// @param complete Whether all running containers are known. If not, what
  /// nobody seems to want may well be theirs, and stays.
  void registry_shows(const std::vector<registered>& all, bool complete);

  /// It answers, but cannot say what it has.
  /// @param rewrite whether everything is to be written again
  void registry_answers(bool rewrite);

  /// It did not answer.
  void look_failed(const error& why, time_point now);

  /// It cannot be reached: nothing is due until it shows or answers again.
  void registry_lost(const error& why, time_point now);

  /// Whether it is time to ask it whether it is back.
  bool probe_due(time_point now) const;

  bool registry_known() const { return registry_known_; }

  // -- what to do -------------------------------------------------------------

  /// Returns what may be done now; each is under way from here on.
  std::vector<operation> due(time_point now);

  void finished(std::uint64_t number, const status& outcome, time_point now);

  /// This is the end: nothing is wanted any more, whatever runs.
  void retire();

  /// Whether all that we had in the registry is out of it.
  bool retired() const;

  /// Every service is written again, for registries that forget.
  void refresh();

  /// Health verdicts are passed on again.
  void report_again();

  /// Returns when due(), or a probe, has something to do; nothing: not by time
  /// alone.
  std::optional<time_point> next_deadline() const;

  /// Returns lines for the log, oldest first, once.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

  // -- what is known ----------------------------------------------------------

  /// How many containers have services here.
  std::size_t containers() const;

  /// The services that should be registered, by id.
  std::map<std::string, service> wanted() const;

  /// Whether the registry has what it should have, as far as is known.
  bool settled() const;

private:
  /// A container that runs, or whose services are kept after it ended.
  struct known {
    std::uint64_t ticket = 0;
    /// Of two containers with the same service id, the later one wins.
    std::uint64_t order = 0;
    std::string name;
    std::vector<service> services;
    container_health health = container_health::none;
    bool present = false;
    /// Ended in failure: its services stay as they are, until then.
    bool kept = false;
    std::optional<time_point> kept_until;
    /// Being stopped: its services are not wanted any more.
    std::optional<time_point> leaving_until;
  };

  enum class knowledge : std::uint8_t { unknown, absent, present };

  /// A service id at the registry.
  struct entry {
    knowledge state = knowledge::unknown;
    registered have;
    /// We wrote it, or it has our mark.
    bool ours = false;
    /// Whether "added" was said.
    bool announced = false;
    bool refresh = false;
    /// The operation under way, or 0.
    std::uint64_t operation = 0;
    /// The value of `finished_` when the last one ended.
    std::uint64_t touched = 0;
    service last;
    container_health reported = container_health::none;
    backoff retry{std::chrono::seconds{1}, std::chrono::minutes{1}};
  };

  struct under_way {
    operation_kind kind = operation_kind::add;
    service what;
    container_health health = container_health::none;
  };

  bool owns(const registered& x) const;
  void come_up(known& x, const subject& from, const host_facts& host,
               look_cause cause);
  void end(const std::string& id, known& x, int exit_code, time_point now);
  void forget(const std::string& id, known& x);
  void place(known& x, std::vector<service> services);
  void withdraw(known& x);
  bool held(const std::string& service_id) const;
  const service* want(const std::string& service_id) const;
  container_health health_of(const service& x) const;
  std::optional<operation> decide(const std::string& id, entry& x);
  void announce(entry& x, const service& what);
  void succeed(entry& x, const under_way& what);
  void fail(const std::string& id, entry& x, const under_way& what,
            const error& why, time_point now);
  void expire(time_point now);
  bool judged(const entry& x) const;
  void mark_all_dirty();

  options how_;
  std::string hostname_;
  registry_view view_;

  std::map<std::string, known> containers_;
  /// Who wants a service id, in rising order; the last one wins.
  std::map<std::string, std::map<std::uint64_t, service>> claims_;
  std::map<std::string, entry> entries_;
  /// Ids whose entry and claim may differ.
  std::set<std::string> dirty_;
  std::map<std::uint64_t, under_way> under_way_;

  std::uint64_t tickets_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t finished_ = 0;

  bool retiring_ = false;
  bool registry_known_ = false;
  bool lost_ = false;
  bool looking_ = false;
  /// The value of `finished_` when the look began.
  std::uint64_t mark_ = 0;
  backoff probe_{std::chrono::milliseconds{250}, std::chrono::seconds{5}};
  std::vector<std::string> notes_;
};

} // namespace praetor::registrator
