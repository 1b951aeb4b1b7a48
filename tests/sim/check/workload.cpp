#include "tests/sim/check/workload.hpp"

#include "runtime/base/text.hpp"
#include "tests/sim/check/commands.hpp"

#include <algorithm>
#include <utility>

namespace praetor::sim {

namespace {

using namespace std::chrono_literals;

/// Processes of one client have numbers from `client * processes_max` on.
constexpr std::uint64_t processes_max = 100'000;

constexpr unsigned hundred = 100;

bool chance(rng& random, unsigned percent) {
  return random.below(hundred) < percent;
}

/// Independent of the numbers of other clients' steps.
rng rng_of_step(std::uint64_t seed, std::uint64_t client, std::uint64_t step) {
  rng first{seed};
  rng second{first.next() ^ client};
  rng third{second.next() ^ step};
  return rng{third.next()};
}

duration between(rng& random, duration least, duration most) {
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + duration{static_cast<duration::rep>(random.below(span + 1))};
}

std::string status_of(rng& random) {
  switch (random.below(4)) {
    case 0: return "critical";
    case 1: return "warning";
    default: return "passing";
  }
}

catalog::check_row make_check(const std::string& node, const std::string& id,
                              rng& random) {
  catalog::check_row x;
  x.node = node;
  x.id = id;
  x.name = id;
  x.status = status_of(random);
  return x;
}

catalog::service_row make_service(const std::string& node,
                                  const std::string& id, rng& random) {
  constexpr std::uint64_t ports = 1000;
  catalog::service_row x;
  x.node = node;
  x.id = id;
  x.name = id;
  x.port = static_cast<std::int64_t>(1 + random.below(ports));
  return x;
}

catalog::node_row make_node(const std::string& name) {
  catalog::node_row x;
  x.name = name;
  x.address = "10.0.0.1";
  return x;
}

std::string name_of(const kv::query& q) {
  return std::to_string(static_cast<int>(q.kind)) + "k" + q.name;
}

std::string name_of(const catalog::query& q) {
  return std::to_string(static_cast<int>(q.kind)) + "c" + q.name
         + (q.passing ? "!" : "");
}

write_request command(kv::command x) {
  return {std::move(x)};
}

write_request command(catalog::command x) {
  return {std::move(x)};
}

} // namespace

workload::workload(std::uint64_t seed, workload_options options)
  : seed_{seed}, options_{options} {}

step workload::next(std::uint64_t client) {
  auto& me = clients_[client];
  auto random = rng_of_step(seed_, client, me.steps++);
  step out;
  out.think = between(random, 0ms, options_.think_max);
  out.timeout = between(random, options_.timeout_min, options_.timeout_max);
  out.server_pick = random.next();
  out.process = client * processes_max + me.incarnation;
  out.what = choose(me, client, random);
  return out;
}

request workload::choose(client_state& me, std::uint64_t client,
                         rng& random) const {
  const auto ticket = random.below(hundred);
  auto upto = std::uint64_t{options_.reads};
  if (ticket < upto)
    return chance(random, 70) ? read_keys(me, random)
                              : read_catalog(me, random);
  if (ticket < (upto += options_.catalog))
    return write_catalog(random);
  if (ticket < (upto += options_.transactions))
    return transact(me, client, random);
  if (ticket < upto + options_.sessions)
    return use_session(me, random);
  return write_key(me, client, random);
}

// -- reading ------------------------------------------------------------------

owner::read_options workload::options_for(const client_state& me,
                                          const std::string& query,
                                          rng& random) const {
  owner::read_options out;
  const auto mode = random.below(10);
  out.mode = mode < 6   ? consistency::leader_default
             : mode < 8 ? consistency::stale
                        : consistency::consistent;
  const auto known = me.indexes.find(query);
  if (known != me.indexes.end() && chance(random, 30)) {
    out.min_index = known->second;
    out.wait = between(random, 100ms, 5s);
  }
  return out;
}

request workload::read_keys(const client_state& me, rng& random) const {
  key_read out;
  const auto ticket = random.below(10);
  if (ticket < 6) {
    out.query.kind = kv::query_kind::key;
    out.query.name = pick_key(random);
  } else if (ticket < 8) {
    out.query.kind =
      ticket == 6 ? kv::query_kind::prefix : kv::query_kind::keys;
    out.query.name = "d/";
  } else if (ticket == 8) {
    out.query.kind = kv::query_kind::sessions;
  } else {
    out.query.kind = kv::query_kind::session;
    out.query.name = pick_session(me, random);
  }
  out.options = options_for(me, name_of(out.query), random);
  return out;
}

request workload::read_catalog(const client_state& me, rng& random) const {
  catalog_read out;
  switch (random.below(3)) {
    case 0:
      out.query.kind = catalog::query_kind::checks_of_node;
      out.query.name = pick_node(random);
      break;
    case 1: out.query.passing = true; [[fallthrough]];
    default:
      out.query.kind = catalog::query_kind::health_service;
      out.query.name = pick_service(random);
  }
  out.options = options_for(me, name_of(out.query), random);
  return out;
}

// -- writing ------------------------------------------------------------------

kv::key_operation workload::key_verb(client_state& me, std::uint64_t client,
                                     rng& random, bool in_transaction) const {
  kv::key_operation op;
  op.key = pick_key(random);
  const auto seen = me.seen.find(op.key);
  const auto known = seen == me.seen.end() ? 0 : seen->second;
  // Those that store nothing have one as well: no two commands are the same.
  const auto with_value = [&](kv::verb what) {
    op.what = what;
    op.value = fresh_value(me, client);
  };
  const auto ticket = random.below(in_transaction ? 14 : 11);
  if (ticket < 3) {
    with_value(kv::verb::set);
  } else if (ticket < 5) {
    with_value(kv::verb::cas);
    op.index = known;
  } else if (ticket < 8 && !me.sessions.empty()) {
    with_value(ticket == 7 ? kv::verb::unlock : kv::verb::lock);
    op.session = pick_session(me, random);
  } else if (ticket == 8) {
    with_value(kv::verb::remove);
  } else if (ticket == 9) {
    with_value(kv::verb::remove_cas);
    op.index = known;
  } else if (ticket == 10) {
    with_value(kv::verb::remove_tree);
    op.key = "d/";
  } else if (ticket == 12) {
    op.what = kv::verb::check_index;
    op.index = known;
  } else if (ticket == 13) {
    op.what = kv::verb::get_tree;
    op.key = "d/";
  } else if (ticket == 11) {
    op.what = kv::verb::get;
  } else {
    with_value(kv::verb::set);
  }
  return op;
}

request workload::write_key(client_state& me, std::uint64_t client,
                            rng& random) const {
  return command(
    kv::command{kv::write_key{key_verb(me, client, random, false)}});
}

request workload::use_session(const client_state& me, rng& random) const {
  const auto full = me.sessions.size() >= options_.sessions_max;
  if (me.sessions.empty() || (!full && chance(random, 40))) {
    kv::session_row x;
    x.id = make_uuid(random);
    x.node = pick_node(random);
    if (chance(random, 70))
      x.node_checks = {"alive"};
    x.lock_delay = std::chrono::seconds{random.below(3) * random.below(6)};
    x.behavior = chance(random, 50) ? kv::session_behavior::release
                                    : kv::session_behavior::remove;
    if (chance(random, 75)) {
      const std::chrono::seconds more{random.below(21)};
      x.ttl = options_.ttl_min + (chance(random, 50) ? more : 0s);
      x.ttl_text = format_duration(x.ttl);
    }
    return command(kv::command{kv::create_session{std::move(x)}});
  }
  const auto& mine = me.sessions[random.below(me.sessions.size())];
  if (mine.ttl > 0s && chance(random, mine.cared_for ? 80 : 20))
    return renew_request{mine.id, mine.ttl};
  return command(kv::command{kv::destroy_session{mine.id}});
}

catalog::register_node workload::registration(rng& random) const {
  catalog::register_node x;
  x.node = make_node(pick_node(random));
  const auto& node = x.node.name;
  switch (random.below(4)) {
    case 0: x.checks.push_back(make_check(node, "alive", random)); break;
    case 1:
      x.skip_node_update = true;
      x.service = make_service(node, pick_service(random), random);
      break;
    default: {
      x.service = make_service(node, pick_service(random), random);
      auto check = make_check(node, "of-" + x.service->id, random);
      check.service_id = x.service->id;
      x.checks.push_back(make_check(node, "alive", random));
      x.checks.push_back(std::move(check));
    }
  }
  return x;
}

request workload::write_catalog(rng& random) const {
  if (chance(random, 70))
    return command(catalog::command{registration(random)});
  catalog::deregister_node x;
  x.node = pick_node(random);
  switch (random.below(5)) {
    case 0: break;
    case 1: x.check_id = "alive"; break;
    default: x.service_id = pick_service(random);
  }
  return command(catalog::command{std::move(x)});
}

catalog::operation workload::row_verb(std::uint32_t position,
                                      rng& random) const {
  catalog::operation op;
  op.position = position;
  op.what = catalog::verb::set;
  const auto node = pick_node(random);
  switch (random.below(4)) {
    case 0: op.target = make_node(node); break;
    case 1: op.target = make_service(node, pick_service(random), random); break;
    case 2: {
      // Mostly a stale index: the whole transaction fails.
      auto x = make_check(node, "alive", random);
      x.modify_index = random.below(2);
      op.what = catalog::verb::cas;
      op.target = std::move(x);
      break;
    }
    default: op.target = make_check(node, "alive", random);
  }
  return op;
}

request workload::transact(client_state& me, std::uint64_t client,
                           rng& random) const {
  constexpr std::uint64_t verbs_max = 8;
  const auto count = 1 + random.below(1 + random.below(verbs_max));
  const auto mixed = chance(random, 40);
  state::mixed_transaction x;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (mixed && chance(random, 40))
      x.catalog.operations.push_back(row_verb(i, random));
    else
      x.keys.operations.push_back({i, key_verb(me, client, random, true)});
  }
  if (x.catalog.operations.empty())
    return command(kv::command{std::move(x.keys)});
  if (x.keys.operations.empty())
    return command(catalog::command{std::move(x.catalog)});
  return write_request{std::move(x)};
}

