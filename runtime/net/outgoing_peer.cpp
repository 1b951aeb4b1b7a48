#include "runtime/net/outgoing_peer.hpp"

#include <algorithm>

namespace praetor::net {

namespace {

time_point now() {
  return std::chrono::steady_clock::now();
}

} // namespace

outgoing_peer::outgoing_peer(std::shared_ptr<peer_home> home, std::string id)
  : home_{std::move(home)},
    id_{std::move(id)},
    backoff_{home_->times.backoff_min} {}

outgoing_peer::~outgoing_peer() {
  if (connection_)
    connection_->close();
}

// -- calls
// ---------------------------------------------------------------------------

void outgoing_peer::set_address(std::string address) {
  if (address == address_)
    return;
  address_ = std::move(address);
  disconnect(unreachable("its address changed"));
  retry_at_ = {};
  backoff_ = home_->times.backoff_min;
  failure_.clear();
}

void outgoing_peer::post(peer_post x) {
  if (x.bytes.size() <= home_->limits.frame_bytes_max && prepare()
      && connection_->send(x.how,
                           {frame_kind::message, 0, std::move(x.bytes), x.crc}))
    return;
  ++home_->counts.messages_dropped;
}

void outgoing_peer::request(peer_request x) {
  const auto size = x.bytes.size();
  if (size > home_->limits.frame_bytes_max)
    return x.to.complete(
      error{errc::invalid_argument,
            "the request is too long: " + std::to_string(size) + " bytes"});
  // Who asks knows others to ask; waiting for this one would not help.
  if (!prepare() || (!dialed_ && !failure_.empty()))
    return x.to.complete(unreachable(failure_));
  if (pending_.size() >= home_->limits.pending_max
      || !connection_->send(lane::normal, {frame_kind::request, x.number,
                                           std::move(x.bytes), x.crc})) {
    ++home_->counts.overloaded;
    return x.to.complete(
      error{errc::overloaded, "too many requests wait for node " + id_});
  }
  pending_.add(x.number, x.deadline, std::move(x.to));
  connection_->set_waiting(pending_.size());
  home_->wake(x.deadline);
}

bool outgoing_peer::cancel(std::uint64_t number) {
  const auto to = pending_.take(number);
  if (!to)
    return false;
  connection_->set_waiting(pending_.size());
  // If there is no room, an answer comes that nobody waits for.
  connection_->send(lane::urgent, {frame_kind::cancel, number, {}, 0});
  to->complete(error{errc::canceled, "the request was canceled"});
  return true;
}

void outgoing_peer::check_cluster() {
  if (!up_)
    return;
  if (auto why = objection(home_->me, connection_->theirs()))
    connection_->fail({errc::rejected, std::move(*why)});
}

void outgoing_peer::close(const error& why) {
  disconnect(why);
}

// -- the connection
// ------------------------------------------------------------------

/// Returns whether there is a connection, if only one to be dialed.
bool outgoing_peer::prepare() {
  if (connection_)
    return true;
  if (address_.empty()) {
    failure_ = "its address is not known";
    return false;
  }
  connection_ = std::make_shared<peer_connection>(home_, *this);
  dialed_ = false;
  if (now() >= retry_at_)
    dial();
  else
    home_->wake(retry_at_);
  return connection_ != nullptr;
}

void outgoing_peer::dial() {
  const auto at = parse_endpoint(address_);
  if (!at)
    return connection_->fail(at.error());
  dialed_ = true;
  connection_->dial(*at, id_);
}

void outgoing_peer::disconnect(const error& why) {
  if (const auto x = std::exchange(connection_, nullptr))
    x->close();
  pending_.fail_all(why);
  if (std::exchange(up_, false))
    tell_of(false);
}

void outgoing_peer::on_ready(const peer_hello& theirs) {
  up_ = true;
  up_since_ = now();
  failure_.clear();
  ++home_->counts.connects;
  log::debug(peer_log, "Connected to a node",
             {{"node", printable(theirs.node_name)},
              {"id", id_},
              {"address", address_}});
  tell_of(true);
}

void outgoing_peer::on_closed(const error& why) {
  const auto at = now();
  const auto was_up = up_;
  if (!was_up) {
    ++home_->counts.connects_failed;
    home_->complain(
      "to " + id_, "Cannot connect to a node",
      {{"id", id_}, {"address", address_}, {"error", why.context}});
  } else if (why.code != errc::canceled) {
    home_->complain(
      "lost " + id_, "Lost the connection to a node",
      {{"id", id_}, {"address", address_}, {"error", why.context}});
  }
  failure_ = why.context;
  if (was_up && at - up_since_ >= home_->times.backoff_max)
    backoff_ = home_->times.backoff_min;
  retry_at_ = was_up && why.code == errc::canceled ? at : at + backoff_;
  backoff_ = std::min(2 * backoff_, home_->times.backoff_max);
  disconnect(unreachable(why.context));
}

void outgoing_peer::tell_of(bool up) {
  if (up)
    ++home_->counts.outgoing;
  else
    --home_->counts.outgoing;
  if (home_->receiver != nullptr)
    home_->receiver->on_connection(id_, up);
}

error outgoing_peer::unreachable(const std::string& why) const {
  return {errc::io_error, "node " + id_ + ": " + why};
}

// -- answers and time
// ----------------------------------------------------------------

void outgoing_peer::on_frame(frame x) {
  const auto from = connection_; // Whoever gets the answer may stop us.
  switch (x.kind) {
    case frame_kind::answer_part:
      if (pending_.add_part(x.id, x.payload, home_->limits.answer_bytes_max))
        return;
      return from->fail(
        {errc::corruption, "received an answer that is too long"});
    case frame_kind::answer:
      pending_.complete(x.id, std::move(x.payload));
      return from->set_waiting(pending_.size());
    case frame_kind::failure:
      pending_.complete(x.id, decode_failure(x.payload));
      return from->set_waiting(pending_.size());
    default:
      ++home_->counts.corrupt;
      return from->fail(
        {errc::corruption, "received a request on a connection for answers"});
  }
}

time_point outgoing_peer::step(time_point at) {
  const auto x = connection_; // It may end meanwhile.
  if (!x)
    return time_point::max();
  if (!dialed_) {
    if (at < retry_at_)
      return retry_at_;
    dial();
  }
  if (at >= pending_.next())
    for (const auto& [number, to] : pending_.take_expired(at)) {
      x->send(lane::urgent, {frame_kind::cancel, number, {}, 0});
      to.complete(
        error{errc::timeout, "node " + id_ + " did not answer in time"});
    }
  x->set_waiting(pending_.size());
  return std::min(pending_.next(), x->step(at));
}

} // namespace praetor::net
