// /v1/coordinate: where nodes are in the network. Agents tell it by themselves.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace praetor::http {
namespace {

using catalog::query_kind;

/// Answers if there are no coordinates here. Returns whether.
bool refused(const exchange& x) {
  if (x.to.facts.disable_coordinates)
    x.respond(plain(401, "Coordinate support disabled"));
  return x.to.facts.disable_coordinates;
}

void read_coordinates(exchange x, query_kind kind, read_style style) {
  catalog::query q;
  q.kind = kind;
  q.name = x.rq.argument;
  read_catalog(std::move(x), std::move(q), std::move(style));
}

// -- update -------------------------------------------------------------------

struct coordinate_body {
  std::vector<double> vec;
  double error = 0;
  double adjustment = 0;
  double height = 0;
};

struct update_body {
  std::string node;
  std::string segment;
  coordinate_body coord;
};

status take_real(const json_value& from, std::string_view field, double& to) {
  if (!from.IsNumber())
    return json_mismatch(from, field, "float64");
  to = from.GetDouble();
  return ok;
}

template <double coordinate_body::*Member>
constexpr auto real(std::string_view name) {
  return json_member<coordinate_body>{
    name,
    [](const json_value& from, std::string_view field, coordinate_body& to) {
      return take_real(from, field, to.*Member);
    }};
}

status take_vec(const json_value& from, std::string_view field,
                coordinate_body& to) {
  return decode_elements(from, field, to.vec,
                         [field](const json_value& element, double& item) {
                           return take_real(element, field, item);
                         });
}

constexpr json_member<coordinate_body> coordinate_members[] = {
  {"Vec", take_vec},
  real<&coordinate_body::error>("Error"),
  real<&coordinate_body::adjustment>("Adjustment"),
  real<&coordinate_body::height>("Height"),
};

constexpr json_member<update_body> update_members[] = {
  field<&update_body::node>("Node"),
  field<&update_body::segment>("Segment"),
  object<&update_body::coord, coordinate_members>("Coord"),
};

/// Nothing if it has another number of dimensions than all others.
std::optional<coordinate> place_of(const coordinate_body& x) {
  coordinate out;
  if (x.vec.size() != out.at.size())
    return std::nullopt;
  std::copy(x.vec.begin(), x.vec.end(), out.at.begin());
  out.error = x.error;
  out.adjustment = x.adjustment;
  out.height = x.height;
  return out;
}

} // namespace

void coordinate_datacenters(exchange x) {
  if (refused(x))
    return;
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
  if (!refused(x))
    read_coordinates(std::move(x), query_kind::coordinates, plain_style());
}

void coordinate_node(exchange x) {
  if (refused(x))
    return;
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing node name"));
  auto style = plain_style();
  style.meta_on_not_found = false;
  read_coordinates(std::move(x), query_kind::coordinate_of_node,
                   std::move(style));
}

void coordinate_update(exchange x) {
  if (refused(x))
    return;
  const auto body = decode_json(x.rq.body, update_members);
  if (!body)
    return x.respond(
      plain(400, "Request decode failed: " + body.error().context));
  const auto where = place_of(body->coord);
  if (!where)
    return x.respond(plain(500, "incompatible coordinate"));
  submit_command(
    std::move(x),
    catalog::command{catalog::update_coordinates{{{body->node, *where}}}},
    [](const command_result&) { return empty(200); });
}

} // namespace praetor::http
