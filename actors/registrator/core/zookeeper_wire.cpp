#include "actors/registrator/core/zookeeper_wire.hpp"

#include "runtime/base/json.hpp"

namespace praetor::registrator {

namespace {

enum class opcode : std::int32_t {
  create = 1,
  remove = 2,
  exists = 3,
  ping = 11
};

constexpr std::int32_t ping_xid = -2;
constexpr std::int32_t all_rights = 31;
constexpr std::int32_t ephemeral_flag = 1;
constexpr std::int32_t any_version = -1;
constexpr std::size_t password_bytes = 16;
constexpr std::size_t header_bytes = 16;

void put32(std::string& to, std::int32_t x) {
  const auto bits = static_cast<std::uint32_t>(x);
  for (auto shift = 24; shift >= 0; shift -= 8)
    to.push_back(static_cast<char>((bits >> shift) & 0xFFU));
}

void put64(std::string& to, std::int64_t x) {
  put32(to, static_cast<std::int32_t>(x >> 32));
  put32(to, static_cast<std::int32_t>(x & 0xFFFFFFFF));
}

void put_text(std::string& to, std::string_view x) {
  put32(to, static_cast<std::int32_t>(x.size()));
  to.append(x);
}

std::int32_t read32(std::string_view from, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i)
    out = (out << 8U) | static_cast<unsigned char>(from[at + i]);
  return static_cast<std::int32_t>(out);
}

std::string begin(std::int32_t xid, opcode what) {
  std::string out;
  put32(out, xid);
  put32(out, static_cast<std::int32_t>(what));
  return out;
}

} // namespace

std::string zookeeper_connect() {
  std::string out;
  put32(out, 0); // version of the protocol
  put64(out, 0); // last transaction seen
  put32(out, zookeeper_session_ms);
  put64(out, 0); // a new session
  put_text(out, std::string(password_bytes, '\0'));
  out.push_back('\0'); // not read-only
  return out;
}

std::string zookeeper_ping() {
  return begin(ping_xid, opcode::ping);
}

std::string zookeeper_create(std::int32_t xid, const std::string& path,
                             const std::string& data, bool ephemeral) {
  auto out = begin(xid, opcode::create);
  put_text(out, path);
  put_text(out, data);
  put32(out, 1); // one right: the world may do all
  put32(out, all_rights);
  put_text(out, "world");
  put_text(out, "anyone");
  put32(out, ephemeral ? ephemeral_flag : 0);
  return out;
}

std::string zookeeper_delete(std::int32_t xid, const std::string& path) {
  auto out = begin(xid, opcode::remove);
  put_text(out, path);
  put32(out, any_version);
  return out;
}

std::string zookeeper_exists(std::int32_t xid, const std::string& path) {
  auto out = begin(xid, opcode::exists);
  put_text(out, path);
  out.push_back('\0'); // no watch
  return out;
}

result<zookeeper_code> zookeeper_outcome(std::string_view frame,
                                         std::int32_t xid) {
  if (frame.size() < header_bytes || read32(frame, 0) != xid)
    return error{errc::corruption, "ZooKeeper answered something else"};
  return static_cast<zookeeper_code>(read32(frame, header_bytes - 4));
}

std::string zookeeper_body(const service& x) {
  std::string out;
  json_writer to{out};
  to.begin_object().key("Name").string(x.name).key("IP").string(x.ip);
  to.key("PublicPort").number(std::uint64_t{x.port});
  to.key("PrivatePort").number(std::uint64_t{x.container_port});
  to.key("ContainerID").string(x.container_hostname);
  to.key("Tags").begin_array();
  for (const auto& tag : x.tags)
    to.string(tag);
  to.end_array().key("Attrs").begin_object();
  for (const auto& [name, value] : x.attributes) {
    to.raw(json_quote(name) + ":" + json_quote(value));
  }
  to.end_object().end_object();
  return out;
}

} // namespace praetor::registrator
