#include "tests/sim/peer_calls.hpp"

#include "tests/sim/random.hpp"

#include <utility>
#include <vector>

namespace praetor::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const error broken{errc::io_error, "the connection broke"};

class network_view final : public peer_network {
public:
  network_view(
    peer_calls& calls, std::size_t self,
    std::function<std::optional<std::size_t>(const std::string&)> index)
    : calls_{calls}, self_{self}, index_{std::move(index)} {}

  void set_address(const std::string&, std::string) override {}
  void set_cluster(const std::string&) override {}
  void post(const std::string&, lane, std::string) override {}

  std::uint64_t request(const std::string& node, std::string bytes,
                        duration time_limit, reply<std::string> to) override {
    return calls_.ask(self_, index_(node).value_or(self_), std::move(bytes),
                      time_limit, std::move(to));
  }

  void cancel(std::uint64_t request) override { calls_.cancel(request); }

private:
  peer_calls& calls_;
  std::size_t self_;
  std::function<std::optional<std::size_t>(const std::string&)> index_;
};

} // namespace

peer_calls::peer_calls(std::uint64_t seed, agenda& events, const moment& now,
                       const network& net, service_of find)
  : random_{stream(seed, "calls")},
    events_{events},
    now_{now},
    net_{net},
    find_{std::move(find)} {}

duration peer_calls::delay() {
  return microseconds{50} + exponential(random_, microseconds{300});
}

std::uint64_t peer_calls::ask(std::size_t from, std::size_t to,
                              std::string bytes, duration limit,
                              reply<std::string> answer) {
  const auto number = ++last_;
  open_[number] = {from, to, std::move(answer), false};
  events_.add(now_ + delay(), [this, number, bytes = std::move(bytes)] {
    arrive(number, bytes);
  });
  end_after(limit, number, error{errc::timeout, "no answer in time"});
  return number;
}

void peer_calls::arrive(std::uint64_t number, std::string bytes) {
  const auto found = open_.find(number);
  if (found == open_.end())
    return;
  const auto from = found->second.from;
  const auto to = found->second.to;
  auto* service = find_(to);
  if (service == nullptr || !net_.connected(from, to))
    return breaks(number);
  service->on_request("s" + std::to_string(from + 1), number, std::move(bytes),
                      reply<std::string>{[this, number](result<std::string> x) {
                        answered(number, std::move(x));
                      }});
}

/// The answer has to get back.
void peer_calls::answered(std::uint64_t number, result<std::string> x) {
  const auto found = open_.find(number);
  if (found == open_.end() || found->second.broken)
    return;
  if (net_.connected(found->second.from, found->second.to))
    end_after(delay(), number, std::move(x));
  else
    breaks(number);
}

/// It takes a while to notice.
void peer_calls::breaks(std::uint64_t number) {
  open_.at(number).broken = true;
  end_after(milliseconds{between(random_, 0, 400)}, number, broken);
}

void peer_calls::end_after(duration span, std::uint64_t number,
                           result<std::string> x) {
  events_.add(now_ + span, [this, number, x = std::move(x)] {
    if (auto node = open_.extract(number))
      node.mapped().answer.complete(x);
  });
}

void peer_calls::cancel(std::uint64_t number) {
  auto node = open_.extract(number);
  if (!node)
    return;
  if (auto* service = find_(node.mapped().to))
    service->on_canceled(number);
  node.mapped().answer.complete(error{errc::canceled, {}});
}

void peer_calls::gone(std::size_t node) {
  std::vector<std::uint64_t> asked;
  for (auto i = open_.begin(); i != open_.end();) {
    if (i->second.from == node) {
      i = open_.erase(i);
      continue;
    }
    if (i->second.to == node)
      asked.push_back(i->first);
    ++i;
  }
  for (const auto number : asked)
    breaks(number);
}

std::shared_ptr<peer_network> network_of(
  peer_calls& calls, std::size_t self,
  std::function<std::optional<std::size_t>(const std::string&)> index) {
  return std::make_shared<network_view>(calls, self, std::move(index));
}

} // namespace praetor::sim
