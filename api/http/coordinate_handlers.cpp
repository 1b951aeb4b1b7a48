// /v1/coordinate: network coordinates. No node has one yet, which is an answer
// that clients know from young clusters.

#include "api/http/handlers.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"

namespace praetor::http {
namespace {

read_style no_coordinates() {
  auto style = plain_style();
  style.transform = [](const shared_text&) -> result<shared_text> {
    return share("[]");
  };
  return style;
}

} // namespace

void coordinate_datacenters(exchange x) {
  std::string out;
  json_writer w{out};
  w.begin_array().begin_object();
  w.key("Datacenter").string(x.to.facts.datacenter);
  w.key("AreaID").string("wan");
  w.key("Coordinates").begin_array().end_array();
  w.end_object().end_array();
  x.respond(json(std::move(out)));
}

void coordinate_nodes(exchange x) {
  read_catalog(std::move(x), catalog::query{}, no_coordinates());
}

void coordinate_node(exchange x) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing node name"));
  auto style = plain_style();
  style.finish = [](const owner::read_answer&, response& r) { r = empty(404); };
  read_catalog(std::move(x), catalog::query{}, std::move(style));
}

} // namespace praetor::http