// -- names --------------------------------------------------------------------

std::string workload::pick_key(rng& random) const {
  const auto n = random.below(options_.keys);
  const auto letter = std::string(1, static_cast<char>('a' + n / 2));
  return n % 2 == 0 ? letter : "d/" + letter;
}

std::string workload::pick_node(rng& random) const {
  return "n" + std::to_string(1 + random.below(options_.nodes));
}

std::string workload::pick_service(rng& random) const {
  return "s" + std::to_string(1 + random.below(options_.services));
}

std::string workload::pick_session(const client_state& me, rng& random) {
  if (me.sessions.empty())
    return make_uuid(random);
  return me.sessions[random.below(me.sessions.size())].id;
}

std::string workload::fresh_value(client_state& me, std::uint64_t client) {
  return std::to_string(client) + ":" + std::to_string(++me.values);
}

// -- learning -----------------------------------------------------------------

void workload::answered(std::uint64_t client, const request& what,
                        const outcome& x) {
  auto& me = clients_[client];
  if (x.kind == outcome_kind::unknown || x.kind == outcome_kind::pending)
    ++me.incarnation;
  if (x.kind != outcome_kind::ok)
    return;
  if (const auto* write = std::get_if<write_request>(&what))
    learn_write(me, write->command, x);
  else if (const auto* keys = std::get_if<key_read>(&what))
    learn_read(me, *keys, x);
  else if (const auto* rows = std::get_if<catalog_read>(&what))
    me.indexes[name_of(rows->query)] = x.answer.data.index;
}

