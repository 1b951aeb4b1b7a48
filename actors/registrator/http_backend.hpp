// What registries over HTTP have in common: one request, and which statuses
// mean success.

#pragma once

#include "actors/registrator/backend.hpp"

#include <string>
#include <utility>

namespace praetor::registrator {

inline constexpr int status_ok = 200;
inline constexpr int status_created = 201;
inline constexpr int status_not_found = 404;

/// An answer that means failure, as an error.
inline error refused(const http_answer& x) {
  auto text = x.body;
  while (text.ends_with('\n'))
    text.pop_back();
  constexpr std::size_t shown_max = 300;
  return {errc::rejected,
          "Unexpected response code: " + std::to_string(x.status) + " ("
            + text.substr(0, shown_max) + ")"};
}

/// See the head of the file.
class http_backend : public backend {
public:
  explicit http_backend(wire to) : wire_{std::move(to)} {}

protected:
  /// Success is 200 and 201.
  void demand(http_request what, handler<http_answer> f) const {
    wire_.send(std::move(what), [f](const result<http_answer>& x) {
      if (x && x->status != status_ok && x->status != status_created)
        return f(refused(*x));
      f(x);
    });
  }

  void demand(http_request what, done f) const {
    demand(std::move(what),
           handler<http_answer>{[f](const result<http_answer>& x) {
             f(x ? status{ok} : status{x.error()});
           }});
  }

  /// What is not there counts as removed.
  void demand_gone(http_request what, done f) const {
    wire_.send(std::move(what), [f](const result<http_answer>& x) {
      if (!x)
        return f(x.error());
      if (x->status == status_ok || x->status == status_not_found)
        return f(ok);
      f(refused(*x));
    });
  }

  const wire& line() const { return wire_; }

private:
  wire wire_;
};

} // namespace praetor::registrator
