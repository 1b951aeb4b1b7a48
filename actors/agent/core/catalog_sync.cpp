#include "actors/agent/core/catalog_sync.hpp"

#include "runtime/base/text.hpp"

#include <map>
#include <set>

namespace praetor::agent {

namespace {

/// Registered by the leader for servers; not the agent's business.
constexpr std::string_view servers_service = "consul";
constexpr std::string_view gossip_check = "serfHealth";

/// Absent and empty maps mean the same here.
catalog::string_map plain(const std::optional<catalog::string_map>& x) {
  return x ? *x : catalog::string_map{};
}

bool same(const catalog::node_row& a, const catalog::node_row& b) {
  return equal_fold(a.id, b.id) && a.name == b.name && a.address == b.address
         && plain(a.tagged_addresses) == plain(b.tagged_addresses)
         && plain(a.meta) == plain(b.meta);
}

bool same(catalog::service_row a, const catalog::service_row& b) {
  if (plain(a.meta) != plain(b.meta))
    return false;
  a.node = b.node;
  a.meta = b.meta;
  a.create_index = b.create_index;
  a.modify_index = b.modify_index;
  return a == b;
}

/// Service tags are not compared: the catalog fills them in when it writes.
bool same(const local_check& a, const catalog::check_row& b) {
  const auto& x = a.row;
  // Output that may wait is pushed when it is due, not by a comparison.
  const auto same_output = a.output_due || x.output == b.output;
  return same_output && x.name == b.name && x.status == b.status
         && x.notes == b.notes && x.service_id == b.service_id
         && x.service_name == b.service_name && x.definition == b.definition;
}

template <class Entry>
void retry(std::map<std::string, Entry>& entries) {
  for (auto& [id, x] : entries)
    if (x.mark == sync_mark::failed)
      x.mark = sync_mark::dirty;
}

void retry(std::map<std::string, sync_mark>& dropped) {
  for (auto& [id, mark] : dropped)
    mark = sync_mark::dirty;
}

template <class Entry>
bool any_dirty(const std::map<std::string, Entry>& entries) {
  for (const auto& [id, x] : entries)
    if (x.mark == sync_mark::dirty)
      return true;
  return false;
}

bool any_dirty(const std::map<std::string, sync_mark>& dropped) {
  for (const auto& [id, mark] : dropped)
    if (mark == sync_mark::dirty)
      return true;
  return false;
}

template <class Entry>
void settle(std::map<std::string, Entry>& entries, const std::string& id,
            std::uint64_t revision, bool success) {
  const auto i = entries.find(id);
  if (i != entries.end() && i->second.revision == revision)
    i->second.mark = success ? sync_mark::in_sync : sync_mark::failed;
}

void settle(std::map<std::string, sync_mark>& dropped, const std::string& id,
            bool success) {
  const auto i = dropped.find(id);
  if (i == dropped.end())
    return;
  if (success)
    dropped.erase(i);
  else
    i->second = sync_mark::failed;
}

} // namespace

// -- comparison ---------------------------------------------------------------

differences catalog_sync::reconcile(const catalog::node_snapshot& snapshot) {
  differences out;
  retry(state_.services_);
  retry(state_.checks_);
  retry(state_.dropped_services_);
  retry(state_.dropped_checks_);
  if (!snapshot.node || !same(node_, *snapshot.node)) {
    node_mark_ = sync_mark::dirty;
    ++out.missing;
  } else {
    node_mark_ = sync_mark::in_sync;
  }
  reconcile_services(snapshot, out);
  reconcile_checks(snapshot, out);
  return out;
}

void catalog_sync::reconcile_services(const catalog::node_snapshot& snapshot,
                                      differences& out) {
  std::set<std::string> there;
  for (const auto& x : snapshot.services) {
    const auto i = state_.services_.find(x.id);
    if (i == state_.services_.end()) {
      if (x.id != servers_service) {
        state_.dropped_services_[x.id] = sync_mark::dirty;
        ++out.surplus;
      }
      continue;
    }
    there.insert(x.id);
    auto& own = i->second;
    if (own.row.enable_tag_override && own.row.tags != x.tags) {
      own.row.tags = x.tags;
      out.tags_adopted = true;
    }
    if (!same(own.row, x)) {
      own.mark = sync_mark::dirty;
      ++out.missing;
    }
  }
  for (auto& [id, x] : state_.services_) {
    if (!there.contains(id)) {
      x.mark = sync_mark::dirty;
      ++out.missing;
    }
  }
}

void catalog_sync::reconcile_checks(const catalog::node_snapshot& snapshot,
                                    differences& out) {
  std::set<std::string> there;
  for (const auto& x : snapshot.checks) {
    const auto i = state_.checks_.find(x.id);
    if (i == state_.checks_.end()) {
      const auto goes_with_service =
        state_.dropped_services_.contains(x.service_id);
      if (x.id != gossip_check && !goes_with_service) {
        state_.dropped_checks_[x.id] = sync_mark::dirty;
        ++out.surplus;
      }
      continue;
    }
    there.insert(x.id);
    if (!same(i->second, x)) {
      i->second.mark = sync_mark::dirty;
      ++out.missing;
    }
  }
  for (auto& [id, x] : state_.checks_) {
    if (!there.contains(id)) {
      x.mark = sync_mark::dirty;
      ++out.missing;
    }
  }
}

// -- plan ---------------------------------------------------------------------

bool catalog_sync::has_changes() const {
  return node_mark_ == sync_mark::dirty || any_dirty(state_.services_)
         || any_dirty(state_.checks_) || any_dirty(state_.dropped_services_)
         || any_dirty(state_.dropped_checks_);
}

catalog::register_node catalog_sync::envelope() const {
  catalog::register_node out;
  out.node = node_;
  out.skip_node_update = true;
  return out;
}

push catalog_sync::push_service(const std::string& id, local_service& service) {
  push out{push::kind::service, id, service.revision, {}, {}};
  auto command = envelope();
  command.service = service.row;
  for (auto& [check_id, x] : state_.checks_) {
    if (x.row.service_id != id || x.mark != sync_mark::dirty
        || x.plan.token != service.token)
      continue;
    command.checks.push_back(x.row);
    out.riders.emplace_back(check_id, x.revision);
    x.output_due.reset();
  }
  out.command = std::move(command);
  return out;
}

std::vector<push> catalog_sync::plan() {
  std::vector<push> out;
  if (node_mark_ == sync_mark::dirty) {
    auto command = envelope();
    command.skip_node_update = false;
    out.push_back({push::kind::node, node_.name, 0, {}, std::move(command)});
  }
  for (const auto& [id, mark] : state_.dropped_services_)
    if (mark == sync_mark::dirty)
      out.push_back({push::kind::drop_service,
                     id,
                     0,
                     {},
                     catalog::deregister_node{node_.name, id, ""}});
  for (const auto& [id, mark] : state_.dropped_checks_)
    if (mark == sync_mark::dirty)
      out.push_back({push::kind::drop_check,
                     id,
                     0,
                     {},
                     catalog::deregister_node{node_.name, "", id}});
  std::set<std::string> riding;
  for (auto& [id, x] : state_.services_) {
    if (x.mark != sync_mark::dirty)
      continue;
    out.push_back(push_service(id, x));
    for (const auto& rider : out.back().riders)
      riding.insert(rider.first);
  }
  for (auto& [id, x] : state_.checks_) {
    if (x.mark != sync_mark::dirty || riding.contains(id))
      continue;
    auto command = envelope();
    command.checks.push_back(x.row);
    x.output_due.reset();
    out.push_back({push::kind::check, id, x.revision, {}, std::move(command)});
  }
  return out;
}

void catalog_sync::done(const push& what, bool success) {
  switch (what.what) {
    case push::kind::node:
      if (node_mark_ == sync_mark::dirty)
        node_mark_ = success ? sync_mark::in_sync : sync_mark::failed;
      break;
    case push::kind::drop_service:
      settle(state_.dropped_services_, what.id, success);
      break;
    case push::kind::drop_check:
      settle(state_.dropped_checks_, what.id, success);
      break;
    case push::kind::service:
      settle(state_.services_, what.id, what.revision, success);
      for (const auto& [id, revision] : what.riders)
        settle(state_.checks_, id, revision, success);
      break;
    case push::kind::check:
      settle(state_.checks_, what.id, what.revision, success);
      break;
  }
}

} // namespace praetor::agent
