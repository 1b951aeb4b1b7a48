// Goal: nodes reach each other by messages and requests, through lost and
// refused connections, with one wake-up and one write for many calls.
// Method: several transports on loopback in one io_context (transport_support);
// times are shortened where a test waits for them.

#include "tests/net/transport_support.hpp"

#include <algorithm>
#include <thread>

using namespace praetor;
using namespace praetor::net;

TEST_CASE_METHOD(transport_fixture, "transport: messages arrive in order",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  for (auto i = 0; i < 100; ++i)
    a->net->post("b", lane::normal, std::to_string(i));
  wait_for([&b] { return b->messages.size() == 100; });
  for (auto i = 0; i < 100; ++i)
    CHECK(b->messages[static_cast<std::size_t>(i)]
          == "a: " + std::to_string(i));
  CHECK(a->connections == std::vector<std::string>{"b up"});
  CHECK(b->connections.empty());
  CHECK(a->net->counters().outgoing == 1);
  CHECK(b->net->counters().incoming == 1);
  CHECK(b->net->counters().frames_received == 100);
}

TEST_CASE_METHOD(transport_fixture, "transport: requests are answered",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  b->answer = [](const auto& from, const auto& bytes) -> result<std::string> {
    if (bytes == "no")
      return error{errc::not_leader, "c"};
    return from + " said " + bytes;
  };
  CHECK(answer_of(*a, "b", "hi") == "a said hi");
  CHECK(answer_of(*a, "b", "no") == "not_leader: c");
  CHECK(answer_of(*a, "b", "") == "a said ");
  // Far beyond the limit of a frame, hence in parts.
  b->answer = [](const auto&, const auto&) {
    std::string out;
    for (auto i = 0; out.size() < 12'000'000; ++i)
      out += std::to_string(i) + std::string(1000, 'x');
    return out;
  };
  const auto expected = b->answer("", "");
  CHECK((answer_of(*a, "b", "long") == *expected));
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: long messages and requests arrive whole",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  std::vector<std::string> sent;
  for (const std::size_t size :
       {4075U, 4076U, 4077U, 8192U, 8193U, 262'144U, 9U << 20U}) {
    std::string bytes;
    while (bytes.size() < size)
      bytes.push_back(static_cast<char>(bytes.size() * 7 + size));
    sent.push_back("a: " + bytes);
    a->net->post("b", lane::normal, bytes);
  }
  wait_for([&] { return b->messages.size() == sent.size(); });
  CHECK((b->messages == sent));
  const std::string too_long((9U << 20U) + 1, 'x');
  a->net->post("b", lane::normal, too_long);
  CHECK(answer_of(*a, "b", too_long)
        == "invalid_argument: the request is too long: 9437185 bytes");
  CHECK(a->net->counters().messages_dropped == 1);
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: a burst costs one wake-up and one write",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  b->answer = [](const auto&, const auto& bytes) { return bytes; };
  CHECK(answer_of(*a, "b", "connect") == "connect");
  const auto before = a->net->counters();
  const auto theirs = b->net->counters();
  std::vector<std::shared_ptr<std::optional<std::string>>> answers;
  for (auto i = 0; i < 200; ++i)
    answers.push_back(ask(*a, "b", std::string(100, 'x')));
  wait_for([&] {
    return std::all_of(answers.begin(), answers.end(),
                       [](const auto& x) { return x->has_value(); });
  });
  CHECK(a->net->counters().wakeups - before.wakeups == 1);
  CHECK(a->net->counters().writes - before.writes == 1);
  // The other side takes them in pieces, as its buffer grows.
  CHECK(b->net->counters().wakeups - theirs.wakeups <= 5);
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: calls may come from other threads",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  b->answer = [](const auto&, const auto& bytes) { return bytes; };
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (auto t = 0; t < 3; ++t)
    threads.emplace_back([&a, &answered] {
      for (auto i = 0; i < 1000; ++i)
        a->net->request("b", std::to_string(i), 10s,
                        reply<std::string>{[&answered, i](const auto& x) {
                          answered += x && *x == std::to_string(i) ? 1 : 0;
                        }});
    });
  wait_for([&answered] { return answered == 3000; });
  for (auto& x : threads)
    x.join();
}

TEST_CASE_METHOD(transport_fixture, "transport: canceling tells both sides",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  const auto gone = ask(*a, "b", "first");
  const auto number = last_request;
  const auto kept = ask(*a, "b", "second");
  wait_for([&b] { return b->requests.size() == 2; });
  CHECK(b->numbers[0] != b->numbers[1]);
  a->net->cancel(number);
  a->net->cancel(number + 77);
  wait_for([&] { return !b->canceled.empty(); });
  CHECK(gone->value() == "canceled: the request was canceled");
  CHECK(b->canceled == std::vector<std::uint64_t>{b->numbers[0]});
  b->unanswered[0].complete(std::string{"late"});
  b->unanswered[1].complete(std::string{"in time"});
  wait_for([&] { return kept->has_value(); });
  CHECK(kept->value() == "in time");
}

TEST_CASE_METHOD(transport_fixture, "transport: requests have time limits",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  const auto late = ask(*a, "b", "long", 10s);
  CHECK(answer_of(*a, "b", "short", 50ms)
        == "timeout: node b did not answer in time");
  CHECK(!late->has_value());
  wait_for([&b] { return b->canceled.size() == 1; });
  CHECK(b->canceled[0] == b->numbers[1]);
  b->unanswered.clear(); // Nobody answers any more.
  wait_for([&late] { return late->has_value(); });
  CHECK(late->value() == "canceled: the request was dropped without an answer");
}

TEST_CASE_METHOD(transport_fixture, "transport: a node may ask itself",
                 "[net][transport]") {
  auto alone = options("a");
  alone.listen.clear();
  const auto a = start(alone);
  CHECK(a->net->port() == 0);
  a->net->post("a", lane::urgent, "note");
  const auto x = ask(*a, "a", "question");
  const auto canceled = ask(*a, "a", "other");
  wait_for([&a] { return a->unanswered.size() == 2; });
  CHECK(a->messages == std::vector<std::string>{"a: note"});
  a->unanswered[0].complete(std::string{"answer"});
  a->net->cancel(last_request);
  wait_for([&] { return x->has_value() && canceled->has_value(); });
  CHECK(x->value() == "answer");
  CHECK(canceled->value() == "canceled: the request was canceled");
  CHECK(a->canceled == std::vector<std::uint64_t>{a->numbers[1]});
  CHECK(answer_of(*a, "a", "slow", 30ms)
        == "timeout: this node did not answer in time");
}

// -- connections that fail
// -----------------------------------------------------------

TEST_CASE_METHOD(transport_fixture,
                 "transport: a broken connection fails requests at once, and "
                 "is made again",
                 "[net][transport]") {
  const auto a = start("a");
  auto b = start("b");
  const auto address = b->address();
  a->net->set_address("b", address);
  const auto pending = ask(*a, "b", "question", 1h);
  wait_for([&b] { return b->requests.size() == 1; });
  b.reset();
  wait_for([&pending] { return pending->has_value(); });
  CHECK(pending->value() == "io_error: node b: the other side closed it");
  CHECK(a->connections == std::vector<std::string>{"b up", "b down"});
  // Nobody listens there now. The text is that of the first failure while the
  // next attempt has to wait, and then the system's.
  const auto refused =
    "io_error: node b: dial tcp " + address + ": connect: connection refused";
  wait_for([&] { return answer_of(*a, "b", "again") == refused; });
  auto again = options("b");
  again.listen = address;
  b = start(again);
  b->answer = [](const auto&, const auto&) { return std::string{"back"}; };
  wait_for([&] { return answer_of(*a, "b", "again") == "back"; });
  CHECK(a->connections == std::vector<std::string>{"b up", "b down", "b up"});
  CHECK(lines_with("Lost the connection to a node") == 1);
  CHECK(lines_with("Cannot connect to a node") == 1);
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: the asker's end cancels its requests",
                 "[net][transport]") {
  auto a = start("a");
  const auto b = start("b");
  a->net->set_address("b", b->address());
  const auto pending = ask(*a, "b", "question", 1h);
  wait_for([&b] { return b->requests.size() == 1; });
  a->net->stop();
  CHECK(pending->value() == "canceled: this node is stopping");
  const auto later = ask(*a, "b", "more");
  CHECK(later->value()
        == "canceled: the request was dropped without an "
           "answer");
  wait_for([&b] { return !b->canceled.empty(); });
  CHECK(b->canceled == b->numbers);
  b->unanswered[0].complete(std::string{"nobody hears that"});
  wait_for([&b] { return b->net->counters().incoming == 0; });
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: it can be stopped and destroyed by those it calls",
                 "[net][transport]") {
  auto a = start("a");
  auto b = start("b");
  a->net->set_address("b", b->address());
  // By whoever gets a request, while others wait in the same buffer.
  b->answer = [&b](const auto&, const auto&) -> result<std::string> {
    b->net->stop();
    return std::string{"stopped"};
  };
  const auto x = ask(*a, "b", "question");
  const auto y = ask(*a, "b", "question");
  wait_for([&] { return x->has_value() && y->has_value(); });
  CHECK(x->value() == "io_error: node b: the other side closed it");
  // By whoever gets an answer.
  b = start("b");
  b->answer = [](const auto&, const auto& bytes) { return bytes; };
  a->net->set_address("b", b->address());
  bool done = false;
  a->net->request("b", "x", 10s, reply<std::string>{[&](const auto& got) {
                    CHECK(got);
                    a->net.reset();
                    done = true;
                  }});
  wait_for([&done] { return done; });
  wait_for([&b] { return b->net->counters().incoming == 0; });
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: messages wait for a connection that is retried",
                 "[net][transport]") {
  auto first = options("a");
  first.times.backoff_min = 10ms;
  first.times.backoff_max = 40ms;
  const auto a = start(first);
  auto b = start("b");
  const auto address = b->address();
  b.reset();
  a->net->set_address("b", address);
  a->net->post("b", lane::normal, "lost");
  wait_for([&a] { return a->net->counters().connects_failed == 1; });
  // There is nothing to send, so nobody tries again.
  run_for(100ms);
  CHECK(a->net->counters().connects_failed == 1);
  a->net->post("b", lane::normal, "lost too");
  wait_for([&a] { return a->net->counters().connects_failed == 2; });
  auto again = options("b");
  again.listen = address;
  b = start(again);
  a->net->post("b", lane::normal, "kept");
  wait_for([&b] { return !b->messages.empty(); });
  CHECK(b->messages == std::vector<std::string>{"a: kept"});
}

TEST_CASE_METHOD(transport_fixture, "transport: addresses can change",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  CHECK(answer_of(*a, "b", "x")
        == "io_error: node b: its address is not known");
  a->net->set_address("b", "elsewhere:1");
  CHECK(answer_of(*a, "b", "x")
        == "io_error: node b: address elsewhere:1: not an IP address");
  a->net->set_address("b", b->address());
  const auto pending = ask(*a, "b", "question");
  wait_for([&b] { return b->requests.size() == 1; });
  a->net->set_address("b", b->address()); // No change.
  run_for(20ms);
  CHECK(!pending->has_value());
  a->net->set_address("b", "");
  wait_for([&pending] { return pending->has_value(); });
  CHECK(pending->value() == "io_error: node b: its address changed");
  CHECK(a->connections == std::vector<std::string>{"b up", "b down"});
  CHECK(answer_of(*a, "b", "x")
        == "io_error: node b: its address is not known");
}

TEST_CASE_METHOD(transport_fixture, "transport: a taken port is an error",
                 "[net][transport]") {
  const auto a = start("a");
  auto second = options("b");
  second.listen = a->address();
  test_node& nobody = *a;
  const auto failed = transport::start(io, second, nobody);
  REQUIRE(!failed);
  CHECK(failed.error().code == errc::io_error);
  CHECK(failed.error().context
        == "listen tcp " + a->address() + ": bind: address already in use");
  second.listen = "localhost:8300";
  CHECK(transport::start(io, second, nobody).error().code
        == errc::invalid_argument);
}
