#include "actors/template/watch/view.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <vector>

namespace praetor::templates {

namespace {

constexpr int status_ok = 200;
constexpr int status_not_found = 404;
/// Keeps the doubling from overflowing: 250 ms * 2^24 is 48 days.
constexpr int doublings_max = 24;

/// Whether "not found" is an answer and not a failure.
bool may_be_absent(dependency_kind x) {
  return x == dependency_kind::key_value || x == dependency_kind::key_lookup
         || x == dependency_kind::key_list;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos)
    return {};
  return std::string{
    text.substr(first, text.find_last_not_of(blanks) - first + 1)};
}

std::string unexpected(const server_answer& x) {
  return "Unexpected response code: " + std::to_string(x.status) + " ("
         + trimmed(x.body) + ")";
}

} // namespace

duration back_off(const retry_settings& retry, int attempt) {
  const auto doublings = std::min(attempt - 1, doublings_max);
  const auto out = retry.backoff * (std::int64_t{1} << doublings);
  return retry.max_backoff > duration::zero() ? std::min(out, retry.max_backoff)
                                              : out;
}

std::string with_parameters(const std::string& target, std::uint64_t index,
                            duration wait, bool stale) {
  const auto mark = target.find('?');
  std::vector<std::string> all;
  if (mark != target.npos) {
    std::string_view rest{target};
    rest.remove_prefix(mark + 1);
    while (!rest.empty()) {
      const auto end = rest.find('&');
      all.emplace_back(rest.substr(0, end));
      rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
    }
  }
  if (index != 0)
    all.push_back("index=" + std::to_string(index));
  if (stale)
    all.emplace_back("stale=");
  if (wait > duration::zero())
    all.push_back(
      "wait="
      + std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(wait).count())
      + "ms");
  std::ranges::sort(all);
  auto out = target.substr(0, mark);
  for (const auto& x : all)
    out.append(&x == &all.front() ? "?" : "&").append(x);
  return out;
}

std::string view::waiting_for() const {
  if (has_data_)
    return {};
  if (!failure_.empty())
    return failure_;
  if (!answered_)
    return "its first answer";
  return what_.what == dependency_kind::key_value ? "the key to exist"
                                                  : "data to exist";
}

std::string view::target(std::string_view self_node) const {
  const auto path = request_path(what_, self_node);
  if (style_of(what_) == watch_style::polled)
    return with_parameters(path, 0, duration::zero(), false);
  const bool stale = options_.max_stale > duration::zero() && !fresh_;
  return with_parameters(path, index_, options_.wait, stale);
}

duration view::rest_after(duration asked_ago) const {
  if (style_of(what_) == watch_style::polled || index_ == 0)
    return poll_interval;
  return std::max(request_interval - asked_ago, duration::zero());
}

view_step view::on_answer(const server_answer& x, duration asked_ago) {
  const bool absent = x.status == status_not_found && may_be_absent(what_.what);
  if (x.status != status_ok && !absent)
    return on_failure(unexpected(x));
  const bool stale = options_.max_stale > duration::zero() && !fresh_;
  fresh_ = stale && x.last_contact > options_.max_stale;
  if (fresh_)
    return {};
  if (style_of(what_) == watch_style::blocking && x.index != 0) {
    const bool again = answered_ && x.index == index_;
    const bool restarted = x.index < index_;
    index_ = restarted ? 0 : x.index;
    if (again || restarted) {
      succeed();
      return {.rest = restarted ? request_interval : rest_after(asked_ago)};
    }
  }
  return on_news(x, asked_ago);
}

view_step view::on_news(const server_answer& x, duration asked_ago) {
  answered_ = true;
  view_step out{.rest = rest_after(asked_ago)};
  std::optional<std::string> body;
  if (x.status == status_ok)
    body = x.body;
  if (has_data_ && body == body_) {
    succeed();
    return out;
  }
  auto data = decode_answer(what_, body);
  if (!data) {
    index_ = 0; // ask again at once
    return on_failure(data.error().context);
  }
  succeed();
  body_ = std::move(body);
  if (!*data)
    return out;
  has_data_ = true;
  out.data = std::move(*data);
  if (options_.once)
    out.what = view_step::next::stop;
  return out;
}

void view::succeed() {
  attempts_ = 0;
  failure_.clear();
}

view_step view::on_failure(std::string reason) {
  failure_ = std::move(reason);
  if (!failure_.starts_with(name_ + ": "))
    failure_.insert(0, name_ + ": ");
  view_step out{.failure = failure_};
  const auto& retry = options_.retry;
  const bool more =
    retry.enabled && (retry.attempts == 0 || attempts_ < retry.attempts);
  if (!more) {
    out.what = view_step::next::fail;
    return out;
  }
  out.attempt = ++attempts_;
  out.rest = back_off(retry, attempts_);
  return out;
}

} // namespace praetor::templates
