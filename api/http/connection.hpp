// One client's connection: reads requests one after the other, hands each to
// its handler, writes the answer. While it waits for a blocking query it holds
// no buffers, between requests a small one.
//
// Owned by its own coroutine and by whoever holds a responder. Lives in its
// worker's thread. A late or second answer is ignored.

#pragma once

#include "api/http/asio_types.hpp"
#include "api/http/client_counts.hpp"
#include "api/http/dispatch.hpp"
#include "api/http/encode.hpp"
#include "api/http/handler.hpp"
#include "runtime/base/time.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace praetor::http {

/// What one client may cost. Source for the number of connections: Consul's
/// limits.http_max_conns_per_client.
struct limits {
  /// Request line and headers; more is 431.
  std::uint32_t head_bytes_max = 64 * 1024;
  /// A body; more is 413. Values have a limit of their own, which does not
  /// count for chunked bodies.
  std::uint64_t body_bytes_max = 8 * 1024 * 1024;
  /// Connections from one IP address; further ones are closed.
  std::size_t connections_per_client_max = 200;
  /// Connections of all clients.
  std::size_t connections_max = 50000;
  /// Of a streamed body, waiting to be written; what exceeds it is dropped.
  std::size_t stream_bytes_max = 512 * 1024;
  /// From the first byte of a request to the end of its head.
  duration head_time_max = std::chrono::seconds{30};
  duration body_time_max = std::chrono::seconds{300};
  duration write_time_max = std::chrono::seconds{120};
  /// Between requests.
  duration idle_time_max = std::chrono::minutes{15};
  /// For requests under way when the server stops.
  duration stop_time_max = std::chrono::seconds{1};
};

class connection;

/// What the connections of one thread share. They and the worker own it.
struct lobby {
  backends& to;
  site settings;
  limits most;
  std::shared_ptr<client_counts> counts;
  std::set<connection*> open;
  bool stopping = false;
  /// For Date headers; renewed by the worker's tick.
  std::string date;
  time_point now;
  /// Connections given to this thread, those on their way included; the one
  /// that accepts looks at it.
  std::atomic<std::size_t> load = 0;
};

/// One client.
class connection : public std::enable_shared_from_this<connection> {
public:
  /// @pre `client` has entered `home->counts`.
  connection(stream socket, std::string client, std::shared_ptr<lobby> home);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Serves until the client or a limit ends it.
  task<> run();

  /// Ends it now if it took longer than it may.
  void expire();

  /// Ends it now if it is between requests, else after the answer.
  void stop();

  /// Ends it now.
  void close();

private:
  using parser_type =
    boost::beast::http::request_parser<boost::beast::http::string_body>;
  class chunk_writer;

  /// Someone to resume; hides the type that Asio's coroutines have.
  struct sleeper {
    sleeper() = default;
    sleeper(const sleeper&) = delete;
    sleeper& operator=(const sleeper&) = delete;
    virtual ~sleeper() = default;
    virtual void resume() = 0;
  };

  // Each returns whether the connection can go on.
  task<bool> serve_one();
  task<bool> read_head();
  task<bool> read_body();
  task<bool> answer_it(admission a);
  task<bool> send(response r);
  task<bool> send_stream(response r);
  task<bool> refuse(response r);
  task<> linger();

  void take_head();
  void call(const route& to);
  void take_answer(std::uint64_t serial, response r);
  void add_hangup(std::uint64_t serial, std::function<void()> f);
  void watch_hangup();
  void on_readable();
  void hang_up();
  void push_chunk(std::string bytes);
  task<> sleep();
  void wake();
  void set_deadline(duration from_now);

  stream socket_;
  const std::string client_;
  const std::shared_ptr<lobby> home_;
  time_point deadline_ = time_point::max();

  boost::beast::flat_buffer buffer_;
  std::optional<parser_type> parser_;
  request rq_;
  delivery how_;
  std::string head_;

  /// Counts requests, so that an answer to an earlier one is recognized.
  std::uint64_t serial_ = 0;
  bool waiting_ = false;
  std::optional<response> answer_;
  std::vector<std::function<void()>> hangups_;
  std::unique_ptr<sleeper> sleeper_;
  /// An async_wait for the client's hang-up is under way.
  bool watching_ = false;
  bool gone_ = false;
  bool idle_ = true;
  /// Unread bytes may follow; closing at once would lose our answer.
  bool lingers_ = false;

  std::shared_ptr<chunk_writer> chunks_;
  std::string pending_chunks_;
};

} // namespace praetor::http
