#include "actors/registrator/docker_engine.hpp"

#include "actors/registrator/core/json_reading.hpp"
#include "actors/registrator/core/registry_uri.hpp"
#include "actors/registrator/http_backend.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace praetor::registrator {

namespace {

/// What this code was written for.
constexpr api_version newest{1, 44};
constexpr api_version oldest{1, 24};

constexpr int status_bad_request = 400;

/// Probes of HEALTHCHECKs and the like would flood us: the engine filters.
/// {"type":["container"],"event":[...]}
constexpr std::string_view event_filter =
  "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C"
  "%22die%22%2C%22kill%22%2C%22rename%22%2C%22destroy%22%2C"
  "%22health_status%22%5D%7D";

api_version parse_version(const std::string& text) {
  const auto dot = text.find('.');
  constexpr std::uint64_t most = 9999;
  const auto major = parse_uint(text.substr(0, dot)).value_or(0);
  const auto minor =
    dot == text.npos ? 0 : parse_uint(text.substr(dot + 1)).value_or(0);
  return {static_cast<int>(std::min(major, most)),
          static_cast<int>(std::min(minor, most))};
}

error explained(const http_answer& x) {
  rapidjson::Document document;
  auto text = parse_document(document, x.body)
                ? text_member(document, "message")
                : std::string{};
  if (text.empty())
    return refused(x);
  return {x.status == status_not_found ? errc::not_found : errc::rejected,
          "API error (" + std::to_string(x.status) + "): " + text};
}

} // namespace

api_version choose_version(api_version lowest, api_version highest) {
  if (highest == api_version{})
    highest = oldest; // it does not say
  return std::max({std::min(newest, highest), oldest, lowest});
}

void docker_engine::versioned(std::string path, handler<std::string> f) {
  if (!prefix_.empty())
    return f(prefix_ + path);
  wire_.send({"GET", "/version", {}, {}}, [me = shared_from_this(),
                                           path = std::move(path),
                                           f = std::move(f)](
                                            const result<http_answer>& x) {
    if (!x)
      return f(x.error());
    rapidjson::Document document;
    if (x->status != status_ok || !parse_document(document, x->body)
        || text_member(document, "ApiVersion").empty())
      return f(error{errc::corruption, "the engine does not tell its version"});
    const auto version =
      choose_version(parse_version(text_member(document, "MinAPIVersion")),
                     parse_version(text_member(document, "ApiVersion")));
    me->prefix_ = "/v" + std::to_string(version.major) + "."
                  + std::to_string(version.minor);
    f(me->prefix_ + path);
  });
}

void docker_engine::get(const std::string& path, handler<http_answer> f) {
  versioned(path, [me = shared_from_this(),
                   f = std::move(f)](const result<std::string>& target) {
    if (!target)
      return f(target.error());
    me->wire_.send({"GET", *target, {}, {}},
                   [me, f](const result<http_answer>& x) {
                     if (x && x->status == status_ok)
                       return f(x);
                     // Perhaps another engine answers by now.
                     if (x && x->status == status_bad_request)
                       me->prefix_.clear();
                     f(x ? explained(*x) : x.error());
                   });
  });
}

void docker_engine::list(bool all, handler<std::vector<std::string>> f) {
  get(all ? "/containers/json?all=1" : "/containers/json",
      [f = std::move(f)](const result<http_answer>& x) {
        if (!x)
          return f(x.error());
        f(parse_container_ids(x->body));
      });
}

void docker_engine::inspect(const std::string& id, handler<container> f) {
  get("/containers/" + escape_path(id) + "/json",
      [f = std::move(f)](const result<http_answer>& x) {
        if (!x)
          return f(x.error());
        f(parse_container(x->body));
      });
}

void docker_engine::watch(std::int64_t since,
                          std::function<void(container_event)> each,
                          handler<std::monostate> ended) {
  auto path = "/events?filters=" + std::string{event_filter};
  if (since > 0)
    path += "&since=" + std::to_string(since);
  versioned(path,
            [me = shared_from_this(), each = std::move(each),
             ended = std::move(ended)](const result<std::string>& target) {
              if (!target)
                return ended(target.error());
              const auto split = std::make_shared<object_splitter>();
              me->wire_.follow(
                {"GET", *target, {}, {}},
                [split, each](const std::string& piece) {
                  const auto objects = split->add(piece);
                  if (!objects)
                    return;
                  for (const auto& x : *objects)
                    if (auto event = parse_event(x))
                      each(std::move(*event));
                },
                [me, ended](const result<http_answer>& x) {
                  me->prefix_.clear();
                  if (!x)
                    return ended(x.error());
                  ended(x->status == status_ok ? error{errc::io_error, "EOF"}
                                               : explained(*x));
                });
            });
}

} // namespace praetor::registrator
