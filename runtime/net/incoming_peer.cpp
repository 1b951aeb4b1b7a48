#include "runtime/net/incoming_peer.hpp"

#include <algorithm>

namespace praetor::net {

incoming_peer::incoming_peer(std::shared_ptr<peer_home> home, std::string from,
                             std::function<void()> on_end)
  : home_{std::move(home)},
    from_{std::move(from)},
    on_end_{std::move(on_end)},
    connection_{std::make_shared<peer_connection>(home_, *this)} {}

void incoming_peer::accept(peer_socket socket, std::string place) {
  connection_->accept(std::move(socket), std::move(place));
}

void incoming_peer::close() {
  connection_->close();
  forget_requests();
}

void incoming_peer::refuse(std::string why) {
  connection_->fail({errc::rejected, std::move(why)});
}

// -- what the connection says
// --------------------------------------------------------

void incoming_peer::on_ready(const peer_hello& theirs) {
  was_ready_ = true;
  log::debug(peer_log, "A node connected",
             {{"from", from_},
              {"node", printable(theirs.node_name)},
              {"id", printable(theirs.node_id)}});
}

void incoming_peer::on_frame(frame x) {
  if (home_->receiver == nullptr)
    return;
  switch (x.kind) {
    case frame_kind::message:
      return home_->receiver->on_message(theirs().node_id,
                                         std::move(x.payload));
    case frame_kind::request: return take_request(std::move(x));
    case frame_kind::cancel: {
      const auto i = unanswered_.find(x.id);
      if (i == unanswered_.end())
        return;
      const auto gone = i->second;
      unanswered_.erase(i);
      unanswered_bytes_ -= gone.bytes;
      return home_->receiver->on_canceled(gone.number);
    }
    default:
      ++home_->counts.corrupt;
      return connection_->fail(
        {errc::corruption, "received an answer that nobody asked for"});
  }
}

void incoming_peer::on_closed(const error& why) {
  const auto self = shared_from_this();
  forget_requests();
  if (!was_ready_ && why.code != errc::canceled) {
    ++home_->counts.refused;
    home_->complain("from " + from_ + std::string{to_string(why.code)},
                    "Refused a connection",
                    {{"from", from_}, {"error", why.context}});
  } else if (was_ready_) {
    const auto level =
      why.code == errc::io_error ? log::level::debug : log::level::warn;
    log::write(level, peer_log, "The connection of a node ended",
               {{"from", from_},
                {"node", printable(theirs().node_name)},
                {"error", why.context}});
  }
  on_end_();
}

void incoming_peer::forget_requests() {
  for (const auto& [id, x] : std::exchange(unanswered_, {}))
    if (home_->receiver != nullptr)
      home_->receiver->on_canceled(x.number);
}

// -- requests and answers
// ------------------------------------------------------------

void incoming_peer::take_request(frame x) {
  if (unanswered_.contains(x.id)) {
    ++home_->counts.corrupt;
    return connection_->fail(
      {errc::corruption, "received two requests of the same number"});
  }
  if (refusing_ && overloaded()) {
    ++home_->counts.overloaded;
    return send_failure(x.id,
                        {errc::overloaded, "too many requests are waiting"});
  }
  const auto number = ++home_->last_number;
  unanswered_.emplace(x.id, request{number, x.payload.size()});
  unanswered_bytes_ += x.payload.size();
  pause_if_overloaded();
  auto answer = [inbox = home_->inbox, me = weak_from_this(),
                 id = x.id](result<std::string> y) {
    const auto crc = y ? crc32c(*y) : 0;
    inbox->push(peer_answer{me, id, std::move(y), crc});
  };
  home_->receiver->on_request(theirs().node_id, number, std::move(x.payload),
                              reply<std::string>{std::move(answer)});
}

void incoming_peer::on_answer(std::uint64_t id, result<std::string> x,
                              std::uint32_t crc) {
  const auto i = unanswered_.find(id);
  if (i == unanswered_.end())
    return;
  unanswered_bytes_ -= i->second.bytes;
  unanswered_.erase(i);
  if (!x) {
    send_failure(id, x.error());
  } else if (x->size() > home_->limits.answer_bytes_max) {
    send_failure(
      id, {errc::rejected,
           "the answer is too long: " + std::to_string(x->size()) + " bytes"});
  } else if (!connection_->send(lane::normal,
                                {frame_kind::answer, id, std::move(*x), crc})) {
    ++home_->counts.overloaded;
    send_failure(id, {errc::overloaded, "too many answers are waiting"});
  }
  resume_if_possible();
}

void incoming_peer::send_failure(std::uint64_t id, const error& why) {
  auto bytes = encode_failure(why);
  const auto crc = crc32c(bytes);
  if (!connection_->send(lane::urgent,
                         {frame_kind::failure, id, std::move(bytes), crc}))
    connection_->fail({errc::overloaded, "the other side does not read"});
}

// -- back-pressure
// -------------------------------------------------------------------

bool incoming_peer::overloaded() const {
  return unanswered_.size() >= home_->limits.unanswered_max
         || unanswered_bytes_ + connection_->unwritten_bytes()
              >= home_->limits.unanswered_bytes_max;
}

void incoming_peer::pause_if_overloaded() {
  if (!overloaded())
    refusing_ = false;
  if (refusing_ || !overloaded() || paused_until_ != time_point::max())
    return;
  connection_->pause();
  paused_until_ = std::chrono::steady_clock::now() + home_->times.pause_max;
  home_->wake(paused_until_);
}

void incoming_peer::resume_if_possible() {
  if (overloaded())
    return;
  refusing_ = false;
  if (std::exchange(paused_until_, time_point::max()) != time_point::max())
    connection_->resume();
}

time_point incoming_peer::step(time_point now) {
  if (now >= paused_until_) {
    paused_until_ = time_point::max();
    refusing_ = overloaded();
    connection_->resume();
  }
  return std::min(paused_until_, connection_->step(now));
}

} // namespace praetor::net