void workload::learn_read(client_state& me, const key_read& q,
                          const outcome& x) const {
  const auto& data = x.answer.data;
  me.indexes[name_of(q.query)] = data.index;
  if (!data.body)
    return;
  const auto kind = q.query.kind;
  if (kind == kv::query_kind::key || kind == kv::query_kind::prefix) {
    if (kind == kv::query_kind::key)
      me.seen.erase(q.query.name);
    const auto rows = data.found ? parse_keys(*data.body) : std::nullopt;
    for (const auto& row : rows.value_or(std::vector<key_view>{}))
      me.seen[row.key] = row.modify_index;
  } else if (kind == kv::query_kind::session) {
    const auto rows = parse_sessions(*data.body);
    if (rows && rows->empty())
      std::erase_if(me.sessions, [&q](const known_session& s) {
        return s.id == q.query.name;
      });
  }
}

void workload::learn_write(client_state& me, const state::command& c,
                           const outcome& x) const {
  const auto* keys = std::get_if<kv::command>(&c);
  if (keys == nullptr)
    return;
  const auto done = x.result.code == errc{};
  if (const auto* put = std::get_if<kv::write_key>(keys)) {
    if (done && x.result.body == "true")
      me.seen[put->operation.key] = x.result.index;
  } else if (const auto* made = std::get_if<kv::create_session>(keys)) {
    // Two of three are kept alive.
    const auto cared_for = x.result.index % 3 != 0;
    if (done)
      me.sessions.push_back({made->session.id, made->session.ttl, cared_for});
  } else if (const auto* gone = std::get_if<kv::destroy_session>(keys)) {
    std::erase_if(me.sessions,
                  [gone](const known_session& s) { return s.id == gone->id; });
  }
}

} // namespace praetor::sim
