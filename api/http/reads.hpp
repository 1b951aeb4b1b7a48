// Reads of replicated tables, and commands to them: the parts that all
// endpoints share. A read parses the common parameters, asks the owner, forgets
// the watch if the client hangs up, and gives the answer its headers.

#pragma once

#include "actors/owner/messages.hpp"
#include "actors/state/messages.hpp"
#include "api/http/handler.hpp"
#include "api/http/query_options.hpp"
#include "runtime/base/result.hpp"

#include <functional>

namespace praetor::http {

/// How a read becomes a response.
struct read_style {
  /// X-Consul-Effective-Consistency is sent too (catalog, health).
  bool effective_consistency = false;
  /// Errors of the read carry X-Consul-Index: 1 and so on too (all but kv).
  bool meta_on_errors = true;
  /// `?cached` is honoured: X-Cache says so.
  bool cacheable = false;
  /// "Not found" is 404 with headers (kv) or without (ui node).
  bool meta_on_not_found = true;
  /// Changes the body before it is sent, e.g. filters it. Errors are answered
  /// by http_error's table.
  std::function<result<shared_text>(shared_text)> transform = {};
  /// Finishes the response (status, content type); headers are set already.
  std::function<void(const owner::read_answer&, response&)> finish = {};
};

/// Style of most of catalog and health.
inline read_style catalog_style() {
  return {.effective_consistency = true};
}

/// Style of sessions and ui.
inline read_style plain_style() {
  return {};
}

/// Answers `x` with what the catalog says. Parameters are checked first (400),
/// then the datacenter (500 `No path to datacenter`).
void read_catalog(exchange x, catalog::query q, read_style style);

/// Answers `x` with what kv says.
void read_kv(exchange x, kv::query q, read_style style);

/// Adds X-Consul-Index, X-Consul-KnownLeader and X-Consul-LastContact.
void add_meta(response& r, const owner::read_answer& a);

/// Adds them as failed reads have them: 1, false, 0.
void add_failed_meta(response& r);

/// Answers with the table of http_error, plus META if `style` wants it.
void fail_read(const exchange& x, const error& e, const read_style& style);

/// Turns what became of a command into a response; called if the command took
/// effect or lost (code zero).
using finish_command = std::function<response(const command_result&)>;

/// Puts a command into the log. Fails with `No path to datacenter` if `?dc`
/// names another one (callers that ignore ?dc use `submit_here`). A rejected
/// command answers with its sentence; success with its body as JSON, or with
/// what `finish` makes of it.
void submit_command(exchange x, state::command c, finish_command finish = {});
void submit_here(exchange x, state::command c, finish_command finish = {});

/// Answers a `reply<monostate>`-like result: 200 without body, or the error.
reply<std::monostate> reply_empty(exchange x);

/// Answers 200 with JSON, or the error.
reply<shared_text> reply_json(exchange x);

} // namespace praetor::http
