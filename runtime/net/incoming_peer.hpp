// A node that connected to this one: its messages and requests go to the
// receiver, answers go back. It is read no faster than its requests are
// answered, but its messages wait no longer than peer_times::pause_max.
//
// Owned by the listener. Lives in the io thread.

#pragma once

#include "runtime/net/peer_connection.hpp"
#include "runtime/net/peer_inbox.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace praetor::net {

/// See the head of the file.
class incoming_peer final : public peer_connection_user,
                            public peer_answers,
                            public std::enable_shared_from_this<incoming_peer> {
public:
  /// @param from Its IP address. @param on_end Called once, unless `close` is.
  incoming_peer(std::shared_ptr<peer_home> home, std::string from,
                std::function<void()> on_end);

  /// @param place Address and port.
  void accept(peer_socket socket, std::string place);

  /// Ends it without a word to anybody but the receiver.
  void close();

  /// Ends it for a reason, which is logged.
  void refuse(std::string why);

  /// Whether it has not said hello.
  bool stranger() const { return !connection_->ready(); }

  const std::string& from() const { return from_; }
  const peer_hello& theirs() const { return connection_->theirs(); }

  /// Does what is due. Returns when to call again.
  time_point step(time_point now);

  void on_ready(const peer_hello& theirs) override;
  void on_frame(frame x) override;
  void on_closed(const error& why) override;
  void on_answer(std::uint64_t id, result<std::string> x,
                 std::uint32_t crc) override;

private:
  struct request {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
  };

  void take_request(frame x);
  void send_failure(std::uint64_t id, const error& why);
  void forget_requests();
  bool overloaded() const;
  void pause_if_overloaded();
  void resume_if_possible();

  const std::shared_ptr<peer_home> home_;
  const std::string from_;
  const std::function<void()> on_end_;
  const std::shared_ptr<peer_connection> connection_;
  bool was_ready_ = false;
  /// Not answered yet, by the ids of the other side.
  std::map<std::uint64_t, request> unanswered_;
  std::size_t unanswered_bytes_ = 0;
  /// Set while it is paused.
  time_point paused_until_ = time_point::max();
  /// It was paused as long as it may be; requests are refused meanwhile.
  bool refusing_ = false;
};

} // namespace praetor::net
