// libFuzzer: bytes of a client go through Beast's parser, the front door and
// the real handlers, whose questions fake actors answer; then the response is
// encoded. Nothing may crash, and every request gets exactly one answer.

#include "api/http/encode.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/text.hpp"
#include "tests/http/handler_fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <cstdint>

namespace {

namespace http = praetor::http;
namespace beast = boost::beast;

/// Answers everything that was asked, in one way of several.
void answer_all(http::handler_fixture& f, unsigned way) {
  const auto body = praetor::share(way % 2 == 0 ? "[]" : R"([{"TTL":"10s"}])");
  const praetor::owner::read_answer read{{way, way % 3 != 0, body}};
  const praetor::command_result done{
    way % 3 == 0 ? praetor::errc::rejected : praetor::errc{}, "true", 1};
  for (int round = 0; round < 3; ++round) {
    for (const auto& r : std::exchange(f.kv_reads, {}))
      r.to.complete(read);
    for (const auto& r : std::exchange(f.catalog_reads, {}))
      r.to.complete(read);
    for (const auto& r : std::exchange(f.submits, {}))
      r.to.complete(done);
    for (const auto& r : std::exchange(f.count_questions, {}))
      r.to.complete(praetor::agent::get_counts::counts{});
    for (const auto& r : std::exchange(f.status_questions, {}))
      r.to.complete(praetor::raft::raft_status{});
    // What nobody answers fails by itself.
    f.renewals.clear();
    f.member_questions.clear();
    f.events_fired.clear();
    f.event_questions.clear();
    f.changes.clear();
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  const unsigned way = bytes[0];
  beast::http::request_parser<beast::http::string_body> parser;
  parser.eager(true);
  boost::system::error_code ec;
  parser.put(boost::asio::buffer(bytes + 1, size - 1), ec);
  if (ec || !parser.is_header_done())
    return 0;
  const auto& head = parser.get();
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& field : head)
    headers.emplace_back(praetor::to_lower({field.name_string().data(),
                                            field.name_string().size()}),
                         field.value());
  http::handler_fixture f;
  // Agents' questions have no fakes here: dropped, hence answered with errors.
  f.to.get_services = [](const praetor::agent::get_services&) {};
  f.to.get_checks = [](const praetor::agent::get_checks&) {};
  f.to.get_service = [](const praetor::agent::get_service&) {};
  f.to.get_service_health = [](const praetor::agent::get_service_health&) {};
  f.to.register_service = [](const praetor::agent::register_service&) {};
  f.to.deregister_service = [](const praetor::agent::deregister_service&) {};
  f.to.register_check = [](const praetor::agent::register_check&) {};
  f.to.deregister_check = [](const praetor::agent::deregister_check&) {};
  f.to.update_ttl = [](const praetor::agent::update_ttl&) {};
  f.to.maintain_service = [](const praetor::agent::maintain_service&) {};
  f.to.maintain_node = [](const praetor::agent::maintain_node&) {};
  f.to.change_keys = [](const praetor::gossip::change_keys&) {};
  f.to.monitor = [](const std::shared_ptr<http::body_stream>&,
                    const std::string&, bool) {};
  const auto call =
    f.send(std::string{head.method_string()},
           {head.target().data(), head.target().size()}, head.body(), headers);
  answer_all(f, way);
  PRAETOR_ASSERT(call->answer.has_value());
  std::string out;
  http::encode_response(
    f.settings,
    http::delivery_of(f.settings, call->rq, call->decision.endpoint), "now",
    *call->answer, out);
  PRAETOR_ASSERT(out.ends_with("\r\n\r\n"));
  return 0;
}
