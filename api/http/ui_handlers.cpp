// /v1/internal/ui: summaries for the web interface.

#include "api/http/filtered_read.hpp"
#include "api/http/handlers.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "api/http/service_summary.hpp"

#include <utility>

namespace praetor::http {

using catalog::query_kind;

void ui_nodes(exchange x) {
  catalog::query q;
  q.kind = query_kind::ui_nodes;
  read_filtered(std::move(x), std::move(q), plain_style(),
                {filter::ui_node_schema()});
}

void ui_node(exchange x) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing node name"));
  catalog::query q;
  q.kind = query_kind::ui_node;
  q.name = x.rq.argument;
  auto style = plain_style();
  style.meta_on_not_found = false;
  read_catalog(std::move(x), std::move(q), std::move(style));
}

void ui_services(exchange x) {
  catalog::query q;
  q.kind = query_kind::ui_services;
  auto style = plain_style();
  const auto text = x.rq.parameter("filter").value_or("");
  if (!text.empty()) {
    // The filter speaks of instances, which the summary has lost.
    auto keep = filter::compile(text, filter::health_entry_schema());
    if (!keep)
      return fail_after_options(x, keep.error(), style);
    q.kind = query_kind::ui_nodes;
    style.transform = [keep = std::move(*keep)](const shared_text& body) {
      return summarize_services(body, keep);
    };
  }
  read_catalog(std::move(x), std::move(q), std::move(style));
}

} // namespace praetor::http
